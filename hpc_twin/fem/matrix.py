"""A sparse matrix by rows of owned nodes. The one module that knows how PETSc wants its rows."""

from functools import cached_property

import numpy as np
from petsc4py import PETSc
from scipy.sparse import csr_array, hstack

from hpc_twin.fem.field import Field
from hpc_twin.mesh.part import Part

AT_ONCE = 1 << 20  # entries that are added at a time: bounds the scratch memory to 8 MB


class Matrix:
    """Rows of this rank's owned nodes: ``inner`` (n_owned, n_owned) their columns of owned nodes, ``outer`` of ghosts.

    Entries are held once: ``petsc``, the distributed matrix, works on the arrays of ``inner``, and matrices of one
    pattern share its indices.
    """

    def __init__(self, part: Part, inner: csr_array, outer: csr_array):
        self.part, self.inner, self.outer = part, inner, outer

    @classmethod
    def of(cls, part: Part, rows: csr_array) -> "Matrix":
        """From rows (n_owned, n_local)."""
        return cls(part, *_split(rows, part.n_owned))

    @cached_property
    def petsc(self) -> PETSc.Mat:
        """Made at its first use, which is collective; from then on entries stay as they are."""
        made = _distributed(self.inner, self.outer, self.part, self.part)
        made.setOption(PETSc.Mat.Option.SPD, True)
        return made

    @property
    def rows(self) -> csr_array:
        """(n_owned, n_local) all columns; a copy where there are ghosts."""
        return csr_array(hstack((self.inner, self.outer))) if self.outer.shape[1] else self.inner

    def scaled(self, factor: float) -> "Matrix":
        """Return ``factor * self``."""
        return Matrix(self.part, *(_alike(rows, factor * rows.data) for rows in (self.inner, self.outer)))

    def add(self, factor: float, other: "Matrix") -> "Matrix":
        """``self += factor * other``, of the same pattern; in place, before ``petsc`` is made. Returns itself."""
        for own, others in ((self.inner, other.inner), (self.outer, other.outer)):
            if own.nnz != others.nnz:
                raise ValueError(f"matrices of {own.nnz} and {others.nnz} entries have not one pattern")
            for first in range(0, own.nnz, AT_ONCE):
                own.data[first : first + AT_ONCE] += factor * others.data[first : first + AT_ONCE]
        return self

    def apply(self, field: Field, result: PETSc.Vec) -> None:
        """``result = A field``; PETSc brings the ghosts' values while it multiplies the owned part."""
        self.petsc.mult(field.vector, result)

    def bytes_per_product(self) -> int:
        """Memory traffic of one product on this rank: values, column indices, row pointers, one vector in, one out."""
        n_rows, n_entries = len(self.inner.indptr) - 1, self.inner.nnz + self.outer.nnz
        return n_entries * (8 + PETSc.IntType().itemsize) + n_rows * (PETSc.IntType().itemsize + 16)


class Stack:
    """Rows of a matrix on ``part``, put below one another; ``like``: another one, whose pattern they share."""

    def __init__(self, part: Part, like: Matrix | None = None):
        self._part, patterns = part, (None, None) if like is None else (like.inner, like.outer)
        self._inner, self._outer = (_Growing(pattern) for pattern in patterns)

    def put(self, rows: csr_array) -> None:
        """The next ones (n, n_local)."""
        self._inner.put(rows[:, : self._part.n_owned])
        self._outer.put(rows[:, self._part.n_owned :])

    def matrix(self) -> Matrix:
        """Of all of them."""
        part = self._part
        return Matrix(part, self._inner.matrix(part.n_owned), self._outer.matrix(part.n_local - part.n_owned))


class _Growing:
    """One half of a Stack: arrays that grow where they are, so that nothing is held twice."""

    def __init__(self, pattern: csr_array | None):
        self._pattern, self._values = pattern, np.empty(0)
        self._columns, self._counts = np.empty(0, PETSc.IntType), [np.zeros(1, PETSc.IntType)]

    def put(self, rows: csr_array) -> None:
        _append(self._values, rows.data)
        if self._pattern is None:
            _append(self._columns, rows.indices)
            self._counts.append(np.diff(rows.indptr))

    def matrix(self, width: int) -> csr_array:
        if self._pattern is not None:
            return _alike(self._pattern, self._values)
        ends = np.cumsum(np.concatenate(self._counts), dtype=PETSc.IntType)
        return csr_array((self._values, self._columns, ends), shape=(len(ends) - 1, width))


def _append(array: np.ndarray, more: np.ndarray) -> None:
    size = len(array)
    array.resize(size + len(more), refcheck=False)
    array[size:] = more


def distributed(rows: csr_array, down: Part, across: Part) -> PETSc.Mat:
    """PETSc's matrix of rows (down.n_owned, across.n_local): of owned nodes of one part by local nodes of another."""
    return _distributed(*_split(rows, across.n_owned), down, across)


def _split(rows: csr_array, n_owned: int) -> tuple[csr_array, csr_array]:
    rows.sort_indices()
    if rows.shape[1] == n_owned:
        return rows, csr_array((rows.shape[0], 0))
    return csr_array(rows[:, :n_owned]), csr_array(rows[:, n_owned:])


def _distributed(inner: csr_array, outer: csr_array, down: Part, across: Part) -> PETSc.Mat:
    """PETSc takes the arrays of ``inner`` as they are; those of ``outer``, whose columns it renumbers, are copied."""
    size = ((down.n_owned, down.n_nodes), (across.n_owned, across.n_nodes))
    own = _arrays(inner)
    if down.comm.size == 1:
        return PETSc.Mat().createAIJWithArrays(size, own, comm=down.comm)
    columns = across.global_ids[across.n_owned :][outer.indices]
    far = csr_array((outer.data, columns, outer.indptr), shape=(outer.shape[0], across.n_nodes), copy=True)
    far.sort_indices()
    return PETSc.Mat().createAIJWithArrays(size, (own, _arrays(far)), comm=down.comm)


def _arrays(rows: csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As PETSc wants them: the same arrays, unless its integers are of another kind."""
    kind = PETSc.IntType
    return rows.indptr.astype(kind, copy=False), rows.indices.astype(kind, copy=False), rows.data


def _alike(rows: csr_array, values: np.ndarray) -> csr_array:
    """Other values in the pattern of ``rows``, whose indices are shared."""
    return csr_array((values, rows.indices, rows.indptr), shape=rows.shape)
