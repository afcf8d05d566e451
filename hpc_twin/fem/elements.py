"""Straight simplices of any dimension d embedded in space, with shape functions of order 1 or 2.

With the barycentric coordinates L_0 ... L_d:  order 1: L_i;  order 2: L_i (2 L_i - 1) at corners, 4 L_i L_j at the
midpoints of the edges, in the order of mesh.order.EDGES.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product
from math import factorial

import numpy as np

from hpc_twin.mesh.order import EDGES


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
    """(n, d + 1, 3) tangential gradients of the L_i, 1/mm: G_i = (J J^T)^-1 J for i > 0, G_0 = -sum G_i."""
    edges = edge_vectors(points, elements)
    if edges.shape[1] == 3:  # the same without solving: twice as fast where most elements are
        a, b, c = edges.transpose(1, 0, 2)
        normals = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
        upper = normals / np.einsum("nx,nx->n", a, normals[:, 0])[:, None, None]
    else:
        upper = np.linalg.solve(np.einsum("nix,njx->nij", edges, edges), edges)
    return np.concatenate([-upper.sum(axis=1, keepdims=True), upper], axis=1)


def shapes(order: int, places: np.ndarray) -> np.ndarray:
    """(q, k) values of the k shape functions at barycentric ``places`` (q, d + 1)."""
    if order == 1:
        return places
    a, b = np.transpose(EDGES[places.shape[1]])
    return np.hstack((places * (2 * places - 1), 4 * places[:, a] * places[:, b]))


def shape_slopes(order: int, places: np.ndarray) -> np.ndarray:
    """(q, k, d + 1) their derivatives by each L; with ``gradients``: grad phi_a = sum_i (d phi_a / d L_i) G_i."""
    unit = np.eye(places.shape[1])
    if order == 1:
        return np.broadcast_to(unit, (len(places), *unit.shape))
    a, b = np.transpose(EDGES[places.shape[1]])
    corners = (4 * places - 1)[:, :, None] * unit
    edges = 4 * (places[:, a, None] * unit[b] + places[:, b, None] * unit[a])
    return np.concatenate([corners, edges], axis=1)


def quadrature(dimension: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Barycentric places (q, d + 1) and weights (q,) of sum 1, exact for polynomials of degree 2 n - d on a d-simplex.

    The Gauss-Legendre rule of the cube, collapsed (Stroud 1971, Approximate calculation of multiple integrals).
    """
    points, weights = np.polynomial.legendre.leggauss(n)
    points, weights = (points + 1) / 2, weights / 2
    places, total = [], []
    for index in product(range(n), repeat=dimension):
        left, weight, barycentric = 1.0, 1.0, []
        for axis, i in enumerate(index):
            barycentric.append(left * points[i])
            weight *= weights[i] * (1 - points[i]) ** (dimension - 1 - axis)
            left *= 1 - points[i]
        places.append([*barycentric, left])
        total.append(weight)
    return np.array(places), np.array(total) / np.sum(total)


@dataclass(frozen=True)
class Reference:
    """Integrals over a simplex of measure 1, from which those over any straight one follow by its measure and G.

    mass    (k, k)              int phi_a phi_b
    slopes  (d+1, d+1, k, k)    int (d phi_a / d L_i) (d phi_b / d L_j)
    """

    mass: np.ndarray
    slopes: np.ndarray


@cache
def reference(dimension: int, order: int) -> Reference:
    """The integrals for a d-simplex with shape functions of ``order``, exact to rounding."""
    places, weights = quadrature(dimension, 4)
    values, slopes = shapes(order, places), shape_slopes(order, places)
    mass = np.einsum("q,qa,qb->ab", weights, values, values)
    return Reference((mass + mass.T) / 2, np.einsum("q,qai,qbj->ijab", weights, slopes, slopes))
