"""Conduction velocity, its size and direction, from the gradient of activation times."""

import numpy as np

from hpc_twin.fem import add_at, gradients, measures, with_ghosts
from hpc_twin.fem.assembly import kinds
from hpc_twin.mesh.part import Part
from hpc_twin.tissue.measures.linear import linear

SLOWEST, FASTEST = 0.02, 10.0  # mm/ms; beyond: no wave passed from one node of the element to the other
AGREEMENT = 0.9


def front_velocity(part: Part, activation: np.ndarray) -> np.ndarray:
    """(n_owned, 3) mm/ms (= m/s) from ``activation`` (n_owned,) ms, NaN where it is not defined; collective.

        v = g / |g|^2,   g = grad T

    (Bayly et al., IEEE Trans Biomed Eng 45 (1998) 563, eq. 2). On each simplex grad T is that of the linear
    interpolation (Cantwell et al., Comput Biol Med 65 (2015) 229: triangulation), and g its mean over the simplices of
    highest dimension around the node by size, which is exact for plane waves and of second order inside regular
    meshes. Elements with an unknown time, or whose gradient is no wave's (FASTEST, SLOWEST: a line of block), do not
    count. Where fronts collide the gradients around a node disagree, |mean g|^2 < AGREEMENT mean |g|^2, and nothing is
    returned.
    """
    times = with_ghosts(part, activation)
    top = _dimension(part)
    total = np.zeros((5, part.n_local))
    for which, corners in kinds(part):
        elements = linear(part, which, corners)
        slopes = np.einsum("nk,nkx->nx", times[elements], gradients(part.points, elements))
        square = np.einsum("nx,nx->n", slopes, slopes)
        wave = (square > FASTEST**-2) & (square < SLOWEST**-2)  # NaN is neither
        size = np.where(wave, measures(part.points, elements), 0.0)
        rows = np.vstack((slopes.T, square, np.ones_like(size)))
        rows = np.where(wave, rows, 0.0) * size
        add_at(total, elements, rows[:, :, None] * (top[elements] == elements.shape[1]))
    return _velocity(total[:, : part.n_owned])


def _velocity(total: np.ndarray) -> np.ndarray:
    """From the sums of size * (g, |g|^2, 1)."""
    size = np.where(total[4] > 0, total[4], np.nan)
    mean = total[:3] / size
    square = (mean**2).sum(axis=0)
    agree = square >= AGREEMENT * total[3] / size
    return np.where(agree, mean / np.where(square > 0, square, np.nan), np.nan).T


def _dimension(part: Part) -> np.ndarray:
    """(n_local,) most nodes of an element at each node: lines on a surface do not count beside it."""
    top = np.zeros(part.n_local, int)
    for which, corners in kinds(part):
        np.maximum.at(top, linear(part, which, corners).ravel(), corners.shape[1])
    return top
