"""Linear solves of symmetric positive definite or semidefinite systems with PETSc's Krylov methods."""

import ctypes
from collections.abc import Mapping
from typing import Protocol

from petsc4py import PETSc

from hpc_twin.fem.diagnosis import diagnosis, flaws
from hpc_twin.parallel import InputError, RunError

DEFAULTS = {"ksp_type": "cg", "pc_type": "jacobi"}
# Without rtol nothing asks for the norm of b, which PETSc would take in every solve: a reduction and a vector more.
WITHOUT_RTOL = {"ksp_converged_use_initial_residual_norm": "true"}
# They have r . B r at hand, so the natural norm costs nothing: no pass over memory, and in cg itself no reduction.
NATURAL = ("cg", "groppcg", "pipecg", "pipecgrr", "pipecg2", "pipeprcg", "pipelcg", "fcg", "pipefcg")
HISTORY = 1000  # norms of the residual that are kept, for the message of a solve that fails


BY_PRODUCT = ("jacobi", "none")  # preconditioners that need no entries but the diagonal


class Operator(Protocol):
    """What can be solved: whatever has a PETSc matrix, which may know its product and diagonal only."""

    @property
    def petsc(self) -> PETSc.Mat: ...

    def explicit(self) -> "Operator":
        """One that has all entries."""
        ...


class LinearSolver:
    """Solve ``A x = b`` by CG with Jacobi, or whatever PETSc options say; counts its iterations.

    rtol   of the residual r against the right-hand side, both in the norm below; 0: ``atol`` alone counts
    atol   in the unit of x, for sqrt(r . B r / tr A) with the preconditioner B: with Jacobi and a mass-dominated A the
           root mean square of x's error over the volume. Methods not in NATURAL: |B r| / sqrt(n_nodes), over the nodes.
    guess  start from what ``solution`` holds instead of 0
    kernel a vector z with A z = 0: A is semidefinite, b is made orthogonal to z, and so is x unless a guess is not
    key    where a case gives ``options``, for messages
    Options of PETSc's own database (PETSC_OPTIONS, with the prefix ``name_``) come before ``options``.
    Raises RunError when the method does not converge, InputError for options that PETSc refuses or does not look at.
    """

    def __init__(
        self,
        matrix: Operator,
        name: str,
        rtol: float,
        atol: float,
        options: Mapping[str, str] | None = None,
        guess: bool = False,
        kernel: PETSc.Vec | None = None,
        key: str = "solver.options",
    ):
        self.name, self.iterations, self.solves, self._key = name, 0, 0, key
        self._matrix, self._kernel = matrix, _attached(matrix, kernel)
        self.ksp = PETSc.KSP().create(matrix.petsc.comm)
        self.ksp.setOperators(matrix.petsc)
        self.ksp.setTolerances(rtol=rtol, divtol=1e30, max_it=1000)  # where V is flat, b is nothing beside the guess
        self.ksp.setInitialGuessNonzero(guess)
        self.ksp.setConvergenceHistory(HISTORY, reset=True)
        self.ksp.setOptionsPrefix(f"{name}_")
        self._configure({**DEFAULTS, **(options or {})}, rtol, atol)

    def solve(self, right: PETSc.Vec, solution: PETSc.Vec, rtol: float = 1.0) -> None:
        """Overwrite ``solution``, and ``right`` by its part in the range of a semidefinite A; collective.

        ``rtol``: of this solve alone, where it is the tighter one.
        """
        if self._kernel is not None:
            self._kernel.remove(right)
        usual = self.ksp.rtol
        self.ksp.rtol = min(usual, rtol)
        self.ksp.solve(right, solution)
        self.ksp.rtol = usual
        self.solves += 1
        self.iterations += self.ksp.getIterationNumber()
        if self.ksp.getConvergedReason() < 0:
            raise RunError(diagnosis(self.ksp, self.name, right))

    def _configure(self, options: Mapping[str, str], rtol: float, atol: float) -> None:
        """Set up under ``options``, which leave PETSc's database, a global one, when they have been read."""
        prefix = self.ksp.getOptionsPrefix()
        database = PETSc.Options(prefix)
        if not rtol and "ksp_rtol" not in options and not database.hasName("ksp_rtol"):
            options = {**WITHOUT_RTOL, **options}
        ours = {key: value for key, value in options.items() if not database.hasName(key)}
        try:
            for key, value in ours.items():
                database.setValue(key, value)
            self.ksp.setFromOptions()
            self._give_entries(database)
            self._choose_norm(database, atol)
            self.ksp.setUp()
            ignored = [key for key in ours if key not in (*DEFAULTS, *WITHOUT_RTOL) and not _was_read(prefix + key)]
        except PETSc.Error as error:
            self._refuse_flaws()
            shown = ", ".join(f"{key} = {value}" for key, value in ours.items() if key not in WITHOUT_RTOL)
            raise InputError(f"{self._key}: PETSc refuses {shown}: {str(error).splitlines()[-1]}") from None
        finally:
            for key in ours:
                database.delValue(key)
        if ignored:
            kinds = f"{self.ksp.getType()} with {self.ksp.getPC().getType()}"
            raise InputError(
                f"{self._key}: found {', '.join(ignored)}, which {kinds} does not know: see PETSc's manual pages of "
                "KSP and PC"
            )

    def _give_entries(self, database: PETSc.Options) -> None:
        """To a preconditioner that needs them; Eisenstat's takes the matrix apart with which the method multiplies."""
        kind = self.ksp.getPC().getType()
        if kind not in BY_PRODUCT or database.hasName("pc_jacobi_type"):
            entries = self._matrix.explicit().petsc
            self.ksp.setOperators(entries if kind == "eisenstat" else self._matrix.petsc, entries)

    def _choose_norm(self, database: PETSc.Options, atol: float) -> None:
        """Of what ``rtol`` and ``atol`` are about."""
        if self.ksp.getType() in NATURAL and not database.hasName("ksp_norm_type"):
            self.ksp.setNormType(PETSc.KSP.NormType.NATURAL)
        matrix, _ = self.ksp.getOperators()
        natural = self.ksp.getNormType() == PETSc.KSP.NormType.NATURAL
        size = matrix.getDiagonal().sum() if natural else matrix.getSize()[0]
        if not size > 0:
            self._refuse_flaws()
        if not database.hasName("ksp_atol"):
            self.ksp.setTolerances(atol=atol * size**0.5)

    def _refuse_flaws(self) -> None:
        if found := flaws(self.ksp.getOperators()[0]):
            raise RunError(f"solver '{self.name}' cannot be set up: {'; '.join(found)}")


def _attached(matrix: Operator, kernel: PETSc.Vec | None) -> PETSc.NullSpace | None:
    """Tell the matrix of its kernel, of which the method then keeps free."""
    if kernel is None:
        return None
    unit = kernel.copy()
    unit.normalize()
    space = PETSc.NullSpace().create(vectors=[unit], comm=matrix.petsc.comm)
    matrix.petsc.setNullSpace(space)
    return space


def _was_read(option: str) -> bool:
    """Whether PETSc has looked at ``option``. petsc4py has Options.used since 3.21; the C function is older."""
    used = ctypes.c_int()
    ctypes.CDLL(PETSc.__file__).PetscOptionsUsed(None, option.encode(), ctypes.byref(used))
    return bool(used.value)
