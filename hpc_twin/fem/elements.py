"""P1 simplices of any dimension d embedded in space: measures and gradients of the barycentric coordinates."""

from math import factorial

import numpy as np


def edge_vectors(points: np.ndarray, elements: np.ndarray) -> np.ndarray:
    """(n, d, 3) edges from the first node of each d-simplex ``elements`` (n, d + 1)."""
    corners = points[elements]
    return corners[:, 1:] - corners[:, :1]


def measures(points: np.ndarray, elements: np.ndarray) -> np.ndarray:
    """(n,) length, area or volume: sqrt(det(J J^T)) / d!, which also holds on curves and surfaces in space."""
    edges = edge_vectors(points, elements)
    gram = np.einsum("nix,njx->nij", edges, edges)
    return np.sqrt(np.maximum(np.linalg.det(gram), 0.0)) / factorial(edges.shape[1])


def gradients(points: np.ndarray, elements: np.ndarray) -> np.ndarray:
    """(n, d + 1, 3) tangential gradients of the shape functions, 1/mm: G_i = (J J^T)^-1 J for i > 0, G_0 = -sum G_i."""
    edges = edge_vectors(points, elements)
    if edges.shape[1] == 3:  # the same without solving: twice as fast where most elements are
        a, b, c = edges.transpose(1, 0, 2)
        normals = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
        upper = normals / np.einsum("nx,nx->n", a, normals[:, 0])[:, None, None]
    else:
        upper = np.linalg.solve(np.einsum("nix,njx->nij", edges, edges), edges)
    return np.concatenate([-upper.sum(axis=1, keepdims=True), upper], axis=1)
