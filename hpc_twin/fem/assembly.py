"""Mass and stiffness matrices on mixed simplices of order 1 or 2, per element kind in one vectorised piece."""

from collections.abc import Iterator

import numpy as np

from hpc_twin.fem.elements import gradients, measures, reference
from hpc_twin.fem.matrix import Matrix, assembled
from hpc_twin.mesh.order import EDGES
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError

PIECE = 250_000  # elements assembled at a time: bounds the scratch memory to about 200 MB (1 GB of order 2)


def kinds(part: Part) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (which (n,), corners (n, d + 1)) for each kind of simplex, in pieces: elements and their corners."""
    for size in np.unique(part.sizes):
        which = np.flatnonzero(part.sizes == size)
        for first in range(0, len(which), PIECE):
            piece = which[first : first + PIECE]
            yield piece, part.elements[piece, :size]


def all_nodes(part: Part, which: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(n, k) nodes of the shape functions of the elements ``which``, all of one kind: corners, then midpoints."""
    if part.midpoints is None:
        return corners
    return np.hstack((corners, part.midpoints[which, : len(EDGES[corners.shape[1]])]))


def stiffness(part: Part, tensor: np.ndarray, extent: np.ndarray | None = None) -> Matrix:
    """K_ab = sum over elements of  int grad(phi_a) . sigma grad(phi_b).

    On an element of measure |e|:  |e| sum_ij (G_i . sigma G_j) int (d phi_a / d L_i) (d phi_b / d L_j).

    tensor  (n_local_elements, 3, 3) sigma, symmetric, mS/mm
    extent  (n_local_elements,) thickness [mm] of triangles, cross-section [mm^2] of lines, 1 for tetrahedra; default 1
    """
    return assembled(part, element_stiffness(part, tensor, extent))


def element_stiffness(
    part: Part, tensor: np.ndarray, extent: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (nodes (n, k), K of each element (n, k, k)), in pieces of one kind; arguments as of ``stiffness``."""
    for which, corners in kinds(part):
        slope = gradients(part.points, corners)
        weight = measures(part.points, corners) * (1.0 if extent is None else extent[which])
        flux = weight[:, None, None] * slope @ tensor[which]
        linear = flux @ slope.transpose(0, 2, 1)
        local = np.tensordot(linear, reference(corners.shape[1] - 1, part.order).slopes, axes=2)
        yield all_nodes(part, which, corners), local


def mass(part: Part, lumping: float = 0.0, extent: np.ndarray | None = None) -> Matrix:
    """M = lumping * (row sums) + (1 - lumping) * (consistent), per unit density; the pattern is that of the stiffness.

    consistent, on a d-simplex of order 1: |e| (1 + delta_ab) / ((d+1)(d+2)); row sums: |e| / (d+1) on the diagonal.
    Raises InputError for a share above 0 in a mesh of order 2, whose row sums are not positive at corners.
    """
    if lumping and part.order == 2:
        raise InputError(f'tissue.mass: found {lumping:g}, elements of order 2 allow "consistent" (0) only')

    def local(which: np.ndarray, corners: np.ndarray) -> np.ndarray:
        consistent = reference(corners.shape[1] - 1, part.order).mass
        shared = lumping * np.diag(consistent.sum(axis=1)) + (1.0 - lumping) * consistent
        weight = measures(part.points, corners) * (1.0 if extent is None else extent[which])
        return weight[:, None, None] * shared

    return assembled(part, ((all_nodes(part, *kind), local(*kind)) for kind in kinds(part)))
