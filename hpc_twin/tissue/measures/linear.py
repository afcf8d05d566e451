"""Elements as the measures see them: nodal values are linear between neighbouring nodes, in every order."""

import numpy as np

from hpc_twin.mesh.order import EDGES, linear_pieces
from hpc_twin.mesh.part import Part


def linear(part: Part, which: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(n * pieces, d + 1) simplices on all nodes of the elements ``which``, of one kind; of order 1: themselves."""
    if part.midpoints is None:
        return corners
    return linear_pieces(corners, part.midpoints[which, : len(EDGES[corners.shape[1]])])
