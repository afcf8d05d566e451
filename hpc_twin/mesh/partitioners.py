"""Which rank gets which element: METIS on the nodal graph, or a Hilbert curve through the element centres.

Both see a whole mesh and return the owner of every element; the curve is also drawn through centres that ranks share
out. PT-Scotch is DMPlex's own and stands in partition.py. docs/partition.md compares the three by edge cut, balance
and time.
"""

import numpy as np
from scipy.sparse import csr_array

from hpc_twin.mesh.block import Block, block_of, centres, filled, integer, pieces, shares_of_nodes
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import alone, sum_over

BITS = 20  # per axis: a 10 cm heart is resolved to 0.1 um
DIGIT = 18  # bits of a key that are looked at together, less those that number the cuts
NODES = 1 << 18  # whose neighbours are found together


def nodal_graph(elements: np.ndarray, n_nodes: int, among: np.ndarray | None = None) -> csr_array:
    """Adjacency of nodes that share an element: (n_nodes, n_nodes), symmetric, no diagonal, columns in order.

    B^T B for the incidence B of nodes in elements, without its diagonal; some rows at a time, since the diagonal and
    the product's own copies would double it. ``among`` (n_nodes,) bool: of these nodes only, numbered anew.
    """
    incidence = _incidence(elements, n_nodes)
    around = incidence.T.tocsr()
    among = np.ones(n_nodes, bool) if among is None else among
    rows, number = np.flatnonzero(among), np.where(among, np.cumsum(among) - 1, -1).astype(np.int32)
    found = [_neighbours(around, incidence, rows[some], number) for some in pieces(len(rows), NODES)]
    count, other = (np.concatenate([part[k] for part in found] or [np.zeros(0, np.int32)]) for k in (0, 1))
    ends = np.concatenate([[0], np.cumsum(count)]).astype(integer(len(other)))
    return csr_array((np.ones(len(other), bool), other, ends), (len(rows), len(rows)))


def _incidence(elements: np.ndarray, n_nodes: int) -> csr_array:
    """(n_elements, n_nodes) true where an element has a node; on ``elements`` itself where it has no padding."""
    there = elements >= 0
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    index = integer(int(ends[-1]) + 1)
    nodes = elements.reshape(-1) if there.all() else elements[there]
    return csr_array((np.ones(len(nodes), bool), nodes.astype(index, copy=False), ends.astype(index)),
                     (len(elements), n_nodes))  # fmt: skip


def _neighbours(around, incidence, rows: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many neighbours that have a ``number`` each of the nodes ``rows`` has, and their numbers."""
    both = csr_array(around[rows] @ incidence)
    both.sort_indices()
    row = np.repeat(np.arange(len(rows)), np.diff(both.indptr))
    other = (both.indices != rows[row]) & (number[both.indices] >= 0)
    return np.bincount(row[other], minlength=len(rows)).astype(np.int32), number[both.indices[other]]


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
    return hilbert_owners(block_of(mesh, alone()), n_parts, alone())


def hilbert_owners(block: Block, n_parts: int, comm) -> np.ndarray:
    """The same for the elements of this rank's ``block``; no rank sees all. Collective."""
    return along_curve(places_on_curve(centres(block, comm), comm), shares_of_nodes(block, comm), n_parts, comm)


def places_on_curve(points: np.ndarray, comm) -> np.ndarray:
    """Keys of this rank's ``points`` (m, 3) on a Hilbert curve through the box around those of all ranks."""
    low = np.min(comm.allgather(points.min(axis=0, initial=np.inf)), axis=0)
    high = np.max(comm.allgather(points.max(axis=0, initial=-np.inf)), axis=0)
    return hilbert_keys(points, low, high)


def along_curve(keys: np.ndarray, weights: np.ndarray, n_parts: int, comm) -> np.ndarray:
    """Owner of each of this rank's rows by pieces of the curve on which they, and those of all ranks, have ``keys``.

    Pieces are even in the whole numbers ``weights`` (m,). What a cut would go through stands on the side of its middle;
    where one place on the curve is shared, the order is that of ranks and rows. Collective; nobody sees all places.
    """
    total = int(sum_over(comm, int(weights.sum(dtype=np.int64))))
    wanted = np.array([-(-part * total // n_parts) for part in range(1, n_parts)], np.int64)  # before each cut
    cuts, before = _cuts(keys, weights, wanted, comm)
    owner, tied = np.empty(len(keys), np.int32), [np.zeros(0, np.int64)]
    for some in pieces(len(keys)):
        owner[some] = np.searchsorted(cuts, keys[some])
        tied.append(some.start + np.flatnonzero(np.isin(keys[some], cuts)))
    rows = np.concatenate(tied)
    rows = rows[np.argsort(keys[rows], kind="stable")]
    ends = _within(keys[rows], weights[rows], cuts, wanted - before, comm)
    owner[rows] = np.searchsorted(ends, np.arange(len(rows)), side="right")
    return owner


def _cuts(keys: np.ndarray, weights: np.ndarray, wanted: np.ndarray, comm) -> tuple[np.ndarray, np.ndarray]:
    """The key at which each cut falls, the last one that at most ``wanted`` weighs before, and what does weigh before.

    Digit by digit of the key, from the first: the weights of all values of the next one, summed over the ranks.
    """
    cuts, before, left = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.int64), 3 * BITS
    while left and len(wanted):
        bits = min(left, max(1, DIGIT - len(wanted).bit_length()))
        left -= bits
        known, which = np.unique(cuts, return_inverse=True)
        weigh = sum_over(comm, _histogram(keys, weights, known, left, bits))
        until = (np.cumsum(weigh, axis=1) - weigh)[which]
        digit = (until <= (wanted - before)[:, None]).sum(axis=1) - 1
        before += until[np.arange(len(wanted)), digit]
        cuts = (cuts << bits) | digit
    return cuts, before


def _histogram(keys: np.ndarray, weights: np.ndarray, known: np.ndarray, left: int, bits: int) -> np.ndarray:
    """(n_known, 2^bits) weight of the keys that begin with each of ``known``, by the next ``bits``; ``left`` follow."""
    total = np.zeros(len(known) << bits)
    for some in pieces(len(keys), 1 << DIGIT):
        front = keys[some] >> left
        row = np.searchsorted(known, front >> bits).clip(max=len(known) - 1)
        here = known[row] == front >> bits
        place = (row[here] << bits) | (front[here] & ((1 << bits) - 1))
        total += np.bincount(place, weights[some][here], len(total))
    return total.astype(np.int64).reshape(len(known), -1)


def _within(keys: np.ndarray, weights: np.ndarray, cuts: np.ndarray, missing: np.ndarray, comm) -> np.ndarray:
    """How many of the sorted ``keys``, all of them those of cuts, stand before each cut.

    missing  what is to stand before it, beside all smaller keys
    """
    until = np.concatenate([[0], np.cumsum(weights, dtype=np.int64)])
    first, last = np.searchsorted(keys, cuts), np.searchsorted(keys, cuts, side="right")
    equal = until[last] - until[first]
    here = missing - (comm.scan(equal) - equal)
    return np.clip(np.searchsorted(until[:-1] + until[1:], 2 * (until[first] + here)), first, last)


def hilbert_keys(points: np.ndarray, low: np.ndarray | None = None, high: np.ndarray | None = None) -> np.ndarray:
    """Place of each point (n, 3) on a Hilbert curve through the box from ``low`` to ``high``, or their own.

    Skilling, Programming the Hilbert curve, AIP Conf. Proc. 707 (2004) 381: coordinates to transposed key.
    """
    low = points.min(axis=0) if low is None else low
    high = points.max(axis=0) if high is None else high
    scale = (2**BITS - 1) / max((high - low).max(), 1e-300)
    keys = np.empty(len(points), np.int64)
    for some in pieces(len(points)):
        keys[some] = _keys(list(((points[some] - low) * scale).astype(np.int64).T))
    return keys


def _keys(x: list[np.ndarray]) -> np.ndarray:
    """Keys of whole numbers below 2^BITS by axis, which are overwritten."""
    _undo_rotations(x)
    _gray_encode(x)
    key = np.zeros(len(x[0]), np.int64)
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
