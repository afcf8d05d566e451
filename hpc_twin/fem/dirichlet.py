"""Elliptic problems with prescribed nodal values: rows and columns eliminated, so the matrix stays symmetric."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array, diags

from hpc_twin.fem.field import Field
from hpc_twin.fem.matrix import Matrix
from hpc_twin.fem.pieces import pieces
from hpc_twin.fem.solve import LinearSolver
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import max_over

RTOL = 1e-12  # fibre directions come from gradients of these fields, also where they are nearly flat
MULTIGRID = {"pc_type": "gamg"}  # in every PETSc; half hypre's time for a heart of 65,000 nodes, as Jacobi's there


class DirichletSolver:
    """Solve ``A u = b`` on free nodes, ``u = g`` on fixed ones, for one matrix and one set of fixed nodes.

    A_ff u_f = b_f - A_fd g_d;  on fixed nodes the diagonal alone.  CG with algebraic multigrid, set up once for any
    number of values. Where no node is fixed, ``floating``, a constant is in A's kernel: b is made orthogonal to it, and
    u has zero mean over the nodes (Bochev & Lehoucq 2005, SIAM Review 47:50). This holds for the largest piece of what
    is connected; u is 0 at the first node of each other piece of which no node is fixed, and wherever nothing conducts.
    Raises RunError when the iteration does not converge.

    piece    (n_local,) see pieces;  pinned: pieces that nothing holds, but the largest
    fixed    (n_local,) bool, owned and ghost nodes alike;  self.fixed: owned node indices, self.free: the opposite
    options  PETSc's, over those of multigrid;  guess: start from what ``solution`` holds;  rest: see LinearSolver
    """

    def __init__(
        self,
        matrix: Matrix,
        fixed: np.ndarray,
        name: str = "laplace",
        rtol: float = RTOL,
        atol: float = 0.0,
        options: Mapping[str, str] | None = None,
        guess: bool = False,
        key: str = "solver.options",
    ):
        part, rows, diagonal = matrix.part, matrix.rows, matrix.inner.diagonal()
        self.floating = not max_over(part.comm, bool(fixed.any()))
        self.piece = pieces(matrix)
        main, self.pinned = _without_hold(part, self.piece, diagonal, fixed)
        fixed = fixed | (np.isin(self.piece, self.pinned) & (self.piece == part.node_ids))
        self.free, self.fixed = ~fixed, np.flatnonzero(fixed[: part.n_owned])
        self._scale = diagonal[self.fixed]
        free = diags((~fixed[: part.n_owned]).astype(float))
        self._coupling = csr_array(free @ rows @ diags(fixed.astype(float)))
        self._coupling.eliminate_zeros()
        alone = np.where(diagonal == 0, 1.0, diagonal * fixed[: part.n_owned])
        if max_over(part.comm, bool(alone.any())):
            inner = free @ rows @ diags((~fixed).astype(float))
            matrix = Matrix.of(part, csr_array(inner + diags(alone, shape=inner.shape)))
        self.matrix = matrix
        self.kernel = Field(part, "kernel", "1")
        self.kernel.owned[:] = self.piece[: part.n_owned] == main
        self.kernel.touched()
        options = {**MULTIGRID, **(options or {})}
        null = self.kernel.vector if self.floating else None
        self.solver = LinearSolver(self.matrix, name, rtol, atol, options, guess, null, key)
        self._right = Field(part, "right-hand side", "1")

    def solve(
        self, values: np.ndarray | None, solution: Field, right: np.ndarray | None = None, rtol: float = 1.0
    ) -> None:
        """Overwrite ``solution`` (ghosts too); collective.

        values  (n_local,) g on fixed nodes, zero or any elsewhere; None is zero everywhere
        right   (n_owned,) b, None is zero
        rtol    of this solve alone, where it is tighter than the solver's
        """
        self._right.owned[:] = 0.0 if right is None else right
        self._right.owned[self.fixed] = 0.0
        if values is not None:
            self._right.owned[:] -= self._coupling @ values
            self._right.owned[self.fixed] = self._scale * values[self.fixed]
        self._right.touched()
        self.solver.solve(self._right.vector, solution.vector, rtol)
        solution.owned[self.fixed] = 0.0 if values is None else values[self.fixed]
        solution.touched()
        solution.update_ghosts()


def _without_hold(part: Part, piece: np.ndarray, diagonal: np.ndarray, fixed: np.ndarray) -> tuple[int, list[int]]:
    """Of the pieces that conduct and have no fixed node: the one that may float, or -1, and the others; collective."""
    conducting, counts = np.unique(piece[: part.n_owned][diagonal != 0], return_counts=True)
    sizes: dict[int, int] = {}
    for found in part.comm.allgather(dict(zip(conducting.tolist(), counts.tolist(), strict=True))):
        for name, count in found.items():
            sizes[name] = sizes.get(name, 0) + count
    held = set().union(*part.comm.allgather(set(np.unique(piece[fixed]).tolist())))
    loose = sorted(set(sizes) - held)
    main = -1 if held or not loose else max(loose, key=lambda name: (sizes[name], -name))
    return main, [name for name in loose if name != main]
