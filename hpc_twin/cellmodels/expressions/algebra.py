"""``call(op, ...)``: build a node of the graph, constants folded and neutral elements dropped on the way."""

from collections.abc import Callable

import numpy as np

from hpc_twin.cellmodels.expressions.ir import EVALUATE, Expr, num, ordered

TRUTHS = ("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not")
SMALL_POWER = 64


def call(op: str, *args: Expr) -> Expr:
    """The simplest node that equals ``op(*args)``; exact but for rounding, 0 * x being 0."""
    if all(a.op == "num" for a in args):
        with np.errstate(all="ignore"):
            return num(float(EVALUATE[op](*(np.float64(a.args[0]) for a in args))))
    simpler = _RULES[op](*args) if op in _RULES else None
    return Expr(op, args) if simpler is None else simpler


def add(x: Expr, y: Expr) -> Expr:
    """x + y."""
    return call("add", x, y)


def sub(x: Expr, y: Expr) -> Expr:
    """x - y."""
    return call("sub", x, y)


def mul(x: Expr, y: Expr) -> Expr:
    """x y."""
    return call("mul", x, y)


def div(x: Expr, y: Expr) -> Expr:
    """x / y."""
    return call("div", x, y)


def power(x: Expr, n: int) -> Expr:
    """x^n for an integer n by repeated squaring, whose squares are shared."""
    if n < 0:
        return div(num(1), power(x, -n))
    result, square = num(1), x
    while n:
        if n & 1:
            result = mul(result, square)
        n >>= 1
        if n:
            square = Expr("mul", (square, square))
    return result


def _add(x: Expr, y: Expr) -> Expr | None:
    if x.value == 0:
        return y
    if y.value == 0:
        return x
    if y.op == "neg":
        return sub(x, y.args[0])
    if x.op == "neg":
        return sub(y, x.args[0])
    return None


def _sub(x: Expr, y: Expr) -> Expr | None:
    if y.value == 0:
        return x
    if x.value == 0:
        return call("neg", y)
    if y.op == "neg":
        return add(x, y.args[0])
    return None


def _mul(x: Expr, y: Expr) -> Expr | None:
    if y.op == "num":
        x, y = y, x
    if x.op == "num":
        return _scaled(x, y)
    if x.op == "neg":
        return call("neg", mul(x.args[0], y))
    if y.op == "neg":
        return call("neg", mul(x, y.args[0]))
    for a, b in ((x, y), (y, x)):
        if a.op == "mul" and a.args[0].op == "num":
            return mul(a.args[0], mul(a.args[1], b))
    return None


def _scaled(c: Expr, y: Expr) -> Expr:
    if c.value in (0, 1):
        return y if c.value == 1 else num(0)
    if c.value == -1:
        return call("neg", y)
    if y.op == "neg":
        return mul(num(-c.args[0]), y.args[0])
    if y.op in ("mul", "div") and y.args[0].op == "num":
        return call(y.op, mul(c, y.args[0]), y.args[1])
    return Expr("mul", (c, y))


def _div(x: Expr, y: Expr) -> Expr | None:
    if y.op == "num" and 1e-300 < abs(y.args[0]) < 1e300:
        return mul(num(1 / y.args[0]), x)
    if x.value == 0:
        return num(0)
    if x.op == "neg":
        return call("neg", div(x.args[0], y))
    if y.op == "neg":
        return call("neg", div(x, y.args[0]))
    return _hyperbolic(x, y)


def _hyperbolic(x: Expr, y: Expr) -> Expr | None:
    """(e - c)/(e + c) = 1 - 2c/(e + c) for an exponential e, as tanh is written in files: e may be infinite then."""
    for shape, sign in ((("sub", "add"), -1), (("add", "sub"), 1)):
        if (x.op, y.op) == shape and x.args[0].op == "exp" and x.args == y.args and x.args[1].op == "num":
            return add(num(1), div(num(2 * sign * x.args[1].args[0]), y))
    return None


def _neg(x: Expr) -> Expr | None:
    if x.op == "neg":
        return x.args[0]
    if x.op == "sub":
        return sub(x.args[1], x.args[0])
    if x.op == "mul" and x.args[0].op == "num":
        return mul(num(-x.args[0].args[0]), x.args[1])
    return None


def _pow(x: Expr, y: Expr) -> Expr | None:
    if y.value is None:
        return None
    if y.value.is_integer() and abs(y.value) <= SMALL_POWER:
        return power(x, int(y.value))
    return call("sqrt", x) if y.value == 0.5 else None


def _select(condition: Expr, yes: Expr, no: Expr) -> Expr | None:
    if condition.op == "num":
        return yes if condition.args[0] else no
    return yes if yes is no else None


def _and(x: Expr, y: Expr) -> Expr | None:
    for a, b in ((x, y), (y, x)):
        if a.op == "num":
            return b if a.args[0] else num(0)
    return None


def _or(x: Expr, y: Expr) -> Expr | None:
    for a, b in ((x, y), (y, x)):
        if a.op == "num":
            return num(1) if a.args[0] else b
    return None


_RULES: dict[str, Callable[..., Expr | None]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "pow": _pow,
    "select": _select,
    "and": _and,
    "or": _or,
}


def rebuilt(outputs: list[Expr], rule: Callable[[Expr, tuple[Expr, ...], dict[Expr, Expr]], Expr]) -> list[Expr]:
    """A pass: every inner node replaced by ``rule(node, its new operands, all new nodes so far)``."""
    new: dict[Expr, Expr] = {}
    for node in ordered(outputs):
        new[node] = rule(node, tuple(new[a] for a in node.operands), new) if node.operands else node
    return [new[node] for node in outputs]
