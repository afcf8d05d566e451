"""Electrodes of a case: from TOML to ecg.nc."""

import numpy as np
import pytest
from tools import case_text

from hpc_twin.case import load_case
from hpc_twin.io.result import read_result
from hpc_twin.io.traces import read_traces
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import distribute
from hpc_twin.mesh.write import write
from hpc_twin.parallel import InputError, world
from hpc_twin.run import simulate
from hpc_twin.tissue.conductivity import tensors
from hpc_twin.tissue.ecg.leads import LIMBS, leads_of
from hpc_twin.tissue.ecg.weights import infinite_medium

RADIUS = 12.0
MESH = '[mesh]\ngenerate = "slab"\nshape = { size = ["4 mm", "3 mm", "2 mm"], h = "0.5 mm" }\n'
TISSUE = """[tissue]
until = "6 ms"
dt = "0.1 ms"
[tissue.conductivity]
intracellular = "SIGMA_I"
extracellular = ["0.3 S/m"]
[output]
every = "1 ms"
""".replace('"SIGMA_I"', '["0.2 S/m"]')
PLACES = {
    "RA": (-12, 1.5, 1),
    "LA": (12.0, 6.0, 3.0),
    "LL": (2.0, -12.0, 4.0),
    "V1": (1.0, 2.0, 15.0),
    "near": (2.0, 1.5, 3.0),
}


def electrodes(places=PLACES):
    words = (f'{name} = ["{x:.12g} mm", "{y:.12g} mm", "{z:.12g} mm"]' for name, (x, y, z) in places.items())
    return "[ecg.electrodes]\n" + "\n".join(words) + "\n"


def ran(tmp_path, ecg, name="run", mesh=MESH, tissue=TISSUE, more=""):
    path = tmp_path / f"{name}.toml"
    path.write_text(case_text(mesh=mesh, tissue=tissue, more=ecg + more))
    simulate(load_case(path), tmp_path / name, world())
    return read_traces(tmp_path / name / "ecg.nc")


def test_infinite_medium(tmp_path):
    """Every row is what the weights make of that frame's V."""
    found = ran(tmp_path, '[ecg]\nconductivity = "0.6 S/m"\n' + electrodes())
    part = distribute(slab((4.0, 3.0, 2.0), 0.5), world())
    sigma_i = tensors(part, (0.2,), {}, None, None)
    w = infinite_medium(part, sigma_i, np.array(list(PLACES.values())), 0.6)
    with read_result(tmp_path / "run" / "result.exo") as result:
        V = np.array([result.frame(k, "V") for k in range(result.n_frames)])[:, part.node_ids]
    expected = V @ w.T @ leads_of(list(PLACES), "infinity").matrix.T
    assert found.times.tolist() == list(range(7)) and found.units == {"ecg": "mV"}
    assert found.names == ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "near"]
    assert np.abs(expected).max() > 1 and found.values["ecg"] == pytest.approx(expected, abs=1e-5)
    assert found.attributes["ecg_method"] == "infinite_medium" and found.attributes["measure_beats"] == 1
    assert found.attributes["ecg_reference_of_potentials"] == "infinity"
    assert found.attributes["electrode_LL_mm"].tolist() == [2, -12, 4]


def ball(h):
    cube = slab((2.0, 2.0, 2.0), h / RADIUS)
    x = cube.points - 1.0
    far, length = np.abs(x).max(axis=1), np.maximum(np.linalg.norm(x, axis=1), 1e-12)
    return Mesh(RADIUS * x * (far / length)[:, None] + (2.0, 1.5, 1.0), cube.elements, cube.regions)


def test_torso_of_its_own_mesh(tmp_path):
    """A heart in the middle of an insulated ball: 3 times the potentials in an infinite medium (Frank 1952)."""
    write(ball(1.0), tmp_path / "ball.vtu")
    corners = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 0.6, 0.8]]) * RADIUS + (2.0, 1.5, 1.0)
    places = electrodes(dict(zip(LIMBS, corners, strict=True)))
    body = '[ecg]\nmethod = "lead_field"\n' + places + '[ecg.torso]\nfile = "ball.vtu"\nconductivity = "0.6 S/m"\n'
    inside = ran(tmp_path, body, "inside")
    infinite = ran(tmp_path, '[ecg]\nconductivity = "0.6 S/m"\n' + places, "infinite")
    assert inside.attributes["ecg_reference_of_potentials"] == "mean"
    assert inside.values["ecg"] == pytest.approx(3 * infinite.values["ecg"], abs=0.03 * np.ptp(inside.values["ecg"]))


def test_a_checkpoint_of_another_torso_is_refused(tmp_path):
    """The same file name; the heart, its case and its cells are those of the checkpoint."""
    torso = '[ecg.torso]\nfile = "ball.vtu"\nconductivity = "0.6 S/m"\n'
    text = case_text(
        MESH, tissue=TISSUE, more='[ecg]\nmethod = "lead_field"\n' + electrodes({"a": (2, 1.5, 13)}) + torso
    )
    (tmp_path / "case.toml").write_text(text)

    def run(until, again=True):
        words = ("checkpoint.at_end=true", f'tissue.until="{until} ms"')
        return simulate(load_case(tmp_path, words), tmp_path / "out", world(), again=again)

    write(ball(3.0), tmp_path / "ball.vtu")
    run(1, again=False)
    assert run(2).loop.steps == 10
    write(ball(4.0), tmp_path / "ball.vtu")
    with pytest.raises(InputError, match=r"000000020: is of another torso \(ecg\.torso\.file: checksum \w{16}"):
        run(3)


def test_a_heart_that_is_not_in_the_torso(tmp_path):
    write(slab((2.0, 2.0, 2.0), 1.0), tmp_path / "cube.vtu")
    torso = '[ecg.torso]\nfile = "cube.vtu"\nconductivity = "0.6 S/m"\n'
    with pytest.raises(InputError, match=r"ecg\.torso\.file: .* nodes lie outside the torso"):
        ran(tmp_path, '[ecg]\nmethod = "lead_field"\n' + electrodes({"near": (2.0, 1.5, 3.0)}) + torso)


def test_unknown_region_of_the_torso(tmp_path):
    write(slab((20.0, 20.0, 20.0), 5.0), tmp_path / "cube.vtu")
    torso = '[ecg.torso]\nfile = "cube.vtu"\nregions = { lungs = "0.05 S/m" }\n'
    with pytest.raises(InputError, match=r"ecg\.torso\.regions\.lungs: no element has region 'lungs'"):
        ran(tmp_path, '[ecg]\nmethod = "lead_field"\n' + electrodes() + torso)


def test_electrodes_far_from_the_surface_are_warned_of(tmp_path, capsys):
    places = {"RA": (-2.0, 1.5, 1.0), "LA": (62.0, 6.0, 3.0), "LL": (2.0, -9.0, 4.0), "V1": (1.0, 2.0, 14.0)}
    mesh = MESH.replace('["4 mm", "3 mm", "2 mm"], h = "0.5 mm"', '["60 mm", "3 mm", "2 mm"], h = "1 mm"')
    ran(tmp_path, '[ecg]\nmethod = "lead_field"\n' + electrodes(places), mesh=mesh)
    told = capsys.readouterr().err
    assert "ecg.electrodes.V1: the nearest surface node is 12 mm away" in told and "LL" not in told


def test_an_electrode_where_nothing_conducts_moves_to_what_does(tmp_path):
    """Not to the nodes of the hole itself, where every lead field is zero."""
    hole = '[[region]]\nname = "hole"\nsphere = { centre = ["2 mm", "1.5 mm", "1 mm"], radius = "1 mm" }\n'
    tissue = TISSUE.replace("[tissue]\n", '[tissue]\nwithout = ["hole"]\n')
    ecg = '[ecg]\nmethod = "lead_field"\n' + electrodes({"inside": (2.0, 1.5, 1.0)})
    found = ran(tmp_path, ecg, tissue=tissue, more=hole)
    assert np.linalg.norm(found.attributes["electrode_inside_mm"] - (2.0, 1.5, 1.0)) > 0.4


REFUSED = {
    "two media": ('[ecg]\nmethod = "lead_field"\nconductivity = "0.2 S/m"\n', "", "conductivity is that of"),
    "torso in infinity": ("[ecg]\n", '[ecg.torso]\nfile = "a.vtu"\nconductivity = "0.2 S/m"\n', "torso belongs to"),
    "torso of nothing": ('[ecg]\nmethod = "lead_field"\n', '[ecg.torso]\nfile = "a.vtu"\n', "give conductivity, or"),
    "two bodies": (
        '[ecg]\nmethod = "lead_field"\n',
        '[ecg.torso]\nfile = "a.vtu"\nconductivity = "0.2 S/m"\n[bath.regions.1]\nconductivity = ["0.2 S/m"]\n',
        "two bodies around one heart",
    ),
    "clock": ('[ecg]\nevery = "0.25 ms"\n', "", "ecg.every: found 0.25 ms, it must be a multiple"),
    "insulator": ('[ecg]\nconductivity = "0 S/m"\n', "", "conductivity: found 0"),
    "slash": ("[ecg]\n", '"a/b" = ["1 mm", "2 mm", "9 mm"]\n', "ecg.electrodes.* name 'a/b': give a name of letters"),
    "no name": ("[ecg]\n", '"" = ["1 mm", "2 mm", "9 mm"]\n', "ecg.electrodes.* name '': give a name of letters"),
    "misspelt": ('[ecg]\nmethode = "lead_field"\n', "", "did you mean 'method'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_the_mesh_is_read(name, tmp_path):
    begin, end, words = REFUSED[name]
    path = tmp_path / "case.toml"
    path.write_text(case_text(tissue=TISSUE, more=begin + electrodes() + end))
    with pytest.raises(InputError, match=words):
        load_case(path)


def test_effective_conductivity_alone_is_refused(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(case_text(more="[ecg]\n" + electrodes()))
    with pytest.raises(InputError, match=r"\[ecg\] needs intracellular and extracellular"):
        load_case(path)


def test_eikonal_has_no_potential(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(
        case_text(tissue=TISSUE.replace("[tissue]\n", '[tissue]\nmodel = "eikonal"\n'), more="[ecg]\n" + electrodes())
    )
    with pytest.raises(InputError, match=r'ecg: tissue\.model = "eikonal" has no membrane potential'):
        load_case(path)
