"""A symmetric matrix of which half is stored: half the memory of its rows, and less of the time of a product."""

import ctypes
from functools import cached_property
from pathlib import Path

import numpy as np
from petsc4py import PETSc
from scipy.sparse import csr_array, diags, hstack, tril

from hpc_twin.compiling import build, opened
from hpc_twin.fem.field import Field
from hpc_twin.fem.growing import Growing
from hpc_twin.fem.matrix import Matrix, accumulate
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import together

SOURCE = Path(__file__).with_name("symmetric.c")
# of PETSc, in the order of the struct Petsc of symmetric.c
FUNCTIONS = ("MatShellGetContext", "VecScatterBegin", "VecScatterEnd", "VecGetArrayRead", "VecRestoreArrayRead",
             "VecGetArray", "VecRestoreArray")  # fmt: skip
OPERATIONS = {3: "multiply", 5: "multiply", 17: "diagonal"}  # PETSc's MATOP_MULT, _MULT_TRANSPOSE and _GET_DIAGONAL


class Symmetric:
    """Rows of this rank's owned nodes:  (A x)_a = d_a x_a + sum_b l_ab x_b + sum_b l_ba x_b + sum_c f_ac x_c.

    diagonal  (n_owned,) d
    below     (n_owned, n_owned) l, entries left of the diagonal, columns of owned nodes
    far       (n_far, n_ghosts) f, columns of ghosts, of the owned nodes ``far_rows`` (n_far,) that have any; each rank
              holds its own half of what two share, so a product sends nothing but the ghosts' values
    Where a preconditioner needs entries, ``explicit`` has all of them.
    """

    def __init__(self, part: Part, diagonal: np.ndarray, below: csr_array, far: csr_array, far_rows: np.ndarray):
        self.part, self.diagonal, self.below, self.far, self.far_rows = part, diagonal, below, far, far_rows

    @property
    def petsc(self) -> PETSc.Mat:
        """Made at its first use, which is collective; from then on entries stay as they are, and as long as it does."""
        return self._shell.matrix

    @cached_property
    def _shell(self) -> "_Shell":
        return _Shell(self.part, self.diagonal, self.below, self.far, self.far_rows)

    @property
    def rows(self) -> csr_array:
        """(n_owned, n_local) all columns; a copy."""
        near = csr_array(self.below + self.below.T + diags(self.diagonal, shape=self.below.shape))
        ends = np.zeros(len(self.diagonal) + 1, self.far.indptr.dtype)
        ends[self.far_rows + 1] = np.diff(self.far.indptr)
        shape = (len(self.diagonal), self.far.shape[1])
        return csr_array(hstack((near, csr_array((self.far.data, self.far.indices, np.cumsum(ends)), shape=shape))))

    def explicit(self) -> Matrix:
        """By rows, a copy."""
        return Matrix.of(self.part, self.rows)

    def add(self, factor: float, other: "Symmetric") -> "Symmetric":
        """``self += factor * other``, of the same pattern; in place, before ``petsc`` is made. Returns itself."""
        accumulate(self.diagonal, factor, other.diagonal)
        accumulate(self.below.data, factor, other.below.data)
        accumulate(self.far.data, factor, other.far.data)
        return self

    def apply(self, field: Field, result: PETSc.Vec) -> None:
        """``result = A field``; ghosts' values travel while the owned part is multiplied."""
        self.petsc.mult(field.vector, result)

    def bytes_per_product(self) -> int:
        """Memory traffic of one product on this rank: values, column indices, row ends, diagonal, x, y."""
        n_rows, n_entries = len(self.diagonal), self.below.nnz + self.far.nnz
        return n_entries * (8 + 4) + n_rows * (4 + 8 + 16)


class Halves:
    """Rows of a Symmetric on ``part``, put below one another; ``like``: another one, whose pattern they share."""

    def __init__(self, part: Part, like: Symmetric | None = None):
        self._part, self._first, self._like = part, 0, like
        self._diagonal = np.empty(part.n_owned)
        self._below = Growing(part, np.int32, None if like is None else like.below)
        self._far = Growing(part, np.int32, None if like is None else like.far)
        self._far_rows: list[np.ndarray] = [np.empty(0, np.int32)]

    def put(self, rows: csr_array) -> None:
        """The next ones (n, n_local)."""
        first, n_owned = self._first, self._part.n_owned
        self._first += rows.shape[0]
        near, far = csr_array(rows[:, :n_owned]), csr_array(rows[:, n_owned:])
        self._diagonal[first : self._first] = near.diagonal(first)
        self._below.put(csr_array(tril(near, first - 1)))
        some = np.flatnonzero(np.diff(far.indptr))
        self._far_rows.append((first + some).astype(np.int32))
        self._far.put(csr_array(far[some]))

    def matrix(self) -> Symmetric:
        """Of all of them."""
        part = self._part
        far_rows = np.concatenate(self._far_rows) if self._like is None else self._like.far_rows
        below, far = self._below.matrix(part.n_owned), self._far.matrix(part.n_local - part.n_owned)
        return Symmetric(part, self._diagonal, below, far, far_rows)


class _Matrix(ctypes.Structure):
    """The struct Matrix of symmetric.c."""

    _fields_ = (
        ("n", ctypes.c_long),
        *((name, ctypes.c_void_p) for name in ("ends", "columns", "below", "diagonal")),
        ("n_far", ctypes.c_long),
        *((name, ctypes.c_void_p) for name in ("far_rows", "far_ends", "far_columns", "far", "scatter", "ghosts")),
    )


class _Shell:
    """PETSc's matrix that knows its product and its diagonal, and what these need as long as they are called.

    It is C all the way: a shell of Python's would be called for every product, and when PETSc ends, after Python has.
    """

    def __init__(self, part: Part, diagonal: np.ndarray, below: csr_array, far: csr_array, far_rows: np.ndarray):
        library = build([SOURCE.read_text()], part.comm)[0]
        with together(part.comm):
            functions = _functions(library)
        self._ghosts, self._scatter = _ghosts(part)
        self._kept = (below.indptr, below.indices, below.data, diagonal, far_rows, far.indptr, far.indices, far.data)
        addresses = [array.ctypes.data for array in self._kept]
        halo = (None, None) if self._scatter is None else (self._scatter.handle, self._ghosts.handle)
        self._struct = _Matrix(part.n_owned, *addresses[:4], len(far_rows), *addresses[4:], *halo)
        size = (part.n_owned, part.n_nodes)
        self.matrix = PETSc.Mat().create(part.comm)
        self.matrix.setSizes((size, size))
        self.matrix.setType(PETSc.Mat.Type.SHELL)
        made = ctypes.c_void_p(self.matrix.handle)
        _petsc("MatShellSetContext", made, ctypes.byref(self._struct))
        for operation, function in functions.items():
            _petsc("MatShellSetOperation", made, operation, function)
        self.matrix.setUp()
        self.matrix.setOption(PETSc.Mat.Option.SPD, True)


def _functions(path: Path) -> dict[int, ctypes.c_void_p]:
    """Of the library: PETSc's number of an operation -> its address."""
    library, petsc = opened(path), ctypes.CDLL(PETSc.__file__)
    known = (ctypes.c_void_p * len(FUNCTIONS))(*(_address(petsc, name).value for name in FUNCTIONS))
    library.know(known)
    return {number: _address(library, name) for number, name in OPERATIONS.items()}


def _address(library: ctypes.CDLL, name: str) -> ctypes.c_void_p:
    return ctypes.cast(getattr(library, name), ctypes.c_void_p)


def _petsc(name: str, *words: object) -> None:
    """Call PETSc where petsc4py does not."""
    if error := getattr(ctypes.CDLL(PETSc.__file__), name)(*words):
        raise PETSc.Error(error)


def _ghosts(part: Part) -> tuple[PETSc.Vec, PETSc.Scatter | None]:
    """A place for the ghosts' values, and what brings them; no scatter where there is one rank."""
    values = PETSc.Vec().createSeq(part.n_local - part.n_owned)
    if part.comm.size == 1:
        return values, None
    owners = PETSc.IS().createGeneral(part.global_ids[part.n_owned :].astype(PETSc.IntType), comm=PETSc.COMM_SELF)
    everywhere = PETSc.Vec().createMPI((part.n_owned, part.n_nodes), comm=part.comm)
    return values, PETSc.Scatter().create(everywhere, owners, values, None)
