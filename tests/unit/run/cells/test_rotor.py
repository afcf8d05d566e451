"""Phases around an axis, and cells that begin in them."""

import numpy as np
import pytest
from tools import CELLS, case_text

from hpc_twin.case import load_case
from hpc_twin.case.initial import RotorCase
from hpc_twin.cellmodels import load
from hpc_twin.parallel import RunError, alone, world
from hpc_twin.run import simulate
from hpc_twin.run.cells.rotor import _cycle, age

SHEET = '[mesh]\ngenerate = "sheet"\nshape = { size = ["12 mm", "12 mm"], h = "1 mm" }\n'
ROTOR = '[initial.rotor]\ncentre = ["6 mm", "6 mm", "0 mm"]\ncycle_length = "400 ms"\nbeats = 3\n'


def rotor(**changes) -> RotorCase:
    return RotorCase(**{"centre": ("1 mm", "2 mm", "3 mm"), "cycle_length": "400 ms", **changes})


def circle(axis, n: int = 36) -> np.ndarray:
    """(n, 3) points around ``axis``, counterclockwise for who looks at its tip."""
    axis = np.asarray(axis) / np.linalg.norm(axis)
    first = np.cross(axis, (0.3, 0.5, 0.9))
    first /= np.linalg.norm(first)
    angle = 2 * np.pi * np.arange(n) / n
    return (1, 2, 3) + 4 * (np.outer(np.cos(angle), first) + np.outer(np.sin(angle), np.cross(axis, first)))


@pytest.mark.parametrize("axis", [(0, 0, 1), (0, 0, -2), (1, 1, 1), (1, 0, 0)])
@pytest.mark.parametrize(("chirality", "sign"), [("counterclockwise", -1), ("clockwise", 1)])
def test_the_wave_turns_around_the_axis(axis, chirality, sign):
    """Just ahead of a wave that goes counterclockwise the cells have waited longest."""
    found = age(circle(axis), rotor(axis=axis, chirality=chirality))
    steps = np.mod(np.diff(np.append(found, found[0])), 1.0)
    assert np.allclose(np.minimum(np.mod(sign * steps, 1.0), 1 - 1e-9), 1 / 36)
    assert found.min() >= 0 and found.max() < 1


def test_the_arms_of_a_spiral_are_a_wavelength_apart():
    out = np.array([(1, 2 + r, 3) for r in (1.0, 6.0, 11.0, 12.25)])
    found = age(out, rotor(wavelength="5 mm"))
    assert np.allclose(found[:3], found[0]) and np.mod(found[0] - found[3], 1) == pytest.approx(0.25)
    straight = age(out, rotor())
    assert np.allclose(straight, straight[0])


def test_the_cells_begin_in_their_phases(tmp_path):
    (tmp_path / "case.toml").write_text(case_text(SHEET, stimulus="", more=ROTOR + '[output]\nstate = ["0.1 ms"]\n'))
    loaded = load_case(tmp_path / "case.toml")
    simulate(loaded, tmp_path / "out", world())
    wanted = loaded.case.initial.rotor
    cycle = _cycle(load("mitchell_schaeffer_2003", comm=alone()), wanted, 0.1)
    beat = cycle.beat(-1)
    assert cycle.beats == 2 and np.ptp(cycle.V[beat]) > 80
    from hpc_twin.io.result import read_result

    with read_result(tmp_path / "out" / "result.exo") as result:
        V, at = result.frame(0, "V"), age(result.points, wanted) * 400
    assert np.allclose(V, np.interp(at, cycle.t[cycle.beat(0)], cycle.V[beat, 0]), atol=1e-4)
    assert V.max() > 0 and V.min() < -75


def test_a_cell_that_cannot_follow_is_refused():
    with pytest.raises(RunError, match="does not fire alike in every beat"):
        _cycle(load("mitchell_schaeffer_2003", comm=alone()), rotor(cycle_length="250 ms"), 0.1)


@pytest.mark.parametrize(("cycle_length", "beats"), [("60 ms", 2), ("0.5 ms", 20)])
def test_a_cell_that_is_never_at_rest_is_refused(cycle_length, beats):
    """Two beats that fit into one action potential, and pulses longer than the cycle, look alike all the time."""
    with pytest.raises(RunError, match="does not fire alike in every beat"):
        _cycle(load("bueno_orovio_2008_epi", comm=alone()), rotor(cycle_length=cycle_length, beats=beats), 0.05)


def test_the_keys_are_those_of_the_case(tmp_path):
    (tmp_path / "case.toml").write_text(case_text(SHEET, CELLS, stimulus="", more=ROTOR))
    assert load_case(tmp_path / "case.toml").case.initial.rotor.centre == (6, 6, 0)
