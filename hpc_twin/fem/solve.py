"""Linear solves of symmetric positive definite systems with PETSc's Krylov methods."""

import ctypes
from collections.abc import Mapping

from petsc4py import PETSc

from hpc_twin.fem.matrix import Matrix
from hpc_twin.parallel import InputError, RunError

DEFAULTS = {"ksp_type": "cg", "pc_type": "jacobi"}


class LinearSolver:
    """Solve ``A x = b`` by CG with Jacobi, or whatever PETSc options say; counts its iterations.

    rtol   of the residual r against the right-hand side, both in the norm below
    atol   in the unit of x, for sqrt(r . B r / tr A) with the preconditioner B: with Jacobi and a mass-dominated A the
           root mean square of x's error over the volume. Methods other than CG: |B r| / sqrt(n_nodes), over the nodes.
    guess  start from what ``solution`` holds instead of 0
    Options of PETSc's own database (PETSC_OPTIONS, with the prefix ``name_``) come before ``options``.
    Raises RunError when the method does not converge, InputError for options that PETSc refuses or does not look at.
    """

    def __init__(
        self,
        matrix: Matrix,
        name: str,
        rtol: float,
        atol: float,
        options: Mapping[str, str] | None = None,
        guess: bool = False,
    ):
        self.name, self.iterations, self.solves = name, 0, 0
        self.ksp = PETSc.KSP().create(matrix.part.comm)
        self.ksp.setOperators(matrix.petsc)
        self.ksp.setTolerances(rtol=rtol, divtol=1e30, max_it=1000)  # where V is flat, b is nothing beside the guess
        self.ksp.setInitialGuessNonzero(guess)
        self.ksp.setOptionsPrefix(f"{name}_")
        self._configure({**DEFAULTS, **(options or {})}, atol)

    def solve(self, right: PETSc.Vec, solution: PETSc.Vec) -> None:
        """Overwrite ``solution``; collective."""
        self.ksp.solve(right, solution)
        self.solves += 1
        self.iterations += self.ksp.getIterationNumber()
        reason = self.ksp.getConvergedReason()
        if reason < 0:
            raise RunError(self._why(reason))

    def _configure(self, options: Mapping[str, str], atol: float) -> None:
        """Set up under ``options``, which leave PETSc's database, a global one, when they have been read."""
        prefix = self.ksp.getOptionsPrefix()
        database = PETSc.Options(prefix)
        ours = {key: value for key, value in options.items() if not database.hasName(key)}
        try:
            for key, value in ours.items():
                database.setValue(key, value)
            self.ksp.setFromOptions()
            self._choose_norm(database, atol)
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

    def _choose_norm(self, database: PETSc.Options, atol: float) -> None:
        """CG has r . B r at hand, so that norm saves it a pass over memory and a reduction per iteration."""
        if self.ksp.getType() == PETSc.KSP.Type.CG and not database.hasName("ksp_norm_type"):
            self.ksp.setNormType(PETSc.KSP.NormType.NATURAL)
        matrix, _ = self.ksp.getOperators()
        natural = self.ksp.getNormType() == PETSc.KSP.NormType.NATURAL
        size = matrix.getDiagonal().sum() if natural else matrix.getSize()[0]
        if not database.hasName("ksp_atol"):
            self.ksp.setTolerances(atol=atol * size**0.5)

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
