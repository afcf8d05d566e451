"""Pass: fewer exponentials. exp(a u + b) = e^b exp(g u)^n wherever several slopes a are small multiples n of one g.

Cell models are full of 1/(1 + exp((V - V_half)/k)) with k = 5, 10, 20, -10, ...: one exponential and a few products
give them all. Offsets and powers are bounded, so that the result keeps 13 digits. Exponentials in exp(z) - 1 are left
alone: near z = 0 all digits count.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from hpc_twin.cellmodels.expressions.algebra import add, call, mul, power, rebuilt
from hpc_twin.cellmodels.expressions.ir import Expr, num, ordered

LARGEST_POWER = 40
LARGEST_OFFSET = 40.0  # |b|; e^b costs |b| rounding errors
SMALLEST_SLOPE, LARGEST_SLOPE = 1e-12, 1e12
SAME = 1e-12  # relative: two slopes closer than this are one

Terms = tuple[tuple[Expr, float], ...]
Member = tuple[Expr, float, float]  # an exponential, its slope, its offset


def share_exponentials(outputs: list[Expr]) -> list[Expr]:
    """The same outputs, the exponentials of proportional arguments written as powers of one."""
    groups: dict[Terms, list[Member]] = defaultdict(list)
    affine = _affine_forms(outputs)
    cancelling = _cancelling(affine)
    for node in affine:
        if node.op == "exp" and node not in cancelling:
            terms, offset = affine[node.args[0]]
            slope = next(iter(terms.values()), 0.0)
            if SMALLEST_SLOPE < abs(slope) < LARGEST_SLOPE and abs(offset) <= LARGEST_OFFSET:
                direction = tuple((atom, weight / slope) for atom, weight in terms.items())
                groups[direction].append((node, slope, offset))
    shared: dict[Expr, tuple[Terms, int, float]] = {}
    for direction, members in groups.items():
        for base, several in _families(members):
            scaled = tuple((atom, weight * base) for atom, weight in direction)
            shared.update({node: (scaled, round(slope / base), offset) for node, slope, offset in several})

    def rule(node: Expr, args: tuple[Expr, ...], new: dict[Expr, Expr]) -> Expr:
        if node not in shared:
            return call(node.op, *args)
        scaled, n, offset = shared[node]
        argument = num(0)
        for atom, weight in scaled:
            argument = add(argument, mul(num(weight), new[atom]))
        return mul(call("exp", num(offset)), power(call("exp", argument), n))

    return rebuilt(outputs, rule)


def _cancelling(nodes: Iterable[Expr]) -> set[Expr]:
    """Operands of differences with a number."""
    found: set[Expr] = set()
    for node in nodes:
        if node.op in ("add", "sub"):
            x, y = node.operands
            for term, constant in ((x, y), (y, x)):
                if constant.op == "num" and (node.op == "sub" or constant.args[0] < 0):
                    found.add(term)
    return found


def _affine_forms(outputs: list[Expr]) -> dict[Expr, tuple[dict[Expr, float], float]]:
    """Each node as sum of weight * atom, plus a number; an atom is a node that is no such sum itself."""
    forms: dict[Expr, tuple[dict[Expr, float], float]] = {}
    for node in ordered(outputs):
        parts = [forms[a] for a in node.operands]
        if node.op == "num":
            forms[node] = ({}, node.args[0])
        elif node.op in ("add", "sub"):
            forms[node] = _sum(parts[0], parts[1], 1.0 if node.op == "add" else -1.0)
        elif node.op == "neg":
            forms[node] = _sum(({}, 0.0), parts[0], -1.0)
        elif node.op == "mul" and not parts[0][0]:
            forms[node] = _sum(({}, 0.0), parts[1], parts[0][1])
        else:
            forms[node] = ({node: 1.0}, 0.0)
    return forms


def _sum(x: tuple[dict, float], y: tuple[dict, float], factor: float) -> tuple[dict[Expr, float], float]:
    """x + factor y."""
    terms = dict(x[0])
    for atom, weight in y[0].items():
        terms[atom] = terms.get(atom, 0.0) + factor * weight
    return {atom: weight for atom, weight in terms.items() if weight}, x[1] + factor * y[1]


def _families(members: list[Member]) -> Iterator[tuple[float, list[Member]]]:
    """Yield (g, members whose slopes are multiples of g up to LARGEST_POWER), largest family first, no loners."""
    left = members
    while len(left) > 1:
        sizes = np.abs([slope for _, slope, _ in left])
        bases = np.unique((sizes[:, None] / np.arange(1, LARGEST_POWER + 1)).ravel())[::-1]
        ratios = sizes / bases[:, None]
        whole = np.rint(ratios)
        fits = (np.abs(ratios - whole) <= SAME * ratios) & (whole >= 1) & (whole <= LARGEST_POWER)
        best = int(fits.sum(axis=1).argmax())
        family = [member for member, fit in zip(left, fits[best], strict=True) if fit]
        left = [member for member, fit in zip(left, fits[best], strict=True) if not fit]
        if len(family) > 1:
            falling = sum(slope < 0 for _, slope, _ in family)
            yield (-bases[best] if 2 * falling > len(family) else bases[best]), family
