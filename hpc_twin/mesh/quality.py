"""Sizes and shapes of simplices: measures, edges, mean ratio."""

import numpy as np

from hpc_twin.mesh.model import Mesh

PAIRS = {2: ((0, 1),), 3: ((0, 1), (0, 2), (1, 2)), 4: ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))}


def measures(mesh: Mesh) -> np.ndarray:
    """(n_elements,) signed volume of tetrahedra [mm^3], area of triangles [mm^2], length of lines [mm].

    A tetrahedron is positive when (x1-x0) x (x2-x0) points to the side of x3.
    """
    result = np.zeros(mesh.n_elements)
    for rows, corners in by_size(mesh):
        sides = corners[:, 1:] - corners[:, :1]
        if corners.shape[1] == 4:
            result[rows] = np.einsum("ei,ei->e", np.cross(sides[:, 0], sides[:, 1]), sides[:, 2]) / 6
        elif corners.shape[1] == 3:
            result[rows] = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2
        else:
            result[rows] = np.linalg.norm(sides[:, 0], axis=1)
    return result


def mean_squared_edge(mesh: Mesh) -> np.ndarray:
    """(n_elements,) mean of the squared edge lengths of each element [mm^2]."""
    result = np.zeros(mesh.n_elements)
    for rows, corners in by_size(mesh):
        pairs = PAIRS[corners.shape[1]]
        result[rows] = sum(((corners[:, a] - corners[:, b]) ** 2).sum(axis=1) for a, b in pairs) / len(pairs)
    return result


def mean_ratio(mesh: Mesh) -> np.ndarray:
    """(n_elements,) shape from 0 (flat) to 1 (equilateral): 12 (3|V|)^(2/3) / sum l^2; triangles 4 sqrt(3) A / sum l^2.

    Source: Liu and Joe (1994), "Relationship between tetrahedron shape measures", BIT 34, 268-287. Lines have 1.
    """
    size = np.abs(measures(mesh))
    edge = mean_squared_edge(mesh)
    sizes = mesh.sizes
    ideal = np.where(sizes == 4, 2 * (3 * size) ** (2 / 3), np.where(sizes == 3, 4 / np.sqrt(3) * size, edge))
    return np.divide(ideal, edge, out=np.zeros_like(edge), where=edge > 0)


def by_size(mesh: Mesh):
    """Yield (rows, corners) for each kind of element: which elements, and their corners (n, size, 3)."""
    sizes = mesh.sizes
    for size in (4, 3, 2):
        rows = np.flatnonzero(sizes == size)
        if len(rows):
            yield rows, mesh.points[mesh.elements[rows, :size]]


def edges(mesh: Mesh) -> np.ndarray:
    """(n_edges, 2) the edges of the mesh, each once, smaller node first."""
    sizes = mesh.sizes
    codes = [np.zeros(0, dtype=np.int64)]
    for size in np.unique(sizes).tolist():
        nodes = mesh.elements[sizes == size]
        codes += [_code(nodes[:, pair], mesh.n_nodes) for pair in PAIRS[size]]
    unique = np.unique(np.concatenate(codes))
    return np.column_stack(np.divmod(unique, mesh.n_nodes))


def edge_lengths(mesh: Mesh) -> np.ndarray:
    """(n_edges,) lengths of the mesh's edges [mm]."""
    ends = edges(mesh)
    return np.linalg.norm(mesh.points[ends[:, 0]] - mesh.points[ends[:, 1]], axis=1)


def _code(pairs: np.ndarray, n_nodes: int) -> np.ndarray:
    return pairs.min(axis=1) * n_nodes + pairs.max(axis=1)


def row_keys(rows: np.ndarray) -> np.ndarray:
    """(n,) a 64-bit key per row that does not depend on the order within the row: equal rows have equal keys."""
    mixed = np.zeros(len(rows), dtype=np.uint64)
    for column in np.sort(rows, axis=1).T:
        mixed ^= column.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(29)
    return mixed
