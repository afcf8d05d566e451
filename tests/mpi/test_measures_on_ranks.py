"""Every measure of a rotor is the same on 1, 2 and 3 ranks, on a sheet and, with its filament, in a wall."""

import numpy as np
import pytest
from rotors import rotor
from tools import simulated

from hpc_twin.io.events import read_events
from hpc_twin.io.result import read_result

MESHES = {"sheet": 180, "slab": 85}
TOLERANCE = {"ms": 2e-4, "m/s": 2e-3, "Hz": 1e-3, "1": 0.0, "rad": 1e-3, "mV": 1e-3}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folder of each run by (mesh, ranks)."""
    folder = tmp_path_factory.mktemp("cases")
    more = '[output.phase]\norigin = "-30 mV"\ndelay = "2 ms"\n'
    wall = rotor("slab", MESHES["slab"], ("activation", "phase", "singularities"), more)
    for name, text in (("sheet", rotor(until=MESHES["sheet"])), ("slab", wall)):
        (folder / f"{name}.toml").write_text(text)
    found = {}
    for ranks in (1, 2, 3):
        out = tmp_path_factory.mktemp(f"ranks{ranks}")
        simulated(ranks, out, [folder / f"{mesh}.toml" for mesh in MESHES])
        found |= {(mesh, ranks): out / mesh for mesh in MESHES}
    return found


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("mesh", MESHES)
def test_same_maps_and_phases(runs, mesh, ranks):
    with read_result(runs[mesh, 1] / "result.exo") as one, read_result(runs[mesh, ranks] / "result.exo") as more:
        assert one.maps == more.maps and one.fields == ["V", "phase"]
        pairs = {name: (one.map(name), more.map(name)) for name in one.maps}
        pairs["phase"] = (one.frame(-1, "phase"), more.frame(-1, "phase"))
        units = {name: one.units(name) for name in pairs}
    for name, (a, b) in pairs.items():
        assert np.array_equal(np.isnan(a), np.isnan(b)), name
        assert np.nanmax(np.abs(a - b)) <= TOLERANCE[units[name]] * max(1.0, np.nanmax(np.abs(a)) / 10), name


@pytest.mark.parametrize("ranks", [2, 3])
def test_same_tips_on_a_sheet(runs, ranks):
    one, more = (read_events(runs["sheet", n] / "singularities.nc") for n in (1, ranks))
    assert len(one.times) > 120 and np.array_equal(one.times, more.times)
    assert np.array_equal(one.values["charge"], more.values["charge"])
    assert np.abs(one.points - more.points).max() < 1e-3


@pytest.mark.parametrize("ranks", [2, 3])
def test_same_filament_in_a_wall(runs, ranks):
    """Length and middle at each time: pieces of no length at the rim of a tetrahedron may be found or not."""
    one, more = (_filaments(read_events(runs["slab", n] / "singularities.nc")) for n in (1, ranks))
    assert one.shape == more.shape and len(one) > 40 and np.abs(one - more).max() < 1e-3


def _filaments(events) -> np.ndarray:
    """Per time: time, length, middle."""
    length = events.values["length"]
    rows = []
    for t in np.unique(events.times):
        now = events.times == t
        rows.append((t, length[now].sum(), *(length[now] @ events.points[now] / length[now].sum())))
    return np.array(rows)


def test_the_filament_goes_through_the_wall(runs):
    """From one face of the slab, 2 mm thick, to the other; the phase turns as on the sheet, anticlockwise from z."""
    found = _filaments(read_events(runs["slab", 1] / "singularities.nc"))
    late = found[found[:, 0] > 70]
    assert np.all((late[:, 1] > 1.99) & (late[:, 1] < 3)) and np.abs(late[:, 4] - 1).max() < 0.2
    events = read_events(runs["slab", 1] / "singularities.nc")
    assert np.median(events.values["axis_z"]) > 0.9
