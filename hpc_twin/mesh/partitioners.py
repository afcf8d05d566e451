"""Which rank gets which element: METIS on the nodal graph, or a Hilbert curve through the element centres.

Both see rank 0's whole mesh and return the owner of every element; PT-Scotch is DMPlex's own and stands in
partition.py. docs/partition.md compares the three by edge cut, balance and time.
"""

import numpy as np
from scipy.sparse import coo_array, csr_array

from hpc_twin.mesh.model import Mesh

BITS = 20  # per axis: a 10 cm heart is resolved to 0.1 um


def filled(elements: np.ndarray) -> np.ndarray:
    """``elements`` with the -1 padding of lower-dimensional ones replaced by their first node."""
    return np.where(elements < 0, elements[:, :1], elements)


def nodal_graph(elements: np.ndarray, n_nodes: int) -> csr_array:
    """Adjacency of nodes that share an element: (n_nodes, n_nodes), symmetric, no diagonal."""
    full = filled(elements)
    pairs = [full[:, [a, b]] for a in range(full.shape[1]) for b in range(a + 1, full.shape[1])]
    edges = np.concatenate(pairs)
    edges = edges[edges[:, 0] != edges[:, 1]]
    upper = coo_array((np.ones(len(edges), bool), (edges.min(axis=1), edges.max(axis=1))), (n_nodes, n_nodes)).tocsr()
    return upper + upper.T


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
    """Owner of each element by equal pieces of a Hilbert curve through the element centres."""
    order = np.argsort(hilbert_keys(mesh.points[filled(mesh.elements)].mean(axis=1)), kind="stable")
    owner = np.empty(len(order), np.int32)
    owner[order] = np.arange(len(order), dtype=np.int64) * n_parts // len(order)
    return owner


def hilbert_keys(points: np.ndarray) -> np.ndarray:
    """Place of each point (n, 3) on a Hilbert curve through the bounding box.

    Skilling, Programming the Hilbert curve, AIP Conf. Proc. 707 (2004) 381: coordinates to transposed key.
    """
    low, high = points.min(axis=0), points.max(axis=0)
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


PARTITIONERS = {"metis": metis, "hilbert": hilbert}
