"""What the observers of a rotor find, against each other and against what is known of it."""

import numpy as np
import pytest
from rotors import rotor

from hpc_twin.case import load_case
from hpc_twin.io.events import read_events
from hpc_twin.io.result import read_result
from hpc_twin.parallel import world
from hpc_twin.run import simulate


def run(folder, text: str):
    (folder / "in.toml").write_text(text)
    simulate(load_case(folder / "in.toml"), folder / "out", world())
    return folder / "out"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out = run(tmp_path_factory.mktemp("rotor"), rotor())
    with read_result(out / "result.exo") as result:
        maps = {name: result.map(name) for name in result.maps}
        phase = np.array([result.frame(k, "phase") for k in range(result.n_frames)])
        return result.points, maps, phase, read_events(out / "singularities.nc")


def outer(points) -> np.ndarray:
    """Nodes far from the rotor's core."""
    return np.linalg.norm(points - (18, 22, 0), axis=1) > 10


def test_cycle_length_and_dominant_frequency_agree(found):
    """Both tell the rotor's period, 26 units of time at this resolution, once it turns steadily."""
    points, maps, _, _ = found
    far = outer(points)
    cycle, frequency = maps["last_cycle_length"][far], maps["dominant_frequency"][far]
    assert np.ptp(cycle) < 0.5 and 25.5 < np.median(cycle) < 27
    assert np.abs(1000 / frequency - cycle).max() < 0.6


def test_apd_and_diastolic_interval_make_a_cycle(found):
    points, maps, _, _ = found
    far = outer(points) & (maps["last_repolarisation"] > maps["last_activation"])
    total = (maps["last_APD90"] + maps["last_DI"])[far]
    assert far.sum() > 100 and np.abs(total - maps["last_cycle_length"][far]).max() < 0.5


def test_first_and_last_beat(found):
    _, maps, _, _ = found
    assert maps["activation"].max() < 40 and maps["beats"].max() >= 8
    assert np.all(maps["last_activation"] >= maps["activation"])
    assert np.nanmedian(maps["APD90"]) == pytest.approx(25.2, abs=1)
    assert np.nanmedian(maps["last_APD90"]) == pytest.approx(14, abs=1)


def test_velocity_of_the_first_and_of_the_last_front(found):
    """A plane wave from x0; then one that turns around the core, so the velocity points away from it."""
    points, maps, _, _ = found
    inner = (points[:, 0] > 3) & (points[:, 0] < 33)
    assert maps["velocity_x"][inner] == pytest.approx(maps["speed"][inner], rel=1e-3)
    assert np.ptp(maps["speed"][inner]) < 0.05
    away = points - (18, 22, 0)
    outward = maps["last_velocity_x"] * away[:, 0] + maps["last_velocity_y"] * away[:, 1]
    far = outer(points) & np.isfinite(outward)
    assert (outward[far] > 0).mean() > 0.95


def test_one_tip_that_runs_in_a_circle(found):
    _, _, _, tips = found
    late = tips.times > 150
    assert set(tips.values["charge"]) == {1.0} and np.array_equal(np.unique(tips.times[late]), tips.times[late])
    centre = tips.points[late].mean(axis=0)
    radius = np.linalg.norm(tips.points[late] - centre, axis=1)
    assert 2 < radius.mean() < 3 and radius.std() < 0.3


def test_the_phase_turns_about_the_tip(found):
    """Once around the core at the last frame: the sum of its steps along a circle is one turn, anticlockwise."""
    points, _, phase, _ = found
    away = points - (18.5, 22, 0)
    ring = np.flatnonzero(np.abs(np.linalg.norm(away, axis=1) - 9) < 0.5)
    ring = ring[np.argsort(np.arctan2(away[ring, 1], away[ring, 0]))]
    steps = np.angle(np.exp(1j * np.diff(phase[-1][ring], append=phase[-1][ring[0]])))
    assert steps.sum() == pytest.approx(2 * np.pi) and np.all(np.abs(phase) <= np.pi)


def test_the_isoline_tip_is_near_that_of_the_phase(found, tmp_path):
    _, _, _, tips = found
    isoline = '[output.phase]\norigin = "-30 mV"\ntip = "isoline"\nevery = "1 ms"\n'
    out = run(tmp_path, rotor(until=160, measures=("singularities",), more=isoline))
    with read_result(out / "result.exo") as result:
        assert result.maps == [] and result.fields == ["V"]
    other = read_events(out / "singularities.nc")
    late, there = (other.times > 120), (tips.times > 120) & (tips.times <= 160)
    assert np.array_equal(other.times[late], tips.times[there])
    assert np.linalg.norm(other.points[late] - tips.points[there], axis=1).max() < 1.5
