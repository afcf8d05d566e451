"""A sparse matrix by rows of owned nodes. The one module that knows how PETSc wants its rows."""

from collections.abc import Iterable

import numpy as np
from petsc4py import PETSc
from scipy.sparse import csr_array

from hpc_twin.fem.field import Field
from hpc_twin.mesh.part import Part


class Matrix:
    """Rows of this rank's owned nodes, columns of local nodes; ``rows`` is scipy's, ``petsc`` the distributed one."""

    def __init__(self, part: Part, rows: csr_array):
        self.part, self.rows = part, rows
        self.petsc = distributed(rows, part, part)
        self.petsc.setOption(PETSc.Mat.Option.SPD, True)

    def combined(self, scale: float, other: "Matrix", factor: float) -> "Matrix":
        """Return ``scale * self + factor * other``; both hold the same pattern."""
        return Matrix(self.part, csr_array(scale * self.rows + factor * other.rows))

    def apply(self, field: Field, result: PETSc.Vec) -> None:
        """``result = A field``; PETSc brings the ghosts' values while it multiplies the owned part."""
        self.petsc.mult(field.vector, result)

    def bytes_per_product(self) -> int:
        """Memory traffic of one product on this rank: values, column indices, row pointers, one vector in, one out."""
        n_rows, n_entries = self.rows.shape[0], self.rows.nnz
        return n_entries * (8 + PETSc.IntType().itemsize) + n_rows * (PETSc.IntType().itemsize + 16)


def distributed(rows: csr_array, down: Part, across: Part) -> PETSc.Mat:
    """PETSc's matrix of rows (down.n_owned, across.n_local): of owned nodes of one part by local nodes of another."""
    columns = across.global_ids[rows.indices]
    csr = csr_array((rows.data, columns, rows.indptr), shape=(rows.shape[0], across.n_nodes), copy=True)
    csr.sort_indices()
    size = ((down.n_owned, down.n_nodes), (across.n_owned, across.n_nodes))
    arrays = (csr.indptr.astype(PETSc.IntType), csr.indices.astype(PETSc.IntType), csr.data)
    return PETSc.Mat().createAIJ(size, csr=arrays, comm=down.comm)


def assembled(part: Part, pieces: Iterable[tuple[np.ndarray, np.ndarray]]) -> Matrix:
    """Sum element matrices into owned rows.

    pieces  (elements (n, k) local nodes, values (n, k, k)), one pair for each kind of element or more.
    Every element that touches an owned node is local, so no communication is needed.
    """
    from scipy.sparse import coo_array

    total = csr_array((part.n_owned, part.n_local))
    for elements, values in pieces:
        size = elements.shape[1]
        rows = np.repeat(elements, size, axis=1).ravel()
        columns = np.tile(elements, (1, size)).ravel()
        mine = rows < part.n_owned
        entries = (values.ravel()[mine], (rows[mine], columns[mine]))
        total = total + coo_array(entries, shape=total.shape).tocsr()
    return Matrix(part, csr_array(total))
