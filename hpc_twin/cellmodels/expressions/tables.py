"""Tables over V: which expressions to tabulate, and piecewise cubic polynomials for them with a checked error.

V from LOW to HIGH is cut into rows of WIDTH. On each row a column is the cubic through its values at the four Chebyshev
points, all inside the row: a jump between two rows (branches at V = -40 mV) stays sharp. The error is checked where it
is largest for a smooth function, at the extremes of the Chebyshev polynomial T_4: the middle, the ends and between.
"""

from collections.abc import Sequence

import numpy as np

from hpc_twin.cellmodels.expressions.algebra import TRUTHS
from hpc_twin.cellmodels.expressions.ir import Expr, depends, evaluate, ordered, var
from hpc_twin.cellmodels.expressions.substitution import substituted

LOW, HIGH, WIDTH = -128.0, 80.0, 0.5  # mV
TOLERANCE = 1e-6  # error over |f(V)|, or over FLOOR times the largest |f| where that is more
FLOOR = 1e-3
STEPS = (0.005, 0.02, 0.1)  # ms: a column is taken if it holds the tolerance for all of these dt
LEAST = 0.5  # ns: what computes faster is not worth a column
FEWEST = 16  # columns; fewer take as long as they save
COSTS = {"exp": 0.57, "log": 1.0, "log10": 1.0, "pow": 1.6, "sqrt": 0.5, "div": 0.3}  # ns; all others OTHER
OTHER = 0.05

_NODES = (1 - np.cos((2 * np.arange(4) + 1) * np.pi / 8)) / 2
_CHECKS = (1 - np.cos(np.arange(5) * np.pi / 4) * (1 - 2e-6)) / 2  # the ends a little inside
_INVERSE = np.linalg.inv(np.vander(_NODES, increasing=True))


def sample_points() -> np.ndarray:
    """V [mV] where columns are computed, shape (9, n_rows): at the four nodes, then where the error is checked."""
    left = np.arange(LOW, HIGH, WIDTH)
    return left + WIDTH * np.concatenate([_NODES, _CHECKS])[:, None]


def fitted(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(coefficients c of sum c_p ((V - left)/WIDTH)^p, shape (n_columns, 4, n_rows); error of each column).

    ``samples`` (n_columns, 9, n_rows) are the values at ``sample_points``; the error is NaN where they are not finite.
    """
    with np.errstate(all="ignore"):
        coefficients = np.einsum("pn,cnr->cpr", _INVERSE, samples[:, :4])
        exact = samples[:, 4:]
        found = np.einsum("qp,cpr->cqr", np.vander(_CHECKS, 4, increasing=True), coefficients)
        size = np.abs(exact)
        scale = np.maximum(size, FLOOR * size.max((1, 2), keepdims=True) + np.finfo(float).tiny)
        return coefficients, (np.abs(found - exact) / scale).max((1, 2))


def tabulated(outputs: list[Expr], v: str, tolerance: float = TOLERANCE) -> tuple[list[Expr], list[Expr]]:
    """(``outputs`` with variables ``column(k)`` in them, the expressions of these columns in V and dt): none if few."""
    candidates = _candidates(outputs, v)
    errors = [_errors(candidates, v, dt) for dt in STEPS] if candidates else []
    columns = [node for node, *found in zip(candidates, *errors, strict=True) if all(e <= tolerance for e in found)]
    if len(columns) < FEWEST:
        return outputs, []
    return substituted(outputs, {node: column(k) for k, node in enumerate(columns)}), columns


def column(k: int) -> Expr:
    """The variable that stands for column k; no name of a model has a blank."""
    return var(f"column {k}")


def _errors(columns: Sequence[Expr], v: str, dt: float) -> np.ndarray:
    V = sample_points()
    values = evaluate(columns, {v: V, "dt": dt})
    return fitted(np.array([np.broadcast_to(value, V.shape) for value in values]))[1]


def _candidates(outputs: list[Expr], v: str) -> list[Expr]:
    """The largest costly expressions of V (and dt) alone, without factors that are cheap."""
    needs = depends(outputs)
    waiting = [node for node in outputs if needs[node] <= {v, "dt"}]
    for node in needs:
        if not needs[node] <= {v, "dt"}:
            waiting += [a for a in node.operands if needs[a] <= {v, "dt"}]
    found: dict[Expr, None] = {}
    while waiting:
        node = waiting.pop()
        if v in needs[node] and _costly(node) and node.op not in TRUTHS:
            costly = [a for a in node.operands if v in needs[a] and _costly(a)]
            if node.op in ("mul", "neg") and len(costly) == 1:
                waiting += costly
            else:
                found.setdefault(node)
    return list(found)


def _costly(node: Expr) -> bool:
    return sum(COSTS.get(each.op, OTHER) for each in ordered([node]) if each.operands) >= LEAST
