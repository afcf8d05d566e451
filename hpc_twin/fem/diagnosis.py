"""Why a linear solve failed: what PETSc says, how the residual went, what is wrong with the system, what to try."""

import numpy as np
from petsc4py import PETSc

OTHERS = 'try ksp_type = "gmres" or another pc_type'
TRY = {
    "DIVERGED_MAX_IT": "the tolerance may lie below rounding (raise it), or the preconditioner be too weak for "
    'elements of so different size or conductivity: try pc_type = "hypre" or "gamg", or a smaller tissue.dt',
    "DIVERGED_DTOL": f"the residual grows: {OTHERS}, or a smaller tissue.dt",
    "DIVERGED_BREAKDOWN": f"the method broke down: {OTHERS}",
    "DIVERGED_INDEFINITE_PC": f"the preconditioner is not positive definite, which CG needs: {OTHERS}",
    "DIVERGED_INDEFINITE_MAT": "the matrix is not positive definite: a conductivity or tissue.dt is negative, or the "
    "mesh has inverted elements ('hpc-twin mesh info' finds them)",
    "DIVERGED_NANORINF": "a number overflowed: reduce tissue.dt or the strength of stimuli",
    "DIVERGED_PC_FAILED": 'the preconditioner could not be computed: try pc_type = "jacobi"',
}  # fmt: skip


def diagnosis(ksp: PETSc.KSP, name: str, right: PETSc.Vec) -> str:
    """Several sentences on the solve that ``ksp`` has just failed; collective."""
    reason = _word(ksp.getConvergedReason())
    causes = _causes(ksp, right) or [TRY.get(reason, "try other solver options")]
    return (
        f"solver '{name}' ({ksp.getType()} + {ksp.getPC().getType()}) stopped after {ksp.getIterationNumber()} "
        f"iterations: {reason}, residual norm {_history(ksp)}; {'; '.join(causes)}"
    )


def _word(reason: int) -> str:
    words = {v: k for k, v in vars(PETSc.KSP.ConvergedReason).items() if isinstance(v, int) and v < 0}
    return words.get(reason, str(reason))


def _history(ksp: PETSc.KSP) -> str:
    """A few norms from the first to the last, with the iterations they belong to."""
    norms = ksp.getConvergenceHistory()
    if len(norms) < 2:
        return f"{ksp.getResidualNorm():.3g}"
    shown = np.unique(np.geomspace(1, len(norms), 6).astype(int) - 1)
    return ", ".join(f"{norms[i]:.3g} ({i})" for i in shown)


def _causes(ksp: PETSc.KSP, right: PETSc.Vec) -> list[str]:
    """What can be seen to be wrong with the right-hand side and the matrix."""
    if not np.isfinite(right.norm()):
        return ["the right-hand side is not a number: V or a stimulus has overflowed before; reduce tissue.dt"]
    matrix, _ = ksp.getOperators()
    return flaws(matrix)


def flaws(matrix: PETSc.Mat) -> list[str]:
    """What is wrong with a matrix that should be positive definite, or have its kernel told; collective."""
    diagonal = matrix.getDiagonal()
    if not np.isfinite(diagonal.norm()):
        return ["the matrix holds infinite numbers: an element has no volume ('hpc-twin mesh info' finds it)"]
    found = []
    row, smallest = diagonal.min()
    if smallest <= 0:
        found.append(
            f"row {row} of the matrix has {smallest:.3g} on its diagonal: a conductivity is zero or negative, or an "
            "element's volume ('hpc-twin mesh info' finds it)"
        )
    if not matrix.getNullSpace() and _sends_constants_to_zero(matrix, diagonal.max()[1]):
        found.append(
            "the matrix is singular, since a constant more or less changes nothing: the potential needs a ground or a "
            "reference"
        )
    return found


def _sends_constants_to_zero(matrix: PETSc.Mat, size: float) -> bool:
    ones = matrix.createVecRight()
    ones.set(1.0)
    return (matrix * ones).norm(PETSc.NormType.INFINITY) < 1e-10 * size
