"""Run under mpirun by the tests: save_states.py FOLDER [FILE]; saves a sheet with a hole, or restores FILE.

V and states are functions of the node's number in the mesh, so any ranks can tell whether they came back.
"""

import sys
from pathlib import Path

import numpy as np

from hpc_twin.cellmodels import load_all
from hpc_twin.fem.subdomain import subdomain
from hpc_twin.io.tissuestate import read_tissue_state, restore, write_tissue_state
from hpc_twin.mesh.generate import sheet
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world
from hpc_twin.tissue.cells import populate

MODELS = ("mitchell_schaeffer_2003", "tentusscher_2006_epi", "tentusscher_2006_epi")


def wanted(ids: np.ndarray, row: int) -> np.ndarray:
    """(n,) value of a state, with digits to the last bit."""
    return np.sin(ids * np.sqrt(2.0) + row)


def main(folder: Path, file: Path | None) -> None:
    comm = world()
    whole = distribute(sheet((4.0, 3.0), 0.25), comm)
    x, y, _ = whole.points[whole.elements].mean(axis=1).T
    domain = subdomain(whole, (x - 2) ** 2 + (y - 1.5) ** 2 > 0.5)
    part = domain.part
    requests = [{"name_or_path": name} for name in MODELS]
    requests[2]["parameters"] = {"ikr.g": "0.5x"}
    populations = populate(load_all(requests, comm), np.digitize(part.points[: part.n_owned, 0], (1.0, 2.0)))
    V, ids = np.zeros(part.n_owned), part.node_ids[: part.n_owned]
    if file is not None:
        restore(read_tissue_state(file, comm), domain, V, populations)
        assert np.array_equal(V, 100 * wanted(ids, 0))
    for cells in populations:
        for row, values in enumerate(cells.kernel.views(cells.states)):
            if file is not None:
                assert np.array_equal(values, wanted(ids[cells.nodes], row))
            values[:] = wanted(ids[cells.nodes], row)
    V[:] = 100 * wanted(ids, 0)
    write_tissue_state(folder / "state.nc", domain, V, populations, 12.5, {"case_text": "[tissue]"})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
