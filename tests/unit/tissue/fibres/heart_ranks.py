"""Run under mpirun by the tests: heart_ranks.py FILE; fibres of a small heart in the mesh's order."""

import sys

import numpy as np

from hpc_twin.mesh.generate import biventricle
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import on_root, world
from hpc_twin.tissue.fibres.ventricles import ventricular_fibres
from hpc_twin.tissue.organ.coordinates import VENTRICULAR, Coordinates


def main(path: str) -> None:
    comm = world()
    part = distribute(on_root(comm, lambda: biventricle(scale=0.3, h=1.2)), comm)
    fibres, sheets = ventricular_fibres(part)
    found = Coordinates(part)
    places = np.column_stack([found[name].nodes for name in VENTRICULAR])
    where = np.column_stack([found[name].elements for name in VENTRICULAR])
    mine = slice(part.n_owned_elements)
    elements = comm.gather((part.element_ids[mine], np.hstack((fibres, sheets, where))[mine]))
    nodes = comm.gather((part.node_ids, places))  # ghosts too: they must agree with their owners
    if comm.rank == 0:
        np.savez(path, directions=ordered(elements), places=ordered(nodes))


def ordered(pieces) -> np.ndarray:
    ids, values = (np.concatenate(column) for column in zip(*pieces, strict=True))
    result = np.full((ids.max() + 1, *values.shape[1:]), np.nan)
    result[ids] = values
    assert np.abs(result[ids] - values).max() < 1e-9
    return result


if __name__ == "__main__":
    main(sys.argv[1])
