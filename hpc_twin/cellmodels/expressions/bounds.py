"""Bounds of expressions by interval arithmetic: what may be multiplied without overflow."""

from collections.abc import Callable

import numpy as np

from hpc_twin.cellmodels.expressions.ir import Expr, ordered

Interval = tuple[float, float]
LARGEST_V, LARGEST_STATE = 400.0, 1e9
EVERYTHING: Interval = (-np.inf, np.inf)


def bounds(outputs: list[Expr], v: str | None) -> dict[Expr, Interval]:
    """An interval that holds each node while |V| <= 400 mV and all other variables but time are below 1e9."""
    found: dict[Expr, Interval] = {}
    with np.errstate(all="ignore"):
        for node in ordered(outputs):
            found[node] = _leaf(node, v) if not node.operands else _inner(node, found)
    return found


def _leaf(node: Expr, v: str | None) -> Interval:
    if node.op == "num":
        return node.args[0], node.args[0]
    if node.args[0] == "time":
        return EVERYTHING
    largest = LARGEST_V if node.args[0] == v else LARGEST_STATE
    return -largest, largest


def _inner(node: Expr, known: dict[Expr, Interval]) -> Interval:
    parts = [known[a] for a in node.operands]
    if node.op == "mul" and node.args[0] is node.args[1]:
        interval = _square(*parts[0])
    else:
        interval = _RULES[node.op](*parts) if node.op in _RULES else EVERYTHING
    return EVERYTHING if np.isnan(interval).any() else (float(interval[0]), float(interval[1]))


def _square(low: float, high: float) -> Interval:
    least = 0.0 if low <= 0 <= high else min(low * low, high * high)
    return least, max(low * low, high * high)


def _products(x: Interval, y: Interval) -> Interval:
    corners = [a * b for a in x for b in y]
    return min(corners), max(corners)


def _quotient(x: Interval, y: Interval) -> Interval:
    return EVERYTHING if y[0] <= 0 <= y[1] else _products(x, (1 / y[1], 1 / y[0]))


def _absolute(x: Interval) -> Interval:
    least = 0.0 if x[0] <= 0 <= x[1] else min(abs(x[0]), abs(x[1]))
    return least, max(abs(x[0]), abs(x[1]))


_RULES: dict[str, Callable[..., Interval]] = {
    "add": lambda x, y: (x[0] + y[0], x[1] + y[1]),
    "sub": lambda x, y: (x[0] - y[1], x[1] - y[0]),
    "mul": _products,
    "div": _quotient,
    "neg": lambda x: (-x[1], -x[0]),
    "exp": lambda x: (np.exp(x[0]), np.exp(x[1])),
    "sqrt": lambda x: EVERYTHING if x[0] < 0 else (np.sqrt(x[0]), np.sqrt(x[1])),
    "abs": _absolute,
    "select": lambda _, x, y: (min(x[0], y[0]), max(x[1], y[1])),
}
