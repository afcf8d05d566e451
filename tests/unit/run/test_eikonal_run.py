"""The eikonal models from a case: velocities given and of cells, maps, parts that no wave reaches."""

import numpy as np
import pytest
from tools import STIMULUS, case_text

from hpc_twin.case import load_case
from hpc_twin.io.result import read_result
from hpc_twin.io.status import read_status
from hpc_twin.parallel import InputError, world
from hpc_twin.run import plan, simulate
from hpc_twin.view import ViewOptions, make_pictures

FIXED = "tissue.velocity.values=['0.6 mm/ms','0.3 mm/ms']".replace("'", '"')
SPLIT = """
[[region]]
name = "gap"
box = { min = ["1 mm", "0 mm", "0 mm"], max = ["2 mm", "3 mm", "2 mm"] }
"""


def ran(tmp_path, *overrides: str, more: str = "", stimulus: str = STIMULUS):
    """Points and activation [ms]."""
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / "case.toml"
    path.write_text(case_text(stimulus=stimulus, more=more))
    simulate(load_case(path, ["tissue.model=eikonal", *overrides]), tmp_path / "out", world())
    with read_result(tmp_path / "out" / "result.exo") as result:
        assert not result.fields and result.n_frames == 1
        return result.points, result.map("activation")


def test_plane_wave_at_the_velocity_given(tmp_path):
    points, times = ran(tmp_path, FIXED)
    assert times == pytest.approx(np.maximum(points[:, 0] - 1, 0) / 0.6, abs=1e-5)
    status = read_status(tmp_path / "out")
    assert status is not None and status.state == "done" and status.t == status.until


def test_plane_wave_at_the_velocity_of_the_cells(tmp_path, capsys):
    _, times = ran(tmp_path, "tissue.conductivity.effective=['0.28 S/m','0.07 S/m']".replace("'", '"'))
    told = capsys.readouterr().out
    assert "plane waves of mitchell_schaeffer_2003: 0.3" in told
    speed = float(told.split("mitchell_schaeffer_2003: ")[1].split()[0])
    assert times.max() == pytest.approx(3 / (speed * np.sqrt(0.28 / 0.14)), rel=5e-3)


def test_coordinates_are_stored_too(tmp_path):
    heart = '[mesh]\ngenerate = "left_ventricle"\nshape = { h = "6 mm" }\n'
    text = case_text(mesh=heart, stimulus='[[stimulus]]\nnode_set = "endo"\n')
    (tmp_path / "case.toml").write_text(text)
    loaded = load_case(
        tmp_path / "case.toml", ["tissue.model=eikonal", FIXED.split(",")[0] + "]", "output.coordinates=true"]
    )
    simulate(loaded, tmp_path / "out", world())
    with read_result(tmp_path / "out" / "result.exo") as result:
        depth, times = result.map("transmural"), result.map("activation")
    assert times[depth == 0].max() == 0 and times[depth == 1].min() > 5


def test_velocity_map(tmp_path):
    """Beyond the stimulus a plane wave along x, along the fibres."""
    ran(tmp_path, FIXED, 'output.measures=["activation","velocity"]')
    with read_result(tmp_path / "out" / "result.exo") as result:
        inner = result.points[:, 0] > 2.5
        assert result.map("speed")[inner] == pytest.approx(0.6) and result.map("velocity_x")[inner] == pytest.approx(
            0.6
        )
        assert np.abs(result.map("velocity_y")[inner]).max() < 1e-6


def test_region_of_its_own_velocity(tmp_path):
    points, times = ran(tmp_path, 'tissue.velocity.regions.gap.values=["0.1 mm/ms"]', FIXED, more=SPLIT)
    far = points[:, 0] > 3.5
    assert times[far] == pytest.approx(1 / 0.1 + 2 / 0.6, rel=1e-6)


DEAD = 'cells.regions.gap={model="mitchell_schaeffer_2003",parameters={"inward.tau"="9x"}}'  # which no pulse fires


def test_cells_whose_region_has_a_velocity_need_no_plane_wave(tmp_path, capsys):
    """No wave propagates in the gap's cells; the muscle's, which touch it, keep the velocity of their own."""
    given, foot = 'tissue.velocity.regions.gap.values=["0.1 mm/ms"]', "tissue.foot.diffusion=false"
    points, times = ran(tmp_path, DEAD, given, more=SPLIT)
    speed = float(capsys.readouterr().out.split("plane waves of mitchell_schaeffer_2003: ")[1].split()[0])
    far = points[:, 0] > 3.5
    assert times[far] == pytest.approx(1 / 0.1 + 2 / (speed * np.sqrt(0.13 / 0.14)), rel=2e-3)
    with pytest.raises(InputError, match=r"give tissue\.velocity\.regions\.gap\.values"):
        ran(tmp_path / "again", DEAD, more=SPLIT)
    with pytest.raises(InputError, match=r'give tissue\.foot\.shape = "pulse"'):
        ran(tmp_path / "foot", DEAD, FIXED, given, "tissue.model=reaction_eikonal", foot, more=SPLIT)


def test_cables_with_a_velocity_beside_muscle_without(tmp_path, capsys):
    """No wave propagates in a plain cable of Stewart's cells; with its velocity given, nobody asks for one."""
    heart = '[mesh]\ngenerate = "left_ventricle"\nshape = { scale = 0.3, h = "1.5 mm" }\n'
    more = '[fibres]\nrule = "bayer2012"\n[purkinje]\nbranch_length = "3 mm"\n'
    (tmp_path / "case.toml").write_text(case_text(heart, stimulus='[[stimulus]]\nnode_set = "his"\n', more=more))
    words = ["tissue.model=eikonal", 'tissue.velocity.regions.purkinje.values=["2 mm/ms"]', 'tissue.until="200 ms"']
    simulate(load_case(tmp_path / "case.toml", words), tmp_path / "out", world())
    told = capsys.readouterr().out
    assert "plane waves of mitchell_schaeffer_2003" in told and "stewart" not in told
    with read_result(tmp_path / "out" / "result.exo") as result:
        assert np.isfinite(result.map("activation")).all()
    with pytest.raises(InputError, match=r"stewart_2009.*give tissue\.velocity\.regions\.purkinje\.values"):
        simulate(load_case(tmp_path / "case.toml", words[:1]), tmp_path / "other", world())


def test_tissue_beyond_a_gap_is_not_reached(tmp_path, capsys):
    points, times = ran(tmp_path, FIXED, 'tissue.without=["gap"]', more=SPLIT)
    beyond = points[:, 0] > 1.5
    assert np.isnan(times[beyond]).all() and np.isfinite(times[~beyond]).all()
    assert "no wave arrives there" in capsys.readouterr().err


def test_two_stimuli_meet(tmp_path):
    second = '[[stimulus]]\nstart = "2 ms"\nnode_set = "x1"\n'
    points, times = ran(tmp_path, FIXED, 'tissue.until="10 ms"', stimulus=STIMULUS + second)
    x = points[:, 0]
    assert times == pytest.approx(np.minimum(np.maximum(x - 1, 0), 1.2 + 4 - x) / 0.6, abs=1e-5)


def test_what_is_not_looked_at_is_said(tmp_path, capsys):
    ran(tmp_path, FIXED, "solver.rtol=1e-3")
    told = capsys.readouterr().out
    assert "without effect" in told and "solver" in told
    assert "cells and conductivities are not looked at" in told


def test_maps_alone_are_drawn(tmp_path):
    ran(tmp_path, FIXED)
    written = make_pictures(tmp_path / "out" / "result.exo", None, ViewOptions(size=(300, 200)))
    assert "activation.png" in {path.name for path in written}
    with pytest.raises(InputError, match="no field 'V'"):
        make_pictures(tmp_path / "out" / "result.exo", None, ViewOptions((1.0,), size=(300, 200)))


def test_plan_has_no_steps(tmp_path):
    (tmp_path / "case.toml").write_text(case_text())
    rows = plan(load_case(tmp_path / "case.toml", ["tissue.model=eikonal"]), world())
    assert rows["time"].startswith("one solve") and "1 frame" in rows["result"] and "eikonal" in rows["time loop"]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (['tissue.velocity.regions.scar.values=["0.1 mm/ms"]', FIXED], "no element has region 'scar'"),
        ([FIXED, 'stimulus=[{node_set="x0",strength="-50 uA/mm^3"}]'], "none depolarises"),
        ([FIXED, 'stimulus=[{node_set="x0",start="3 ms"}]'], "none depolarises before tissue.until"),
        (['tissue.conductivity.effective=["0.2 S/m","0 S/m"]'], "conductivity is 0"),
    ],
)
def test_refused_with_the_key(tmp_path, overrides, words):
    with pytest.raises(InputError, match=words):
        ran(tmp_path, *overrides)
