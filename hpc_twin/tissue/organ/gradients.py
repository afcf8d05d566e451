"""Parameters that differ from cell to cell: linear along coordinates, scattered by chance."""

import zlib
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from hpc_twin.tissue.organ.coordinates import RANGES
from hpc_twin.tissue.organ.regions import uniform


def linear(name: str, values: Sequence[float], coordinate: np.ndarray) -> np.ndarray:
    """(n,) values at equal distances over the range of the coordinate ``name``, linear between; NaN stays."""
    low, high = RANGES.get(name, (0.0, 1.0))
    found = np.interp(coordinate, np.linspace(low, high, len(values)), values)
    return np.where(np.isnan(coordinate), np.nan, found)


def scatter(node_ids: np.ndarray, parameter: str, spread: float, seed: int) -> np.ndarray:
    """(n,) factors exp(spread z), z normal, with median 1: decided by node, parameter and seed alone.

    Scale factors drawn log-normally, as in Sobie 2009, Biophys J 96:1264.
    """
    chance = uniform(node_ids, seed << 32 | zlib.crc32(parameter.encode()))
    return np.exp(spread * ndtri(chance + 2.0**-54))
