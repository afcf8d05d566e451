"""Elliptic problems with prescribed nodal values: rows and columns eliminated, so the matrix stays symmetric."""

import numpy as np
from scipy.sparse import csr_array, diags

from hpc_twin.fem.field import Field
from hpc_twin.fem.matrix import Matrix
from hpc_twin.fem.solve import LinearSolver

RTOL = 1e-12  # fibre directions come from gradients of these fields, also where they are nearly flat
MULTIGRID = {"pc_type": "gamg"}  # in every PETSc; half hypre's time for a heart of 65,000 nodes, as Jacobi's there


class DirichletSolver:
    """Solve ``A u = 0`` on free nodes, ``u = g`` on fixed ones, for one matrix and one set of fixed nodes.

    A_ff u_f = -A_fd g_d;  identity rows on fixed nodes.  CG with algebraic multigrid, set up once for any number
    of values. Raises RunError when the iteration does not converge.

    fixed  (n_local,) bool, owned and ghost nodes alike
    """

    def __init__(self, matrix: Matrix, fixed: np.ndarray, name: str = "laplace"):
        part = matrix.part
        self.fixed = fixed
        self._mine = fixed[: part.n_owned]
        free = diags((~self._mine).astype(float))
        self._coupling = csr_array(free @ matrix.rows @ diags(fixed.astype(float)))
        inner = free @ matrix.rows @ diags((~fixed).astype(float))
        unit = diags(self._mine.astype(float), shape=inner.shape)
        self._solver = LinearSolver(Matrix(part, csr_array(inner + unit)), name, RTOL, 0.0, MULTIGRID)
        self._right = Field(part, "right-hand side", "1")

    def solve(self, values: np.ndarray, solution: Field) -> None:
        """Overwrite ``solution`` (ghosts too) for the fixed nodes' ``values`` (n_local,), zero or any elsewhere."""
        self._right.owned[:] = np.where(self._mine, values[: len(self._mine)], -(self._coupling @ values))
        self._right.touched()
        self._solver.solve(self._right.vector, solution.vector)
        solution.owned[self._mine] = values[: len(self._mine)][self._mine]
        solution.touched()
        solution.update_ghosts()
