"""The functions of SBML's MathML, written with the operations of the graph. Truths and numbers are told apart here."""

import math
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise

from hpc_twin.cellmodels.expressions.algebra import TRUTHS, add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.ir import Expr, num

LANCZOS = (
    7,
    (  # g and coefficients of the Lanczos approximation of the gamma function, 15 digits
        *(0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059),
        *(12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7),
    ),
)


def number(x: Expr) -> Expr:
    """An expression where a number is wanted: a truth counts as 0 or 1."""
    return call("select", x, num(1), num(0)) if x.op in TRUTHS else x


def truth(x: Expr) -> Expr:
    """An expression where a truth is wanted: a number other than 0 is true."""
    return x if x.op in TRUTHS else call("ne", x, num(0))


def either(x: Expr, y: Expr) -> Expr:
    """Exclusive or."""
    return call("and", call("or", x, y), call("not", call("and", x, y)))


def chain(op: str) -> Callable[..., Expr]:
    """A relation of any number of operands holds if it holds between all neighbours."""
    return lambda *xs: reduce(_and, [call(op, x, y) for x, y in pairwise(xs)], num(1))


def piecewise(*parts: Expr) -> Expr:
    """Value, condition, value, condition, ..., and the value otherwise (not a number where the model has none)."""
    result = number(parts[-1]) if len(parts) % 2 else num(math.nan)
    pairs = zip(parts[::2], parts[1::2], strict=False)
    for value, condition in reversed(list(pairs)):
        result = call("select", truth(condition), number(value), result)
    return result


def _and(x: Expr, y: Expr) -> Expr:
    return call("and", x, y)


def _or(x: Expr, y: Expr) -> Expr:
    return call("or", x, y)


def _minus(x: Expr, *rest: Expr) -> Expr:
    return sub(x, rest[0]) if rest else call("neg", x)


def _extreme(op: str) -> Callable[..., Expr]:
    return lambda *xs: reduce(lambda x, y: call("select", call(op, x, y), x, y), xs)


def _inverse(x: Expr) -> Expr:
    return div(num(1), x)


def _root(n: Expr, x: Expr) -> Expr:
    return call("sqrt", x) if n.value == 2 else call("pow", x, _inverse(n))


def _log(base: Expr, x: Expr) -> Expr:
    return call("log10", x) if base.value == 10 else div(call("log", x), call("log", base))


def _quotient(x: Expr, y: Expr) -> Expr:
    """x/y without its fraction: towards zero, so that the remainder has the sign of x."""
    ratio = div(x, y)
    return call("select", call("lt", ratio, num(0)), call("ceil", ratio), call("floor", ratio))


def _remainder(x: Expr, y: Expr) -> Expr:
    return sub(x, mul(y, _quotient(x, y)))


def _factorial(x: Expr) -> Expr:
    """Gamma(x + 1); of a constant whole number exactly."""
    if x.value is not None and x.value.is_integer() and 0 <= x.value <= 170:
        return num(float(math.factorial(int(x.value))))
    g, (first, *others) = LANCZOS
    series = num(first)
    for k, coefficient in enumerate(others, 1):
        series = add(series, div(num(coefficient), add(x, num(k))))
    t = add(x, num(g + 0.5))
    power = call("exp", sub(mul(add(x, num(0.5)), call("log", t)), t))
    return mul(num(math.sqrt(2 * math.pi)), mul(power, series))


def _sinh(x: Expr) -> Expr:
    grown = call("exp", x)
    return mul(num(0.5), sub(grown, _inverse(grown)))


def _cosh(x: Expr) -> Expr:
    grown = call("exp", x)
    return mul(num(0.5), add(grown, _inverse(grown)))


def _tanh(x: Expr) -> Expr:
    return sub(num(1), div(num(2), add(call("exp", mul(num(2), x)), num(1))))


def _arcsinh(x: Expr) -> Expr:
    size = call("abs", x)
    result = call("log", add(size, call("sqrt", add(mul(x, x), num(1)))))
    return call("select", call("lt", x, num(0)), call("neg", result), result)


def _arccosh(x: Expr) -> Expr:
    return call("log", add(x, mul(call("sqrt", sub(x, num(1))), call("sqrt", add(x, num(1))))))


def _arctanh(x: Expr) -> Expr:
    return mul(num(0.5), call("log", div(add(num(1), x), sub(num(1), x))))


def _of(op: str) -> Callable[..., Expr]:
    return lambda *xs: call(op, *xs)


def _after(outer: Callable[[Expr], Expr], inner: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    return lambda x: outer(inner(x))


MANY = 10**6
NUMBERS: dict[str, tuple[int, int, Callable[..., Expr]]] = {  # name -> fewest and most operands, the expression
    "plus": (0, MANY, lambda *xs: reduce(add, xs, num(0))),
    "times": (0, MANY, lambda *xs: reduce(mul, xs, num(1))),
    "minus": (1, 2, _minus),
    "divide": (2, 2, div),
    "power": (2, 2, _of("pow")),
    "root": (2, 2, _root),
    "log": (2, 2, _log),
    "ln": (1, 1, _of("log")),
    **{name: (1, 1, _of(name)) for name in ("exp", "abs", "floor", "sin", "cos", "tan")},
    "ceiling": (1, 1, _of("ceil")),
    "factorial": (1, 1, _factorial),
    "quotient": (2, 2, _quotient),
    "rem": (2, 2, _remainder),
    "min": (1, MANY, _extreme("lt")),
    "max": (1, MANY, _extreme("gt")),
    "arcsin": (1, 1, _of("asin")),
    "arccos": (1, 1, _of("acos")),
    "arctan": (1, 1, _of("atan")),
    "sec": (1, 1, _after(_inverse, _of("cos"))),
    "csc": (1, 1, _after(_inverse, _of("sin"))),
    "cot": (1, 1, _after(_inverse, _of("tan"))),
    "sinh": (1, 1, _sinh),
    "cosh": (1, 1, _cosh),
    "tanh": (1, 1, _tanh),
    "sech": (1, 1, _after(_inverse, _cosh)),
    "csch": (1, 1, _after(_inverse, _sinh)),
    "coth": (1, 1, _after(_inverse, _tanh)),
    "arcsec": (1, 1, _after(_of("acos"), _inverse)),
    "arccsc": (1, 1, _after(_of("asin"), _inverse)),
    "arccot": (1, 1, _after(_of("atan"), _inverse)),
    "arcsinh": (1, 1, _arcsinh),
    "arccosh": (1, 1, _arccosh),
    "arctanh": (1, 1, _arctanh),
    "arcsech": (1, 1, _after(_arccosh, _inverse)),
    "arccsch": (1, 1, _after(_arcsinh, _inverse)),
    "arccoth": (1, 1, _after(_arctanh, _inverse)),
    **{
        name: (0, MANY, chain(op))
        for name, op in zip(("gt", "lt", "geq", "leq", "eq"), ("gt", "lt", "ge", "le", "eq"), strict=True)
    },
    "neq": (2, 2, chain("ne")),
}
LOGIC: dict[str, tuple[int, int, Callable[..., Expr]]] = {
    "and": (0, MANY, lambda *xs: reduce(_and, xs, num(1))),
    "or": (0, MANY, lambda *xs: reduce(_or, xs, num(0))),
    "xor": (0, MANY, lambda *xs: reduce(either, xs, num(0))),
    "not": (1, 1, _of("not")),
    "implies": (2, 2, lambda x, y: _or(call("not", x), y)),
}


def applied(name: str, operands: Sequence[Expr]) -> Expr | None:
    """A MathML operator applied to its operands; None where it does not take this many. Raises KeyError."""
    if name == "piecewise":
        return piecewise(*operands)
    fewest, most, function = LOGIC[name] if name in LOGIC else NUMBERS[name]
    if not fewest <= len(operands) <= most:
        return None
    want = truth if name in LOGIC else number
    return function(*(want(x) for x in operands))
