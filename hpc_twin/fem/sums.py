"""Sums over the elements around each node."""

import numpy as np


def add_at(total: np.ndarray, nodes: np.ndarray, values: np.ndarray) -> None:
    """``total[..., nodes] += values``, a node that is met more than once gets all of its values.

    total (..., n_local), contiguous;  nodes (n, k);  values: broadcast to (..., n, k). Time goes with ``nodes``, not
    with n_local: meshes are gone through in pieces (``kinds``), of which a large one has thousands.
    """
    touched, place = np.unique(nodes, return_inverse=True)
    place, rows = place.ravel(), total.reshape(-1, total.shape[-1])
    spread = np.broadcast_to(values, (*total.shape[:-1], *nodes.shape)).reshape(len(rows), -1)
    for sums, weights in zip(rows, spread, strict=True):
        sums[touched] += np.bincount(place, weights, minlength=len(touched))
