"""Names as netCDF character arrays, the one form of text that every reader of the schema knows."""

from collections.abc import Sequence

import numpy as np


def to_characters(texts: Sequence[str], length: int) -> np.ndarray:
    """(n, length) array of bytes, UTF-8, each text cut to ``length - 1`` bytes but not within a character."""
    cut = [text.encode()[: length - 1].decode(errors="ignore").encode() for text in texts]
    return np.array(cut, dtype=f"S{length}").view("S1").reshape(len(texts), length)


def from_characters(characters: np.ndarray) -> list[str]:
    """The texts of an (n, length) array of bytes; what is not UTF-8 is replaced by a mark."""
    return [row.tobytes().split(b"\0")[0].decode("utf-8", "replace").strip() for row in np.asarray(characters)]
