"""Passes: fewer divisions.

x/(a + b/c) = x c/(a c + b) where the inner quotient has no other use, and 1/a, 1/b = b/(a b), a/(a b) with one
division for both. Products must neither overflow nor vanish, so this is done with what ``bounds`` keeps in range.
"""

from collections import Counter, defaultdict

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, rebuilt, sub
from hpc_twin.cellmodels.expressions.bounds import bounds
from hpc_twin.cellmodels.expressions.ir import Expr, num, ordered

SMALLEST, LARGEST = 1e-30, 1e60  # of a denominator that is multiplied with others
TOGETHER = 3  # denominators that share one division; with 2 or 4 kernels were slower

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
            if below is not ONE and _tame(below, v, DEPTH):
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


def _tame(node: Expr, v: str | None, factors: int = 1) -> bool:
    low, high = bounds([node], v)[node]
    return SMALLEST**factors <= low and high <= LARGEST ** min(factors, TOGETHER)


def share_divisions(outputs: list[Expr], v: str | None) -> list[Expr]:
    """One division for several denominators that do not need each other's quotients."""
    levels = _levels(outputs)
    groups: dict[Expr, list[Expr]] = {}
    kept = bounds(outputs, v)
    for level in levels:
        tame = [below for below in level if SMALLEST <= kept[below][0] and kept[below][1] <= LARGEST]
        for start in range(0, len(tame) - 1, TOGETHER):
            group = tame[start : start + TOGETHER]
            groups.update(dict.fromkeys(group, group))

    def rule(node: Expr, args: tuple[Expr, ...], new: dict[Expr, Expr]) -> Expr:
        group = groups.get(node.args[1], []) if node.op == "div" else []
        if len(group) < 2:
            return call(node.op, *args)
        return mul(args[0], _reciprocal([new[a] for a in group], group.index(node.args[1])))

    first = [below for level in levels for below in level]  # so that all of a group are there before they are used
    return rebuilt([*first, *outputs], rule)[len(first) :]


def _reciprocal(group: list[Expr], k: int) -> Expr:
    """1/group[k] as product of all others, halves multiplied together, over the product of all."""
    product = _product(group)
    return mul(div(ONE, product), _product([a for j, a in enumerate(group) if j != k]))


def _product(factors: list[Expr]) -> Expr:
    if len(factors) == 1:
        return factors[0]
    half = len(factors) // 2
    return mul(_product(factors[:half]), _product(factors[half:]))


def _levels(outputs: list[Expr]) -> list[list[Expr]]:
    """Denominators by the number of divisions on the way to them: those of one level need none of each other's."""
    depth: dict[Expr, int] = {}
    levels: dict[int, dict[Expr, None]] = defaultdict(dict)
    for node in ordered(outputs):
        depth[node] = max((depth[a] for a in node.operands), default=0)
        if node.op == "div":
            levels[depth[node.args[1]]].setdefault(node.args[1])
            depth[node] = max(depth[node], depth[node.args[1]] + 1)
    return [list(levels[d]) for d in sorted(levels)]
