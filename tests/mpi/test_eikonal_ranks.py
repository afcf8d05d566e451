"""1, 2 and 3 ranks give the same eikonal times, to rounding: on tetrahedra, a surface and a surface with lines."""

import sys

import numpy as np
import pytest
from tools import TIGHT, box_text, case_text, mesh_text, results, run_on, tissue_text

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from hpc_twin.case import load_case
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import on_root, world
from hpc_twin.run import simulate
from hpc_twin.tissue.eikonal.solver import Eikonal
from hpc_twin.verify.shapes import bridged, sphere

comm, found = world(), {}
meshes = {"slab": lambda: slab((6.0, 4.0, 3.0), 0.5), "sphere": lambda: sphere(3, 4.0), "bridged": bridged}
for name, build in meshes.items():
    part = distribute(on_root(comm, build), comm)
    centre = part.points[part.elements[:, 0]]
    along = 0.3 + 0.2 * (part.regions % 2)
    tensor = np.einsum("n,ij->nij", along**2, np.diag([1.0, 0.3, 0.1 if name == "slab" else 1.0]))
    starts = np.flatnonzero(np.isin(part.node_ids[: part.n_owned], (0, 7, 90)))
    T, work = Eikonal(part, tensor).solve(starts, 0.5 * part.node_ids[starts] % 3)
    gathered = comm.gather((part.node_ids, T.local))  # ghosts too: they must agree with their owners
    if comm.rank == 0:
        times = np.full(part.n_nodes, np.nan)
        for ids, values in gathered:
            times[ids] = values
        assert all(np.array_equal(times[ids], values) for ids, values in gathered)
        found[name] = times
if comm.rank == 0:
    np.savez(Path(sys.argv[1]) / "times.npz", **found)
for model in ("eikonal", "reaction_eikonal"):
    simulate(load_case(sys.argv[2], [f"tissue.model={model}"]), Path(sys.argv[1]) / model, comm)
"""
CASE = case_text(
    mesh_text("slab", (5, 3, 2), 0.5),
    tissue=tissue_text(12, effective=(0.2, 0.05)),
    stimulus="[[stimulus]]\n" + box_text((0, 0, 0), (1, 1, 1)),
    more='[output]\nevery = "4 ms"\n' + TIGHT,
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    found = {}
    for ranks in (1, 2, 3):
        out = tmp_path_factory.mktemp(f"ranks{ranks}")
        (out / "case.toml").write_text(CASE)
        done = run_on(ranks, [sys.executable, "-c", SCRIPT, out, out / "case.toml"], timeout=120)
        assert done.returncode == 0, done.stderr
        found[ranks] = out
    return found


@pytest.mark.parametrize("ranks", [2, 3])
def test_same_times_to_rounding(runs, ranks):
    with np.load(runs[1] / "times.npz") as one, np.load(runs[ranks] / "times.npz") as more:
        assert set(one) == {"slab", "sphere", "bridged"}
        for name in one:
            assert np.ptp(one[name]) > 5
            assert np.abs(one[name] - more[name]).max() < 1e-10


@pytest.mark.parametrize("ranks", [2, 3])
def test_same_runs(runs, ranks):
    """Single precision in the file of the eikonal run; V besides by what linear solves leave, as elsewhere."""
    maps = [results_of(runs[n] / "eikonal") for n in (1, ranks)]
    assert np.ptp(maps[0]) > 5 and np.abs(maps[0] - maps[1]).max() < 1e-5
    one, more = (results(runs[n] / "reaction_eikonal" / "result.exo") for n in (1, ranks))
    assert np.abs(one["V"] - more["V"]).max() < 1e-3 and np.ptp(one["V"][1]) > 20
    assert np.nanmax(np.abs(one["activation"] - more["activation"])) < 1e-4


def results_of(folder) -> np.ndarray:
    from hpc_twin.io.result import read_result

    with read_result(folder / "result.exo") as result:
        return result.map("activation")
