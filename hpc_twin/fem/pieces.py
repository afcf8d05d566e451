"""The pieces of a mesh that a matrix does not connect: islands of what conducts."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from hpc_twin.fem.field import Field
from hpc_twin.fem.matrix import Matrix
from hpc_twin.parallel import max_over


def pieces(matrix: Matrix) -> np.ndarray:
    """(n_local,) the lowest node id of the piece in which each node lies; collective.

    Two nodes are in one piece when a chain of entries other than zero joins them. Each rank finds its own pieces, then
    they tell their lowest ids to their neighbours until nothing changes.
    """
    part, rows = matrix.part, matrix.rows.tocoo()
    joined = rows.data != 0
    entries = (rows.data[joined], (rows.row[joined], rows.col[joined]))
    _, own = connected_components(csr_array(entries, shape=(part.n_local, part.n_local)), directed=False)
    lowest = Field(part, "lowest node id", "1")
    lowest.local[:] = part.node_ids
    changed = True
    while changed:
        before = lowest.local.copy()
        least = np.full(own.max(initial=-1) + 1, np.inf)
        np.minimum.at(least, own, lowest.local)
        lowest.local[:] = least[own]
        lowest.touched()
        lowest.update_ghosts()
        changed = max_over(part.comm, bool((lowest.local != before).any()))
    return lowest.local.astype(np.int64)
