"""P1 mass and stiffness matrices on mixed simplices, per element kind in one vectorised piece."""

from collections.abc import Iterator

import numpy as np

from hpc_twin.fem.elements import gradients, measures
from hpc_twin.fem.matrix import Matrix, assembled
from hpc_twin.mesh.part import Part

PIECE = 250_000  # elements assembled at a time: bounds the scratch memory to about 200 MB


def kinds(part: Part) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (which (n,), elements (n, k)) for each kind of simplex, in pieces: elements and their nodes."""
    for size in np.unique(part.sizes):
        which = np.flatnonzero(part.sizes == size)
        for first in range(0, len(which), PIECE):
            piece = which[first : first + PIECE]
            yield piece, part.elements[piece, :size]


def stiffness(part: Part, tensor: np.ndarray, extent: np.ndarray | None = None) -> Matrix:
    """K_ab = sum over elements of  int grad(phi_a) . sigma grad(phi_b).

    tensor  (n_local_elements, 3, 3) sigma, symmetric, mS/mm
    extent  (n_local_elements,) thickness [mm] of triangles, cross-section [mm^2] of lines, 1 for tetrahedra; default 1
    """
    pieces = []
    for which, elements in kinds(part):
        slope = gradients(part.points, elements)
        weight = measures(part.points, elements) * (1.0 if extent is None else extent[which])
        flux = np.einsum("nxy,nby->nbx", tensor[which], slope)
        pieces.append((elements, np.einsum("n,nax,nbx->nab", weight, slope, flux, optimize=True)))
    return assembled(part, pieces)


def mass(part: Part, lumping: float = 0.0, extent: np.ndarray | None = None) -> Matrix:
    """M = lumping * (row sums) + (1 - lumping) * (consistent), per unit density.

    consistent, on a d-simplex: |e| (1 + delta_ab) / ((d+1)(d+2)); row sums: |e| / (d+1) on the diagonal.
    The pattern is that of the stiffness matrix for any lumping.
    """
    pieces = []
    for which, elements in kinds(part):
        size = elements.shape[1]
        consistent = (np.ones((size, size)) + np.eye(size)) / (size * (size + 1))
        local = lumping * np.eye(size) / size + (1.0 - lumping) * consistent
        weight = measures(part.points, elements) * (1.0 if extent is None else extent[which])
        pieces.append((elements, weight[:, None, None] * local))
    return assembled(part, pieces)
