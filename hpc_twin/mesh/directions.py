"""Fibre and sheet directions from a file's named data: unit vectors on elements."""

import re

import numpy as np

FIBRE = re.compile(r"(fib(er|re)s?(direction|directions|orientation|orientations|vector|vectors)?|f0|ef)")
SHEET = re.compile(r"(sheets?(direction|directions|orientation|orientations|vector|vectors)?|s0|es)")
ROUNDING = 4 * np.finfo(float).eps


def plain(name: str) -> str:
    """``name`` in lower-case letters and digits only, so that "Fiber Direction" and "fiber_direction" are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def directions(blocks, tissue, elements, pattern, word: str) -> tuple[np.ndarray | None, str]:
    """(n_elements, 3) unit vectors from the first cell or point data with such a name, and where they came from."""
    for name in blocks.raw.cell_data:
        if pattern.fullmatch(plain(name)):
            vectors = _vectors(blocks.data(name))
            if vectors is not None:
                return normalised(vectors[tissue]), f"{word} from cell data '{name}'"
    for name, values in blocks.raw.point_data.items():
        if pattern.fullmatch(plain(name)):
            vectors = _vectors(values)
            if vectors is not None:
                return averaged(vectors, elements), f"{word} from point data '{name}', averaged over each element"
    return None, f"no {word} in the file"


def _vectors(values) -> np.ndarray | None:
    """(n, 3) float64 of 2 or 3 components, else None."""
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] not in (2, 3) or values.dtype.kind not in "fiu":
        return None
    return np.pad(values.astype(np.float64), ((0, 0), (0, 3 - values.shape[1])))


def averaged(vectors: np.ndarray, elements: np.ndarray) -> np.ndarray:
    """(n_elements, 3) unit mean over each element's nodes of nodal directions (n_nodes, 3).

    f and -f are the same fibre: each node's vector is turned to the side of the element's first node before summing.
    """
    unit = normalised(vectors)
    first = unit[elements[:, 0]]
    total = first.copy()
    for corner in elements.T[1:]:
        other = np.where(corner[:, None] >= 0, unit[corner], 0.0)
        total += np.where((other * first).sum(axis=1, keepdims=True) < 0, -other, other)
    return normalised(total)


def normalised(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, 3) at length 1; those without a length stay zero, NaN stays NaN, unit vectors stay as they are."""
    with np.errstate(over="ignore", invalid="ignore"):  # absurdly long ones come out as zero, infinite ones as NaN
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        other = (length != 0) & ~(np.abs(length - 1) < ROUNDING)
        return np.divide(vectors, length, out=np.array(vectors, dtype=np.float64), where=other)
