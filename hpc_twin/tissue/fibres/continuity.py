"""How smooth fibres are: the angle of each to the mean direction around it."""

from collections.abc import Sequence

import numpy as np

from hpc_twin.mesh.part import Part
from hpc_twin.parallel import sum_over
from hpc_twin.tissue.organ.laplace import on_elements, patch_mean

BINS = 180  # of half a degree


def deviation(part: Part, fibres: np.ndarray) -> np.ndarray:
    """(n_local_elements,) degrees between each fibre (n_local_elements, 3) and the mean axis there; NaN without one.

    The mean axis is the first eigenvector of the mean of f f^T over the elements around the element's nodes, weighted
    by size; f and -f are the same fibre. Elements at the edge of this rank see their neighbours on others.
    """
    tensor = np.einsum("ni,nj->nij", fibres, fibres).reshape(-1, 9)
    around = on_elements(part, patch_mean(part, tensor)).reshape(-1, 3, 3)
    axis = np.linalg.eigh(around)[1][:, :, 2]
    angle = np.degrees(np.arccos(np.clip(np.abs((axis * fibres).sum(axis=1)), 0.0, 1.0)))
    return np.where(fibres.any(axis=1), angle, np.nan)


def percentiles(part: Part, degrees: np.ndarray, shares: Sequence[float]) -> list[float]:
    """Of ``degrees`` (n_local_elements,) over the elements of all ranks, to half a degree; NaN where nobody has any."""
    mine = degrees[: part.n_owned_elements]
    counts = np.histogram(mine[np.isfinite(mine)], BINS, (0.0, 90.0))[0]
    below = np.cumsum(sum_over(part.comm, counts))
    if below[-1] == 0:
        return [float("nan")] * len(shares)
    return [90.0 / BINS * (1 + int(np.searchsorted(below, share * below[-1]))) for share in shares]
