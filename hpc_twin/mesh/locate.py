"""Where points lie in a mesh of tetrahedra, and which of its nodes lie on the outside."""

import numpy as np
from scipy.spatial import cKDTree

from hpc_twin.mesh.quality import row_keys

NEAREST = 16  # elements looked at first; in a graded mesh the right one may be further down the list
INSIDE = -1e-6  # least barycentric coordinate of a point that is still inside
FACES = ((1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1))


def locate(corners: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tetrahedron around each target, -1 for those outside, and the target's barycentric coordinates in it.

    corners  (n_elements, 4, 3) mm;  targets  (n_targets, 3) mm;  returns (n_targets,) and (n_targets, 4)
    """
    found, shares = np.full(len(targets), -1), np.zeros((len(targets), 4))
    if not len(corners) or not len(targets):
        return found, shares
    centres = corners.mean(axis=1)
    radii = np.linalg.norm(corners - centres[:, None], axis=2).max(axis=1)
    tree = cKDTree(centres)
    _, near = tree.query(targets, k=min(NEAREST, len(corners)))
    for candidates in near.reshape(len(targets), -1).T:
        _try(corners, targets, candidates, np.flatnonzero(found < 0), found, shares)
    _search_wide(corners, targets, tree.query_ball_point, radii, found, shares)
    return found, shares


def _search_wide(corners, targets, around, radii: np.ndarray, found: np.ndarray, shares: np.ndarray) -> None:
    """Those not found yet: every element whose ball around its centre may hold them."""
    lost = np.flatnonzero(found < 0)
    low, high = (corners.min(axis=(0, 1)), corners.max(axis=(0, 1)))
    lost = lost[((targets[lost] >= low) & (targets[lost] <= high)).all(axis=1)]
    for target, candidates in zip(lost, around(targets[lost], radii.max()), strict=True):
        each = np.array(candidates, int)
        coordinates = barycentric(corners[each], np.broadcast_to(targets[target], (len(each), 3)))
        worst = coordinates.min(axis=1, initial=1.0)
        if len(each) and worst.max() >= INSIDE:
            found[target], shares[target] = each[worst.argmax()], coordinates[worst.argmax()]


def _try(corners, targets, candidates, open_, found: np.ndarray, shares: np.ndarray) -> None:
    """Note for the targets ``open_`` those that lie in their candidate."""
    coordinates = barycentric(corners[candidates[open_]], targets[open_])
    inside = coordinates.min(axis=1, initial=1.0) >= INSIDE
    found[open_[inside]], shares[open_[inside]] = candidates[open_][inside], coordinates[inside]


def barycentric(corners: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(n, 4) coordinates l with  sum l_k x_k = target,  sum l_k = 1,  in the tetrahedra ``corners`` (n, 4, 3)."""
    edges = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    upper = np.linalg.solve(edges, (targets - corners[:, 0])[:, :, None])[:, :, 0]
    return np.column_stack((1.0 - upper.sum(axis=1), upper))


def outside(elements: np.ndarray, n_nodes: int) -> np.ndarray:
    """(n_nodes,) whether a node lies on a face of one tetrahedron only; all nodes where there are no tetrahedra.

    elements  (n, width) node indices, -1 pads; a node is told rightly when all elements around it are there
    """
    if elements.shape[1] < 4:
        return np.ones(n_nodes, bool)
    corners = elements[elements[:, 3] >= 0, :4]
    faces = corners[:, FACES].reshape(-1, 3)
    _, first, count = np.unique(row_keys(faces), return_index=True, return_counts=True)
    result = np.zeros(n_nodes, bool)
    result[faces[first[count == 1]]] = True
    return result
