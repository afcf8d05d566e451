"""Pass: fewer divisions. x/(a + b/c) = x c/(a c + b) where the inner quotient has no other use.

Products must neither overflow nor vanish, so this is done only with denominators c that ``bounds`` keeps in range.
"""

from collections import Counter

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, rebuilt, sub
from hpc_twin.cellmodels.expressions.bounds import bounds
from hpc_twin.cellmodels.expressions.ir import Expr, num, ordered

SMALLEST, LARGEST = 1e-180, 1e180  # of what numerators and denominators are multiplied with

Fraction = tuple[Expr, Expr]  # numerator, denominator
ONE = num(1)
DEPTH = 6  # of the operations between a quotient and those in its denominator


def flatten_fractions(outputs: list[Expr], v: str | None) -> list[Expr]:
    """Quotients of sums of quotients with one division each."""
    uses = Counter(a for node in ordered(outputs) for a in node.operands)
    uses.update(outputs)

    def split(old: Expr, new: dict[Expr, Expr], depth: int) -> Fraction:
        """The new node of ``old`` as a fraction, taken apart as far as nobody else uses the parts."""
        whole = new[old], ONE
        if uses[old] > 1 or not depth or old.op not in ("add", "sub", "mul", "div", "neg"):
            return whole
        if old.op == "div":
            return new[old].args if new[old].op == "div" else whole
        parts = [split(a, new, depth - 1) for a in old.operands]
        return whole if all(below is ONE for _, below in parts) else _combined(old.op, *parts)

    def rule(node: Expr, args: tuple[Expr, ...], new: dict[Expr, Expr]) -> Expr:
        if node.op == "div":
            above, below = split(node.args[1], new, DEPTH)
            if below is not ONE and _tame(below, v):
                return div(mul(args[0], below), above)
        return call(node.op, *args)

    return rebuilt(outputs, rule)


def _combined(op: str, x: Fraction, y: Fraction = (ONE, ONE)) -> Fraction:
    (a, b), (c, d) = x, y
    if op == "neg":
        return call("neg", a), b
    if op == "mul":
        return mul(a, c), mul(b, d)
    return (add if op == "add" else sub)(mul(a, d), mul(c, b)), mul(b, d)


def _tame(node: Expr, v: str | None) -> bool:
    low, high = bounds([node], v)[node]
    return SMALLEST <= low and high <= LARGEST
