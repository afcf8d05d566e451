"""Pass: powers with a number as exponent or base by cheaper operations."""

from math import log

from hpc_twin.cellmodels.expressions.algebra import call, div, mul, power, rebuilt
from hpc_twin.cellmodels.expressions.ir import Expr, num

LARGEST_ROOT = 16  # beyond it x^y by square roots takes longer than by a logarithm


def reduce_powers(outputs: list[Expr]) -> list[Expr]:
    """x^(n/4) by products and square roots, x^y = exp(y log x) for other numbers y, c^y = exp(y log c) for c > 0."""
    return rebuilt(outputs, lambda node, args, _: _power(*args) if node.op == "pow" else call(node.op, *args))


def _power(x: Expr, y: Expr) -> Expr:
    if x.value is not None and 0 < x.value < float("inf"):
        return call("exp", mul(num(log(x.value)), y))
    if y.value is None or y.value.is_integer():
        return call("pow", x, y)
    if (4 * y.value).is_integer() and abs(y.value) <= LARGEST_ROOT:
        return _roots(x, y.value) if y.value > 0 else div(num(1), _roots(x, -y.value))
    return call("exp", mul(y, call("log", x)))


def _roots(x: Expr, y: float) -> Expr:
    """x^y for a multiple y > 0 of 1/4."""
    quarters = int(4 * y)
    root = call("sqrt", x)
    result = power(x, quarters // 4)
    if quarters & 2:
        result = mul(result, root)
    return mul(result, call("sqrt", root)) if quarters & 1 else result
