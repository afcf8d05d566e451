"""Regions, layers and gradients of a case on its mesh."""

from textwrap import dedent

import numpy as np
import pytest
from tools import CELLS, MESH, ROOT, STIMULUS, TISSUE, case_text

from hpc_twin.case import load_case
from hpc_twin.io.result import read_result
from hpc_twin.parallel import InputError, world
from hpc_twin.run import simulate
from hpc_twin.run.cells import load_kernels
from hpc_twin.run.meshes import distributed, tissue
from hpc_twin.run.report import Timer
from hpc_twin.run.tissue import populations, tissue_directions
from hpc_twin.tissue.organ.regions import centres

MODEL = "mitchell_schaeffer_2003"
FINE = MESH.replace("1 mm", "0.5 mm")
LEFT = '[[region]]\nname = "left"\nbox = { min = ["0 mm", "0 mm", "0 mm"], max = ["2 mm", "9 mm", "9 mm"] }\n'
RIM = '[[region]]\nname = "rim"\naround = "left"\nwidth = "0.6 mm"\n'
SPECKS = '[[region]]\nname = "specks"\nwithin = "left"\nfraction = 0.25\nseed = 4\n'


def part_of(folder, text):
    (folder / "case.toml").write_text(text)
    loaded = load_case(folder)
    return loaded, distributed(loaded.case, folder, world(), Timer())


def in_region(part, name: str) -> np.ndarray:
    return np.isin(part.regions, [tag for tag, known in part.region_names.items() if known == name])


def test_regions_are_made_in_order(tmp_path, capsys):
    _, part = part_of(tmp_path, case_text(FINE, more=LEFT + RIM + SPECKS))
    x = centres(part)[:, 0]
    left, rim, specks = (in_region(part, name) for name in ("left", "rim", "specks"))
    assert (left | specks)[x < 2].all() and not (left | specks)[x > 2].any()
    assert specks.sum() == round(0.25 * (x < 2).sum()) and rim.any() and x[rim].min() > 2 and x[rim].max() < 2.6
    said = capsys.readouterr().out
    assert f"region 'specks': {specks.sum()} elements" in said and "region 'left': " in said


def test_entries_of_one_name_add_up_and_may_be_used_up(tmp_path, capsys):
    right = LEFT.replace('min = ["0 mm"', 'min = ["3 mm"').replace('max = ["2 mm"', 'max = ["4 mm"')
    everything = '[[region]]\nname = "all"\nwithin = "left"\n'
    _, part = part_of(tmp_path, case_text(FINE, more=LEFT + right + everything))
    x = centres(part)[:, 0]
    assert np.array_equal(in_region(part, "all"), (x < 2) | (x > 3)) and not in_region(part, "left").any()
    assert "region 'left': 0 elements, 0.00%: later regions took them all" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            LEFT.replace("0 mm", "7 mm").replace("2 mm", "8 mm"),
            r"region\.0 \('left'\): holds no element; the mesh reaches",
        ),
        (RIM, r"region\.0 \('rim'\): around: no element has region 'left'"),
        (LEFT + RIM.replace('"left"', '"lft"'), "no element has region 'lft'; did you mean 'left'?"),
        (LEFT + RIM.replace("0.6", "0.01"), "a width of 0.01 mm may be less than half an element"),
        ('[[region]]\nname = "a"\nwithin = "b"\n', r"within: no element has region 'b'"),
        ('[[region]]\nname = "a"\ncoordinates = { transmural = [0, 1] }\n', "cavity|surfaces|axis"),
        ("[output]\ncoordinates = true\n", "cavity|surfaces|axis"),
    ],
)
def test_regions_that_cannot_be(tmp_path, more, words):
    with pytest.raises(InputError, match=words):
        part_of(tmp_path, case_text(more=more))


def test_regions_go_before_layers(tmp_path):
    mesh = '[mesh]\ngenerate = "left_ventricle"\nshape = { h = "6 mm" }\n'
    scar = '[[region]]\nname = "scar"\ncoordinates = { apicobasal = [0, 0.4] }\n'
    cells = CELLS + "".join(
        f'[cells.{key}]\nmodel = "{MODEL}"\nparameters = {{ "gate.tau_close" = "{factor}x" }}\n'
        for key, factor in (("layers.endo", 2), ("layers.mid", 3), ("regions.scar", 4))
    )
    loaded, part = part_of(tmp_path, case_text(mesh, cells, TISSUE, STIMULUS, scar))
    found = populations(part, loaded.case.cells, load_kernels(loaded.case.cells, tmp_path, world()))
    nodes = dict(zip(loaded.case.cells.models, (np.asarray(p.nodes) for p in found), strict=True))
    scarred = np.unique(part.elements[in_region(part, "scar")])
    assert np.array_equal(nodes["cells.regions.scar"], scarred[scarred < part.n_owned])
    depth = part.coordinates["transmural"]
    assert depth[nodes["cells.layers.endo"]].max() < 0.3 <= depth[nodes["cells.layers.mid"]].min()
    assert 0.7 <= depth[nodes["cells"]].min() and sum(map(len, nodes.values())) == part.n_owned


def test_parameters_along_coordinates_and_by_chance(tmp_path):
    cells = (
        CELLS
        + f"""
[cells.gradients."gate.tau_close"]
x = [100, 200, 160]
[cells.gradients."inward.tau"]
y = ["1x", "2x"]
z = ["1x", "3x"]
spread = 0.2
[cells.regions.left]
model = "{MODEL}"
parameters = {{ "gate.tau_open" = 100 }}
[cells.regions.left.gradients."gate.tau_open"]
x = ["1x", "2x"]
"""
    )
    loaded, part = part_of(tmp_path, case_text(FINE, cells, more=LEFT))
    rest, left = populations(part, loaded.case.cells, load_kernels(loaded.case.cells, tmp_path, world()))
    x, y, z = (part.points[rest.nodes] / (4, 3, 2)).T
    np.testing.assert_allclose(rest.parameters[0], np.interp(x, (0, 0.5, 1), (100, 200, 160)))
    logs = np.log(rest.parameters[1] / (rest.kernel.defaults[1] * (1 + y) * (1 + 2 * z)))
    assert abs(logs.mean()) < 0.05 and logs.std() == pytest.approx(0.2, rel=0.15)
    np.testing.assert_allclose(left.parameters, 100 * (1 + part.points[left.nodes, 0] / 4)[None])


def test_a_gradient_is_in_the_action_potentials(tmp_path):
    cells = CELLS + '[cells.gradients."gate.tau_close"]\nx = [60, 120]\n'
    tissue_text = TISSUE.replace('"2 ms"', '"320 ms"').replace('"0.13 S/m", "0.02 S/m"', '"1e-6 S/m"')
    everywhere = STIMULUS.replace('max = ["1 mm"', 'max = ["4 mm"')
    (tmp_path / "case.toml").write_text(case_text(MESH, cells, tissue_text, everywhere))
    simulate(load_case(tmp_path), tmp_path / "out", world())
    with read_result(tmp_path / "out" / "result.exo") as result:
        x, apd = result.points[:, 0], result.map("APD90")
    slope, _ = np.polyfit(60 + 15 * x, apd, 1)
    assert np.corrcoef(x, apd)[0, 1] > 0.999
    assert slope == pytest.approx(
        np.log(6 / (4 * 0.3)), rel=0.1
    )  # Mitchell & Schaeffer 2003: h_min = 4 tau_in / tau_out


def test_unknown_parameters_of_gradients(tmp_path):
    cells = CELLS + '[cells.gradients."gate.tau_clos"]\nx = ["1x", "2x"]\n'
    loaded, _ = part_of(tmp_path, case_text(cells=cells))
    with pytest.raises(InputError, match=r"no parameter 'gate\.tau_clos'; did you mean 'gate\.tau_close'"):
        load_kernels(loaded.case.cells, tmp_path, world())


def test_a_scar_is_a_hole_and_blocks_have_names(tmp_path):
    no_cells = TISSUE.replace('dt = "0.1 ms"', 'dt = "0.1 ms"\nwithout = ["left"]')
    right = STIMULUS.replace('min = ["0 mm"', 'min = ["3 mm"').replace('max = ["1 mm"', 'max = ["4 mm"')
    loaded, part = part_of(tmp_path, case_text(FINE, CELLS, no_cells, right, LEFT + RIM))
    assert np.array_equal(tissue(loaded.case, part).elements, np.flatnonzero(~in_region(part, "left")))
    simulate(loaded, tmp_path / "out", world())
    with read_result(tmp_path / "out" / "result.exo") as result:
        blocks = {block.name: block for block in result.blocks}
        assert {"left", "rim"} <= set(blocks)
        hole = result.points[:, 0] < 1.9
        assert np.isnan(result.frame(-1, "V")[hole]).all() and np.isfinite(result.frame(-1, "V")[~hole]).all()
        assert len(blocks["rim"].elements) == in_region(part, "rim").sum()


def test_a_hole_does_not_turn_the_fibres_beside_it(tmp_path):
    mesh = '[mesh]\ngenerate = "left_ventricle"\nshape = { h = "6 mm" }\n[fibres]\nrule = "bayer2012"\n'
    scar = '[[region]]\nname = "scar"\ncoordinates = { apicobasal = [0.4, 0.7], rotational = [0, 1.5] }\n'
    found = []
    for words in ("", 'without = ["scar"]'):
        text = case_text(mesh, CELLS, TISSUE.replace("[tissue]", f"[tissue]\n{words}"), more=scar)
        loaded, part = part_of(tmp_path, text)
        domain = tissue(loaded.case, part)
        found.append((domain.elements, tissue_directions(loaded.case, domain)))
    (_, whole), (elements, holed) = found
    assert 0.8 < len(elements) / len(whole[0]) < 1
    for all_of_them, others in zip(whole, holed, strict=True):
        np.testing.assert_array_equal(others, all_of_them[elements])


def test_coordinates_of_second_order_are_those_of_the_corners(tmp_path):
    mesh = '[mesh]\ngenerate = "biventricle"\nshape = { scale = 0.3, h = "1.2 mm" }\n'
    parts = [
        part_of(tmp_path, case_text(mesh, tissue=TISSUE.replace("[tissue]", f"[tissue]\norder = {order}"),
                                    more="[output]\nevery = '2 ms'\ncoordinates = true"))[1]
        for order in (1, 2)
    ]  # fmt: skip
    one, two = parts
    places = np.argsort(two.node_ids)[one.node_ids]
    for name, values in one.coordinates.items():
        np.testing.assert_allclose(two.coordinates[name][places], values, atol=1e-9)
        assert np.isfinite(two.coordinates[name]).all()
    assert two.n_nodes > 6 * one.n_nodes and set(two.coordinates["transventricular"]) == {-1.0, 1.0}
    ends = two.coordinates["rotational"][two.elements[:, :2]]
    middle = two.coordinates["rotational"][two.midpoints[:, 0]]
    assert np.cos(middle - ends[:, 0]).min() >= -1e-9 and np.abs(middle).max() <= np.pi


def test_coordinates_are_written(tmp_path):
    mesh = '[mesh]\ngenerate = "left_ventricle"\nshape = { h = "6 mm" }\n'
    isotropic = TISSUE.replace('"0.13 S/m", "0.02 S/m"', '"0.13 S/m"')
    ball = '[[stimulus]]\nsphere = { centre = ["0 mm", "0 mm", "-65 mm"], radius = "9 mm" }\n'
    (tmp_path / "case.toml").write_text(
        case_text(mesh, CELLS, isotropic, ball, "[output]\nevery='2 ms'\ncoordinates = true")
    )
    simulate(load_case(tmp_path), tmp_path / "out", world())
    with read_result(tmp_path / "out" / "result.exo") as result:
        z = result.map("apicobasal")
        assert z.min() == 0 and z.max() == 1 and "apex" in result.long_name("apicobasal")
        assert result.units("rotational") == "rad" and np.isfinite(result.map("transmural")).all()
        assert (result.map("transventricular") == -1).all()


def test_a_passive_scar_is_charged_and_does_not_fire(tmp_path):
    """The passive model of docs/regions.md leaks to -50 mV, follows its neighbours, and fires no action potential."""
    text = (ROOT / "docs" / "regions.md").read_text()
    block = text[text.index("    [[model]]") : text.index("or, in a bidomain")]
    (tmp_path / "passive.mmt").write_text(dedent(block))
    cells = CELLS + '[cells.regions.left]\nmodel = "passive.mmt"\n'
    right = STIMULUS.replace('min = ["0 mm"', 'min = ["3 mm"').replace('max = ["1 mm"', 'max = ["4 mm"')
    (tmp_path / "case.toml").write_text(
        case_text(FINE, cells, TISSUE.replace('"2 ms"', '"10 ms"'), right, LEFT + '[output]\nevery = "5 ms"')
    )
    simulate(load_case(tmp_path), tmp_path / "out", world())
    with read_result(tmp_path / "out" / "result.exo") as result:
        x, V = result.points[:, 0], result.frame(-1, "V")
        activation = result.map("activation")
    assert V[x == 0].max() < 0 and np.isnan(activation[x == 0]).all() and np.isfinite(activation[x == 4]).all()
    assert -60 < V[x == 0].min() and V[x == 1.5].mean() > V[x == 0].mean() + 1 and V[x == 4].min() > 0
