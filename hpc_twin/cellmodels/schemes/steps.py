"""Time steps of one cell: from right-hand sides f to the values after a step dt, all from the values before it.

Forward Euler: x + dt f. Rush-Larsen (Rush & Larsen 1978, IEEE Trans Biomed Eng 25:389-392): exact for a gate,
f = a + b x with a, b independent of x and held over the step; written as Sundnes et al. 2009 (IEEE Trans Biomed Eng
56:2546-2548, equation 5) do: x + f/b (exp(b dt) - 1). A gate is found by structure: f is linear in x through all
intermediate expressions. V always takes forward Euler, since diffusion is split from it.
"""

from collections.abc import Callable

from hpc_twin.cellmodels.expressions.algebra import TRUTHS, add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
from hpc_twin.cellmodels.expressions.ir import Expr, depends, num, var

DT = var("dt")
TINY = 1e-6  # below it (exp(z) - 1)/z is 1 + z/2 to 2e-13


def forward_euler(x: Expr, f: Expr) -> Expr:
    """x + dt f."""
    return add(x, mul(DT, f))


def gate_rate(x: Expr, f: Expr) -> Expr | None:
    """b = df/dx if x is a gate (f = a + b x with b not 0, and no branch taken by x), else None."""
    try:
        b = derivative(f, x)
    except NoDerivative:
        return None
    needs, name = depends([f, b]), x.args[0]
    by_x = (node for node, names in needs.items() if name in names and (node is b or node.op in TRUTHS))
    return None if b.value == 0 or any(by_x) else b


def rush_larsen(x: Expr, f: Expr) -> Expr:
    """x + f/b (exp(b dt) - 1) for a gate, forward Euler for all others."""
    b = gate_rate(x, f)
    if b is None:
        return forward_euler(x, f)
    grown = _relaxed(x, f)
    return grown if grown is not None else add(x, mul(mul(DT, f), _phi(mul(b, DT))))


def _relaxed(x: Expr, f: Expr) -> Expr | None:
    """The step of a gate in the form f = N/D with dN/dx = n a number: x + N/n (exp(n dt/D) - 1), which has no 0/0."""
    numerator, denominator = f.args if f.op == "div" else (f, num(1))
    if x.args[0] in depends([denominator])[denominator]:
        return None
    n = derivative(numerator, x).value
    if not n:
        return None
    growth = sub(call("exp", div(mul(num(n), DT), denominator)), num(1))
    return add(x, mul(div(numerator, num(n)), growth))


def _phi(z: Expr) -> Expr:
    """(exp(z) - 1)/z, by its series where the quotient is 0/0."""
    small = call("lt", call("abs", z), num(TINY))
    series = add(num(1), mul(num(0.5), z))
    return call("select", small, series, div(sub(call("exp", z), num(1)), z))


SCHEMES: dict[str, Callable[[Expr, Expr], Expr]] = {"rush_larsen": rush_larsen, "forward_euler": forward_euler}
