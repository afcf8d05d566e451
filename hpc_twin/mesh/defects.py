"""Find elements and nodes that are no good: which ones, not what to do about them (see checks)."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.quality import mean_squared_edge, measures, row_keys

FLAT = {4: 1e-12, 3: 1e-10, 2: 1e-12}  # of the edge length to the power of the dimension (lines: of the bounding box)


def inverted_elements(mesh: Mesh) -> np.ndarray:
    """Indices of tetrahedra of negative volume."""
    return np.flatnonzero((measures(mesh) < 0) & (mesh.sizes == 4))


def degenerate_elements(mesh: Mesh) -> np.ndarray:
    """Indices of elements whose volume, area or length is zero to rounding."""
    sizes, edge2 = mesh.sizes, mean_squared_edge(mesh)
    box2 = float(((mesh.points.max(axis=0) - mesh.points.min(axis=0)) ** 2).sum())
    scale = np.where(sizes == 4, edge2**1.5, np.where(sizes == 3, edge2, np.sqrt(box2)))
    limit = np.select([sizes == size for size in FLAT], list(FLAT.values())) * scale
    return np.flatnonzero(np.abs(measures(mesh)) <= limit)


def duplicate_elements(mesh: Mesh) -> np.ndarray:
    """Indices of elements that have the nodes of an earlier one, in any order."""
    keys = row_keys(mesh.elements)
    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    if not same.any():
        return np.zeros(0, dtype=np.int64)
    suspects = np.unique(np.concatenate((order[1:][same], order[:-1][same])))
    _, first = np.unique(np.sort(mesh.elements[suspects], axis=1), axis=0, return_index=True)
    return np.delete(suspects, first)


def coincident_nodes(mesh: Mesh) -> np.ndarray:
    """Indices of nodes in the place of an earlier one (to 1e-9 of the mesh's extent)."""
    low = mesh.points.min(axis=0)
    grid = max(float((mesh.points.max(axis=0) - low).max()), 1e-300) * 1e-9
    places = np.rint((mesh.points - low) / grid).astype(np.int64)
    mixed = places @ np.array([1, 2_147_483_629, 4_611_686_018_427_387_847], dtype=np.int64)
    _, first = np.unique(mixed, return_index=True)
    if len(first) == mesh.n_nodes:
        return np.zeros(0, dtype=np.int64)
    _, first = np.unique(places, axis=0, return_index=True)
    return np.delete(np.arange(mesh.n_nodes), first)


def pieces(mesh: Mesh) -> np.ndarray:
    """(n_pieces,) number of nodes of each connected piece, largest first; nodes without element do not count."""
    start = np.repeat(mesh.elements[:, :1], mesh.width - 1, axis=1).ravel()
    end = mesh.elements[:, 1:].ravel()
    real = end >= 0
    graph = coo_matrix((np.ones(real.sum(), dtype=bool), (start[real], end[real])), shape=(mesh.n_nodes,) * 2)
    _, label = connected_components(graph, directed=False)
    counts = np.bincount(label[used_nodes(mesh)])
    return np.sort(counts[counts > 0])[::-1]


def used_nodes(mesh: Mesh) -> np.ndarray:
    """(n_nodes,) which nodes belong to an element."""
    used = np.zeros(mesh.n_nodes + 1, dtype=bool)
    used[mesh.elements] = True  # the padding -1 falls on the extra last place
    return used[:-1]


def out_of_plane(mesh: Mesh) -> np.ndarray:
    """Indices of triangles whose fibre stands more than 30 degrees off their plane."""
    rows = np.flatnonzero(mesh.sizes == 3)
    if mesh.fibres is None or not len(rows):
        return rows[:0]
    corners = mesh.points[mesh.elements[rows, :3]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    along = np.abs(np.einsum("ei,ei->e", normal, mesh.fibres[rows]))
    return rows[along > 0.5 * np.linalg.norm(normal, axis=1)]
