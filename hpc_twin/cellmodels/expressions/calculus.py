"""Symbolic derivative of expressions, through all intermediate ones."""

from collections.abc import Callable

from hpc_twin.cellmodels.expressions.algebra import TRUTHS, add, call, div, mul, power, sub
from hpc_twin.cellmodels.expressions.ir import Expr, num, ordered


class NoDerivative(Exception):  # noqa: N818 (it is an answer, not a fault)
    """An operation of the expression has no derivative that can be written down."""


def derivative(output: Expr, x: Expr) -> Expr:
    """d output / d x, with piecewise functions differentiated branch by branch. Raises NoDerivative."""
    zero = num(0)
    slope: dict[Expr, Expr] = {}
    for node in ordered([output]):
        if node is x:
            slope[node] = num(1)
        elif node.op in TRUTHS or all(slope[a] is zero for a in node.operands):
            slope[node] = zero
        elif node.op not in _RULES:
            raise NoDerivative(node.op)
        else:
            slope[node] = _RULES[node.op](node, *(slope[a] for a in node.operands))
    return slope[output]


def _product(node: Expr, dx: Expr, dy: Expr) -> Expr:
    x, y = node.operands
    return add(mul(dx, y), mul(x, dy))


def _quotient(node: Expr, dx: Expr, dy: Expr) -> Expr:
    return div(sub(dx, mul(node, dy)), node.args[1])


def _power(node: Expr, dx: Expr, dy: Expr) -> Expr:
    x, y = node.operands
    by_base = mul(mul(y, call("pow", x, sub(y, num(1)))), dx)
    return add(by_base, mul(mul(node, call("log", x)), dy)) if dy.value != 0 else by_base


_RULES: dict[str, Callable[..., Expr]] = {
    "add": lambda node, dx, dy: add(dx, dy),
    "sub": lambda node, dx, dy: sub(dx, dy),
    "mul": _product,
    "div": _quotient,
    "pow": _power,
    "neg": lambda node, dx: call("neg", dx),
    "exp": lambda node, dx: mul(node, dx),
    "log": lambda node, dx: div(dx, node.args[0]),
    "log10": lambda node, dx: div(mul(num(0.4342944819032518), dx), node.args[0]),
    "sqrt": lambda node, dx: div(mul(num(0.5), dx), node),
    "sin": lambda node, dx: mul(call("cos", node.args[0]), dx),
    "cos": lambda node, dx: call("neg", mul(call("sin", node.args[0]), dx)),
    "tan": lambda node, dx: mul(add(num(1), mul(node, node)), dx),
    "asin": lambda node, dx: div(dx, call("sqrt", sub(num(1), power(node.args[0], 2)))),
    "acos": lambda node, dx: call("neg", div(dx, call("sqrt", sub(num(1), power(node.args[0], 2))))),
    "atan": lambda node, dx: div(dx, add(num(1), power(node.args[0], 2))),
    "abs": lambda node, dx: call("select", call("lt", node.args[0], num(0)), call("neg", dx), dx),
    "select": lambda node, dc, dx, dy: call("select", node.args[0], dx, dy),
}
