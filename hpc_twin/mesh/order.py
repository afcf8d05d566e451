"""Second order: a node on the midpoint of every edge."""

from dataclasses import replace

import numpy as np

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.refine import grown_sets

EDGES = {2: ((0, 1),), 3: ((0, 1), (1, 2), (0, 2)), 4: ((0, 1), (1, 2), (0, 2), (0, 3), (1, 3), (2, 3))}
"""Corners whose midpoints follow the corners of a line, triangle, tetrahedron: the order of Exodus and VTK."""

PIECES = {
    2: ((0, 2), (2, 1)),
    3: ((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5)),
    4: ((0, 4, 6, 7), (4, 1, 5, 8), (6, 5, 2, 9), (7, 8, 9, 3), (4, 6, 7, 8), (4, 6, 8, 5), (6, 7, 8, 9), (6, 8, 5, 9)),
}  # the inner octahedron is cut along the midpoints of (0,2) and (1,3), as in mesh/refine.py
"""Linear simplices that a second-order element with so many corners falls into."""


def quadratic(mesh: Mesh) -> Mesh:
    """``mesh``, of order 1, with nodes at the midpoints of all edges, numbered after the corners.

    Elements stay straight. A midpoint belongs to a node set when both ends of its edge do and, in a mesh of tetrahedra,
    the edge lies on the boundary. Elements that share an edge share its node, whatever their kinds.
    """
    ends = np.full((mesh.n_elements, len(EDGES[mesh.width]), 2), -1)
    for size in np.unique(mesh.sizes).tolist():
        which = np.flatnonzero(mesh.sizes == size)
        for column, pair in enumerate(EDGES[size]):
            ends[which, column] = np.sort(mesh.elements[which][:, pair], axis=1)
    there = ends[..., 0] >= 0
    keys, number = np.unique(ends[there] @ (mesh.n_nodes, 1), return_inverse=True)
    edges = np.column_stack(np.divmod(keys, mesh.n_nodes))
    midpoints = np.full(there.shape, -1)
    midpoints[there] = mesh.n_nodes + number
    return replace(
        mesh,
        points=np.concatenate([mesh.points, mesh.points[edges].mean(axis=1)]),
        midpoints=midpoints,
        node_sets=grown_sets(mesh, edges),
        file_ids=None,
    )


def linear_pieces(corners: np.ndarray, midpoints: np.ndarray) -> np.ndarray:
    """(n * 2^d, d + 1) linear simplices on all nodes of second-order ones: corners (n, d + 1), midpoints (n, edges)."""
    pieces = np.array(PIECES[corners.shape[1]])
    return np.hstack((corners, midpoints))[:, pieces].reshape(-1, corners.shape[1])
