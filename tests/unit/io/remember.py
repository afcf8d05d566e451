"""Run by the tests: remember.py write|read FILE; arrays of all kinds, whose values follow from the nodes' ids."""

import sys

import numpy as np
from strips import sheet, strips

from hpc_twin.fem import subdomain
from hpc_twin.fem.memory import Kept, common, nodal
from hpc_twin.io.memory import read_memory, write_memory
from hpc_twin.parallel import max_over, world


def columns(comm, known: bool) -> tuple[dict, int]:
    """The arrays with their values, or with others; the number of nodes."""
    whole = strips(sheet(), comm)
    part = subdomain(whole, whole.regions == 3).part
    own, all_, some = part.node_ids[: part.n_owned], whole.node_ids, np.flatnonzero(part.node_ids % 3 == 0)
    some = some[some < part.n_owned]
    rest = np.setdiff1d(np.arange(part.n_owned), some)
    arrays = {
        **nodal(part, doubles=np.sin(own), counts=own.astype(np.int32), flags=own % 2 == 0),
        **nodal(whole, ring=np.stack([np.cos(all_ + k).astype(np.float32) for k in range(3)])),
        **nodal(whole, transposed=np.stack([np.exp(-all_[: whole.n_owned]), all_[: whole.n_owned]], axis=1).T),
        **common(number=np.array(7), when=np.array(-np.inf), table=np.arange(6.0).reshape(2, 3)),
        "largest": Kept(np.array([float(comm.rank if known else 99)]), agreed=max_over),
    }
    if not known:
        for kept in arrays.values():
            kept.values[...] = 1
    cells = (Kept(np.sin(own[some]), part, some), Kept(np.cos(own[rest]).astype(np.float32), part, rest))
    if not known:
        cells[0].values[:], cells[1].values[:] = 1, 1
    return {**{name: (kept,) for name, kept in arrays.items()}, "cells": cells}, whole.n_nodes


def main(verb: str, path: str) -> None:
    comm = world()
    there, n_nodes = columns(comm, known=True)
    if verb == "write":
        write_memory(path, comm, there, n_nodes)
        return
    here, _ = columns(comm, known=False)
    read_memory(path, comm, here, n_nodes)
    largest = here.pop("largest")[0].values
    assert largest == float(sys.argv[3]) - 1, largest
    for name, pieces in here.items():
        for found, wanted in zip(pieces, there[name], strict=True):
            assert found.values.tobytes() == wanted.values.tobytes(), name


if __name__ == "__main__":
    main(*sys.argv[1:3])
