"""Linear solves of symmetric positive definite systems with PETSc's Krylov methods."""

import ctypes
from collections.abc import Mapping

from petsc4py import PETSc

from hpc_twin.fem.matrix import Matrix
from hpc_twin.parallel import InputError, RunError

DEFAULTS = {"ksp_type": "cg", "pc_type": "jacobi"}


class LinearSolver:
    """Solve ``A x = b`` from x = 0 by CG with Jacobi, or whatever PETSc options say; counts its iterations.

    rtol  of the preconditioned residual against the right-hand side;  atol  of its 2-norm per sqrt(n_nodes), in the
    unit of x: for a Jacobi-preconditioned mass-dominated matrix this is the root-mean-square error of x.
    Options of PETSc's own database (PETSC_OPTIONS, with the prefix ``name_``) come before ``options``.
    Raises RunError when the method does not converge, InputError for options that PETSc refuses or does not look at.
    """

    def __init__(self, matrix: Matrix, name: str, rtol: float, atol: float, options: Mapping[str, str] | None = None):
        self.name, self.iterations, self.solves = name, 0, 0
        comm = matrix.part.comm
        self.ksp = PETSc.KSP().create(comm)
        self.ksp.setOperators(matrix.petsc)
        self.ksp.setTolerances(rtol=rtol, atol=atol * matrix.part.n_nodes**0.5, max_it=1000)
        self.ksp.setOptionsPrefix(f"{name}_")
        self._configure({**DEFAULTS, **(options or {})})

    def solve(self, right: PETSc.Vec, solution: PETSc.Vec) -> None:
        """Overwrite ``solution``; collective."""
        self.ksp.solve(right, solution)
        self.solves += 1
        self.iterations += self.ksp.getIterationNumber()
        reason = self.ksp.getConvergedReason()
        if reason < 0:
            raise RunError(self._why(reason))

    def _configure(self, options: Mapping[str, str]) -> None:
        """Set up under ``options``, which leave PETSc's database, a global one, when they have been read."""
        prefix = self.ksp.getOptionsPrefix()
        database = PETSc.Options(prefix)
        ours = {key: value for key, value in options.items() if not database.hasName(key)}
        try:
            for key, value in ours.items():
                database.setValue(key, value)
            self.ksp.setFromOptions()
            self.ksp.setUp()
            ignored = [key for key in ours if key not in DEFAULTS and not _was_read(prefix + key)]
        except PETSc.Error as error:
            shown = ", ".join(f"{key} = {value}" for key, value in ours.items())
            raise InputError(f"solver.options: PETSc refuses {shown}: {str(error).splitlines()[-1]}") from None
        finally:
            for key in ours:
                database.delValue(key)
        if ignored:
            kinds = f"{self.ksp.getType()} with {self.ksp.getPC().getType()}"
            raise InputError(
                f"solver.options: found {', '.join(ignored)}, which {kinds} does not know: see PETSc's manual pages of "
                "KSP and PC"
            )

    def _why(self, reason: int) -> str:
        words = {v: k for k, v in vars(PETSc.KSP.ConvergedReason).items() if isinstance(v, int) and v < 0}
        return (
            f"solver '{self.name}' ({self.ksp.getType()} + {self.ksp.getPC().getType()}) stopped after "
            f"{self.ksp.getIterationNumber()} iterations: {words.get(reason, reason)}, "
            f"residual norm {self.ksp.getResidualNorm():.3g}"
        )


def _was_read(option: str) -> bool:
    """Whether PETSc has looked at ``option``. petsc4py has Options.used since 3.21; the C function is older."""
    used = ctypes.c_int()
    ctypes.CDLL(PETSc.__file__).PetscOptionsUsed(None, option.encode(), ctypes.byref(used))
    return bool(used.value)
