"""1, 2 and 3 ranks give the same wave, for every kind of element and every partitioner.

The linear solves stop at 1e-10 of the right-hand side, so V may differ by that, grown in 12 ms by the cells' own
instability at the wave's front, and by the 1e-7 of the result's single precision: 1e-3 mV in V, 1e-4 ms in activation.
"""

import numpy as np
import pytest
from tools import results, simulated

from hpc_twin.io.traces import read_traces

V_TOLERANCE, TIME_TOLERANCE = 1e-3, 1e-4
MESHES = ("slab", "cable", "sphere", "mixed", "network")


@pytest.fixture(scope="module")
def runs(case_files, tmp_path_factory):
    """Folder of each run by (mesh, method, ranks); one start of the ranks for all cases, since starting costs most."""
    found = {}
    for ranks in (1, 2, 3):
        out = tmp_path_factory.mktemp(f"ranks{ranks}")
        wanted = [
            (name, method)
            for name in MESHES
            for method in (("metis", "hilbert", "ptscotch") if ranks > 1 else ("metis",))
        ]
        simulated(ranks, out, [case_files(*w) for w in wanted])
        found |= {(*w, ranks): out / "_".join(w) for w in wanted}
    return found


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("method", ["metis", "hilbert", "ptscotch"])
@pytest.mark.parametrize("name", MESHES)
def test_same_results(runs, name, method, ranks):
    one = results(runs[name, "metis", 1] / "result.exo")
    more = results(runs[name, method, ranks] / "result.exo")
    assert np.array_equal(one["times"], (0, 4, 8, 12)) and np.array_equal(more["times"], one["times"])
    assert np.abs(more["V"] - one["V"]).max() < V_TOLERANCE
    assert np.array_equal(np.isnan(one["activation"]), np.isnan(more["activation"]))
    assert np.nanmax(np.abs(more["activation"] - one["activation"])) < TIME_TOLERANCE


@pytest.mark.parametrize("name", MESHES)
def test_the_wave_is_worth_comparing(runs, name):
    one = results(runs[name, "metis", 1] / "result.exo")
    active = np.isfinite(one["activation"])
    assert 0.3 < active.mean() and np.ptp(one["activation"][active]) > 1 and np.ptp(one["V"][2]) > 20


@pytest.mark.parametrize("name", MESHES)
def test_same_probes(runs, name):
    one, three = (read_traces(runs[name, "metis", n] / "traces.nc") for n in (1, 3))
    assert np.abs(one.values["V"] - three.values["V"]).max() < V_TOLERANCE
