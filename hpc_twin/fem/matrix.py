"""A sparse matrix by rows of owned nodes. The one module that knows how PETSc wants its rows."""

from functools import cached_property

import numpy as np
from petsc4py import PETSc
from scipy.sparse import csr_array, hstack

from hpc_twin.fem.field import Field
from hpc_twin.fem.growing import Growing, alike
from hpc_twin.mesh.part import Part

AT_ONCE = 1 << 20  # entries that are added at a time: bounds the scratch memory to 8 MB


class Matrix:
    """Rows of this rank's owned nodes: ``inner`` (n_owned, n_owned) their columns of owned nodes, ``outer`` of ghosts.

    Entries are held once: ``petsc``, the distributed matrix, works on the arrays of ``inner``.
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

    def explicit(self) -> "Matrix":
        """Itself: all entries are there."""
        return self

    @property
    def rows(self) -> csr_array:
        """(n_owned, n_local) all columns; a copy where there are ghosts."""
        return csr_array(hstack((self.inner, self.outer))) if self.outer.shape[1] else self.inner

    def scaled(self, factor: float) -> "Matrix":
        """Return ``factor * self``."""
        return Matrix(self.part, *(alike(rows, factor * rows.data) for rows in (self.inner, self.outer)))

    def add(self, factor: float, other: "Matrix") -> "Matrix":
        """``self += factor * other``, of the same pattern; in place, before ``petsc`` is made. Returns itself."""
        accumulate(self.inner.data, factor, other.inner.data)
        accumulate(self.outer.data, factor, other.outer.data)
        return self

    def apply(self, field: Field, result: PETSc.Vec) -> None:
        """``result = A field``; PETSc brings the ghosts' values while it multiplies the owned part."""
        self.petsc.mult(field.vector, result)

    def bytes_per_product(self) -> int:
        """Memory traffic of one product on this rank: values, column indices, row pointers, one vector in, one out."""
        n_rows, n_entries = len(self.inner.indptr) - 1, self.inner.nnz + self.outer.nnz
        return n_entries * (8 + PETSc.IntType().itemsize) + n_rows * (PETSc.IntType().itemsize + 16)


class Stack:
    """Rows of a Matrix on ``part``, put below one another."""

    def __init__(self, part: Part):
        self._part = part
        self._inner, self._outer = (Growing(part, PETSc.IntType) for _ in range(2))

    def put(self, rows: csr_array) -> None:
        """The next ones (n, n_local)."""
        self._inner.put(rows[:, : self._part.n_owned])
        self._outer.put(rows[:, self._part.n_owned :])

    def matrix(self) -> Matrix:
        """Of all of them."""
        part = self._part
        return Matrix(part, self._inner.matrix(part.n_owned), self._outer.matrix(part.n_local - part.n_owned))


def accumulate(values: np.ndarray, factor: float, others: np.ndarray) -> None:
    """``values += factor * others``, piece by piece. Raises ValueError where they are not equally many."""
    if len(values) != len(others):
        raise ValueError(f"matrices of {len(values)} and {len(others)} entries have not one pattern")
    for first in range(0, len(values), AT_ONCE):
        values[first : first + AT_ONCE] += factor * others[first : first + AT_ONCE]


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
