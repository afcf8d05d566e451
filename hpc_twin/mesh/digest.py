"""A digest of rows of numbers that is a sum over the rows: any ranks that share them out find the same."""

import numpy as np

ROWS = 1 << 16  # digested at a time, so that they stay in the cache
MASK = (1 << 64) - 1
GOLDEN, FIRST, SECOND = (np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def checksum(total: int) -> str:
    """16 hexadecimal digits of the sum of digests ``total``."""
    return f"{total & MASK:016x}"


def digest_of(ids: np.ndarray, rows: dict[str, np.ndarray]) -> int:
    """Sum of the digests of arrays by name, all with the row numbers ``ids``."""
    return sum(digest(name, ids, values) for name, values in rows.items()) & MASK


def digest(name: str, ids: np.ndarray, rows: np.ndarray) -> int:
    """Sum over rows, modulo 2^64, of a hash of the row ``rows[i]`` (n, ...), of its number ``ids[i]`` and of ``name``.

    The hash is the chain h = mix(h ^ word) with the mixing function of SplitMix64: Steele, Lea and Flood, Fast
    splittable pseudorandom number generators, OOPSLA 2014, figure 14.
    """
    seed, total = np.uint64(int.from_bytes(name.encode()[:8], "little")), 0
    words = np.float64 if rows.dtype.kind == "f" else np.int64
    for first in range(0, len(rows), ROWS):
        some = np.ascontiguousarray(rows[first : first + ROWS], words).reshape(len(rows[first : first + ROWS]), -1)
        hashed = _mixed(ids[first : first + ROWS].astype(np.uint64) * GOLDEN ^ seed)
        for column in some.view(np.uint64).T:
            hashed = _mixed(hashed ^ column)
        total += int(hashed.sum(dtype=np.uint64))
    return total & MASK


def _mixed(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    return z ^ (z >> np.uint64(31))
