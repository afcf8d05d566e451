"""What one state gains in a step dt: from its right-hand side f to x(t + dt) - x(t), by the values before the step.

Forward Euler: dt f. Rush-Larsen (Rush & Larsen 1978, IEEE Trans Biomed Eng 25:389-392): exact for a gate,
f = a + b x with a, b independent of x and held over the step, written as f/b (exp(b dt) - 1). Generalised Rush-Larsen
(Sundnes et al. 2009, IEEE Trans Biomed Eng 56:2546-2556, equations 4-5): the same with b = df/dx at the old values
for any f.
"""

from hpc_twin.cellmodels.expressions.algebra import TRUTHS, add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
from hpc_twin.cellmodels.expressions.ir import Expr, depends, num, var

DT = var("dt")
TINY = 1e-6  # below it (exp(z) - 1)/z is 1 + z/2 to 2e-13
LARGEST_GROWTH = 1.0  # z = b dt beyond which a growing state leaves the range of its own tangent


def forward_euler(x: Expr, f: Expr) -> Expr:
    """dt f."""
    return mul(DT, f)


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
    """f/b (exp(b dt) - 1) for a gate."""
    grown = _relaxed(x, f)
    return grown if grown is not None else mul(mul(DT, f), _phi(mul(derivative(f, x), DT)))


def grl1(x: Expr, f: Expr) -> Expr:
    """f/b (exp(b dt) - 1) with b = df/dx; b dt counts as LARGEST_GROWTH at most, and as 0 where it is no number."""
    z, most = mul(derivative(f, x), DT), num(LARGEST_GROWTH)
    tamed = call("select", call("lt", z, most), z, call("select", call("ge", z, most), most, num(0)))
    return mul(mul(DT, f), _phi(tamed))


def _relaxed(x: Expr, f: Expr) -> Expr | None:
    """The gain of a gate in the form f = N/D with dN/dx = n a number: N/n (exp(n dt/D) - 1), which has no 0/0.

    None for others, and for those with a constant D: n may be so small that exp(n dt) - 1 has lost its digits.
    """
    if f.op != "div" or x.args[0] in depends([f])[f.args[1]]:
        return None
    numerator, denominator = f.args
    n = derivative(numerator, x).value
    if not n:
        return None
    growth = sub(call("exp", div(mul(num(n), DT), denominator)), num(1))
    return mul(div(numerator, num(n)), growth)


def _phi(z: Expr) -> Expr:
    """(exp(z) - 1)/z, by its series where the quotient is 0/0."""
    small = call("lt", call("abs", z), num(TINY))
    series = add(num(1), mul(num(0.5), z))
    return call("select", small, series, div(sub(call("exp", z), num(1)), z))
