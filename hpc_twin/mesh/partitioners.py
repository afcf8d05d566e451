"""Which rank gets which element: METIS on the nodal graph, or a Hilbert curve through the element centres.

Both see a whole mesh and return the owner of every element; the curve is also drawn through centres that ranks share
out. PT-Scotch is DMPlex's own and stands in partition.py. docs/partition.md compares the three by edge cut, balance
and time.
"""

import numpy as np
from scipy.sparse import csr_array

from hpc_twin.mesh.block import block_of, centres, filled, shares_of_nodes
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import alone, sum_over

BITS = 20  # per axis: a 10 cm heart is resolved to 0.1 um


def nodal_graph(elements: np.ndarray, n_nodes: int) -> csr_array:
    """Adjacency of nodes that share an element: (n_nodes, n_nodes), symmetric, no diagonal, columns in order.

    B^T B for the incidence B of nodes in elements, without its diagonal.
    """
    there = elements >= 0
    index = np.int32 if elements.size < 2**31 else np.int64
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(index)
    nodes = elements[there].astype(index)
    incidence = csr_array((np.ones(len(nodes), bool), nodes, ends), (len(elements), n_nodes))
    both = csr_array(incidence.T.tocsr() @ incidence)
    both.sort_indices()
    row = np.repeat(np.arange(n_nodes, dtype=index), np.diff(both.indptr))
    other = both.indices != row
    ends = np.concatenate([[0], np.cumsum(np.bincount(row[other], minlength=n_nodes))]).astype(both.indptr.dtype)
    return csr_array((both.data[other], both.indices[other], ends), (n_nodes, n_nodes))


def metis(mesh: Mesh, n_parts: int) -> np.ndarray:
    """Owner of each element by METIS k-way (Karypis & Kumar 1998) on the nodal graph.

    The cost of a step is per node (cells, matrix rows), so corners are balanced, and midpoints with them; an element
    goes to a middle one of its nodes' owners, the lower and the upper in turn.
    """
    import pymetis

    graph = nodal_graph(mesh.elements, mesh.n_corners)
    adjacency = pymetis.CSRAdjacency(graph.indptr, graph.indices)
    _, owner = pymetis.part_graph(n_parts, adjacency)
    owners = np.sort(np.asarray(owner, np.int32)[filled(mesh.elements)], axis=1)
    turn = np.arange(len(owners)) % 2
    return np.where(turn, owners[:, mesh.width // 2], owners[:, (mesh.width - 1) // 2])


def hilbert(mesh: Mesh, n_parts: int) -> np.ndarray:
    """Owner of each element by pieces of a Hilbert curve through the element centres, even in nodes."""
    block = block_of(mesh, alone())
    return along_curve(centres(block, alone()), shares_of_nodes(block, alone()), n_parts, alone())


def along_curve(centres: np.ndarray, weights: np.ndarray, n_parts: int, comm) -> np.ndarray:
    """Owner of each of this rank's ``centres`` (m, 3) by pieces of a Hilbert curve through those of all ranks.

    Pieces are even in the whole numbers ``weights`` (m,). Where one place on the curve is shared, the order is that of
    ranks and rows. Collective; no rank sees all places.
    """
    low, high = (-max_over_rows(comm, -centres), max_over_rows(comm, centres))
    keys = hilbert_keys(centres, low, high)
    order = np.argsort(keys, kind="stable")
    until = np.concatenate([[0], np.cumsum(weights[order])])
    total = int(sum_over(comm, int(until[-1])))
    wanted = np.array([-(-part * total // n_parts) for part in range(1, n_parts)], np.int64)  # before each cut
    owner = np.empty(len(keys), np.int32)
    owner[order] = np.searchsorted(_cuts(keys[order], until, wanted, comm), np.arange(len(keys)), side="right")
    return owner


def _cuts(keys: np.ndarray, until: np.ndarray, wanted: np.ndarray, comm) -> np.ndarray:
    """How many of the sorted ``keys`` of this rank stand before each cut: on all ranks those that weigh ``wanted``.

    What a cut would go through stands on the side of its middle.

    until  (m + 1,) weight of the first 0, 1, ... keys.  Bisection, one bit of the key a time, for the key at which each
    cut falls: one sum over the ranks for all cuts.
    """
    at = np.zeros(len(wanted), np.int64)
    for bit in range(3 * BITS - 1, -1, -1):
        tried = at | (1 << bit)
        before = sum_over(comm, until[np.searchsorted(keys, tried)])
        at = np.where(before <= wanted, tried, at)
    first, last = np.searchsorted(keys, at), np.searchsorted(keys, at, side="right")
    equal = until[last] - until[first]
    missing = wanted - sum_over(comm, until[first]) - (comm.scan(equal) - equal)
    return np.clip(np.searchsorted(until[:-1] + until[1:], 2 * (until[first] + missing)), first, last)


def max_over_rows(comm, rows: np.ndarray) -> np.ndarray:
    """The largest of each column of ``rows`` (m, k) over all ranks."""
    return np.max(comm.allgather(rows.max(axis=0, initial=-np.inf)), axis=0)


def hilbert_keys(points: np.ndarray, low: np.ndarray | None = None, high: np.ndarray | None = None) -> np.ndarray:
    """Place of each point (n, 3) on a Hilbert curve through the box from ``low`` to ``high``, or their own.

    Skilling, Programming the Hilbert curve, AIP Conf. Proc. 707 (2004) 381: coordinates to transposed key.
    """
    low = points.min(axis=0) if low is None else low
    high = points.max(axis=0) if high is None else high
    scale = (2**BITS - 1) / max((high - low).max(), 1e-300)
    x = list(((points - low) * scale).astype(np.int64).T)
    _undo_rotations(x)
    _gray_encode(x)
    key = np.zeros(len(points), np.int64)
    for bit in range(BITS - 1, -1, -1):
        for axis in x:
            key = (key << 1) | ((axis >> bit) & 1)
    return key


def _undo_rotations(x: list[np.ndarray]) -> None:
    """Per level, invert the low bits of x0 or exchange them with those of x_i."""
    for bit in range(BITS - 1, 0, -1):
        low = (1 << bit) - 1
        for i in range(len(x)):
            high = (x[i] >> bit) & 1 == 1
            swap = np.where(high, 0, (x[0] ^ x[i]) & low)
            x[0] ^= np.where(high, low, swap)
            if i:
                x[i] ^= swap


def _gray_encode(x: list[np.ndarray]) -> None:
    for i in range(1, len(x)):
        x[i] ^= x[i - 1]
    flip = np.zeros_like(x[0])
    for bit in range(BITS - 1, 0, -1):
        flip ^= np.where((x[-1] >> bit) & 1 == 1, (1 << bit) - 1, 0)
    for axis in x:
        axis ^= flip


PARTITIONERS = {"auto": metis, "metis": metis, "hilbert": hilbert}  # of a mesh that one rank has
