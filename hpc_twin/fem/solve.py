"""Linear solves of symmetric positive definite systems with PETSc's Krylov methods."""

from collections.abc import Mapping

from petsc4py import PETSc

from hpc_twin.fem.matrix import Matrix
from hpc_twin.parallel import RunError

DEFAULTS = {"ksp_type": "cg", "pc_type": "jacobi"}


class LinearSolver:
    """Solve ``A x = b`` from x = 0 by CG with Jacobi, or whatever PETSc options say; counts its iterations.

    rtol  of the preconditioned residual against the right-hand side;  atol  of its 2-norm per sqrt(n_nodes), in the
    unit of x: for a Jacobi-preconditioned mass-dominated matrix this is the root-mean-square error of x.
    Raises RunError when the method does not converge.
    """

    def __init__(self, matrix: Matrix, name: str, rtol: float, atol: float, options: Mapping[str, str] | None = None):
        self.name, self.iterations, self.solves = name, 0, 0
        comm = matrix.part.comm
        self.ksp = PETSc.KSP().create(comm)
        self.ksp.setOperators(matrix.petsc)
        self.ksp.setTolerances(rtol=rtol, atol=atol * matrix.part.n_nodes**0.5, max_it=1000)
        self.ksp.setOptionsPrefix(f"{name}_")
        given = PETSc.Options(f"{name}_")
        for key, value in {**DEFAULTS, **(options or {})}.items():
            if not given.hasName(key):
                given.setValue(key, value)
        self.ksp.setFromOptions()
        self.ksp.setUp()

    def solve(self, right: PETSc.Vec, solution: PETSc.Vec) -> None:
        """Overwrite ``solution``; collective."""
        self.ksp.solve(right, solution)
        self.solves += 1
        self.iterations += self.ksp.getIterationNumber()
        reason = self.ksp.getConvergedReason()
        if reason < 0:
            raise RunError(self._why(reason))

    def _why(self, reason: int) -> str:
        words = {v: k for k, v in vars(PETSc.KSP.ConvergedReason).items() if isinstance(v, int) and v < 0}
        return (
            f"solver '{self.name}' ({self.ksp.getType()} + {self.ksp.getPC().getType()}) stopped after "
            f"{self.ksp.getIterationNumber()} iterations: {words.get(reason, reason)}, "
            f"residual norm {self.ksp.getResidualNorm():.3g}"
        )
