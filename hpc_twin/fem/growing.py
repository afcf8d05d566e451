"""Rows of a sparse matrix that are put below one another, in arrays that grow where they are: nothing is held twice."""

from math import ceil

import numpy as np
from scipy.sparse import csr_array

from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError


class Growing:
    """``pattern``: of another matrix, whose indices are shared; else they are of the integer type ``kind``."""

    def __init__(self, part: Part, kind: type[np.signedinteger], pattern: csr_array | None = None):
        self._part, self._kind, self._pattern = part, kind, pattern
        self._values, self._columns, self._rows = np.empty(0), np.empty(0, kind), 0
        self._counts = [np.zeros(1, kind)]

    def put(self, rows: csr_array) -> None:
        """The next ones (n, width). Raises InputError, on this rank, where there are too many to be counted."""
        self._rows += rows.shape[0]
        require_countable(
            len(self._values) + rows.nnz, self._rows, self._part.n_nodes, self._part.comm.size, self._kind
        )
        _append(self._values, rows.data)
        if self._pattern is None:
            _append(self._columns, rows.indices)
            self._counts.append(np.diff(rows.indptr))

    def matrix(self, width: int) -> csr_array:
        """Of all of them."""
        if self._pattern is not None:
            return alike(self._pattern, self._values)
        ends = np.cumsum(np.concatenate(self._counts), dtype=self._kind)
        return csr_array((self._values, self._columns, ends), shape=(len(ends) - 1, width))


def require_countable(entries: int, rows: int, n_nodes: int, n_ranks: int, kind: type[np.signedinteger]) -> None:
    """Refuse more entries than ``kind`` can count, naming the ranks that would do: of n_nodes rows as these."""
    most = np.iinfo(kind).max
    if entries > most:
        needed = max(n_ranks + 1, ceil(1.1 * entries / rows * n_nodes / most))
        raise InputError(
            f"the mesh of {n_nodes:,} nodes: a matrix has more than {most:,} entries on one of {n_ranks} ranks, which "
            f"its integers of {8 * kind().itemsize} bits cannot count: start at least {needed} ranks"
        )


def alike(rows: csr_array, values: np.ndarray) -> csr_array:
    """Other values in the pattern of ``rows``, whose indices are shared."""
    return csr_array((values, rows.indices, rows.indptr), shape=rows.shape)


def _append(array: np.ndarray, more: np.ndarray) -> None:
    size = len(array)
    array.resize(size + len(more), refcheck=False)
    array[size:] = more
