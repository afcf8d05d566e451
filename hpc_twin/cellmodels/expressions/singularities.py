"""Pass: quotients that are 0/0 at some V, such as (V + 40)/(1 - exp(-(V + 40)/10)), get their limit there.

Around the root V0 of a denominator, within ``h`` = RADIUS |D'/D''|, the quotient q is replaced by the straight line
through q(V0 - h) and q(V0 + h) (both are constants where q depends on V alone): off by about RADIUS^2/12 and, by
cancellation at the two points, by 1e-16/RADIUS, relative. Real poles, where the numerator does not vanish, stay, and
so do quotients that the model itself does not use at V0.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, rebuilt, sub
from hpc_twin.cellmodels.expressions.ir import Expr, depends, evaluate, num, var
from hpc_twin.cellmodels.expressions.substitution import substituted

RADIUS = 1e-5
LOWEST, HIGHEST, SPACING = -400.0, 400.0, 0.37  # mV: where roots are looked for
SMALL = 1e-9  # relative: what counts as 0
MOST_ROOTS = 20  # of one denominator; more is a wave, not a singularity
WIDTHS = 0.1, 20.0  # mV: bounds of |D'/D''|, which a straight D lacks


@dataclass(frozen=True)
class Root:
    """A root V0 of a denominator and the radius h around it [mV]."""

    at: float
    radius: float


def guard_singularities(outputs: list[Expr], v: str, constants: Mapping[str, float]) -> list[Expr]:
    """The same outputs with limits at removable singularities in the variable ``v``.

    ``constants`` are variables (with typical values) that roots must not depend on.
    """
    guards = _Guards(outputs, v, constants)
    return rebuilt(outputs, guards.rule) if guards.roots else outputs


class _Guards:
    """The denominators of a model that vanish somewhere, and what was done about them so far."""

    def __init__(self, outputs: list[Expr], v: str, constants: Mapping[str, float]) -> None:
        self._outputs, self._v, self._constants = outputs, var(v), constants
        self._needs = depends(outputs)
        self._done: set[Expr] = set()
        self._used: dict[Root, frozenset[Expr]] = {}
        below = {f: None for node in self._needs if node.op == "div" for f in _factors(node.args[1], ())[0]}
        self.roots = {f: found for f in below if self._of_v(f) and (found := self._roots(f))}

    def rule(self, node: Expr, args: tuple[Expr, ...], new: dict[Expr, Expr]) -> Expr:
        """The node with its operands replaced and, if it is 0/0 somewhere, its limit there."""
        result = call(node.op, *args)
        if node.op not in ("mul", "div"):
            return result
        above, below = _factors(node, self._done)
        limits = []
        for d in [f for f in below if f in self.roots]:
            p, roots = next(((p, r) for p in above if (r := self._common(p, d, node))), (d, []))
            if roots:
                above.remove(p)
                below.remove(d)
                limits.append(self._limit(div(new[p], new[d]), roots))
        if limits:
            self._done.add(node)
            return div(_product([*limits, *(new.get(f, f) for f in above)]), _product([new.get(f, f) for f in below]))
        if node.op == "div" and (roots := self._vanishing_together(*node.args)):
            self._done.add(node)
            return self._limit(result, roots)
        return result

    def _of_v(self, node: Expr) -> bool:
        needs = self._needs[node]
        return self._v.args[0] in needs and needs <= {self._v.args[0], *self._constants}

    def _at(self, node: Expr, v, factor: float = 1.0) -> np.ndarray:
        """Values of a node that depends on V and the constants alone, these times ``factor``."""
        constants = {name: factor * value for name, value in self._constants.items()}
        return evaluate([node], {**constants, self._v.args[0]: v})[0]

    def _roots(self, node: Expr) -> list[Root]:
        """Where the node changes its sign by going through 0."""
        grid = np.arange(LOWEST, HIGHEST, SPACING)
        signs = np.sign(np.broadcast_to(self._at(node, grid), grid.shape))
        before, left, right, after = signs[:-3], signs[1:-2], signs[2:-1], signs[3:]
        with np.errstate(invalid="ignore"):
            through = 1 + np.flatnonzero((left != 0) & (left * right <= 0) & (before * after < 0))
        if len(through) > MOST_ROOTS:
            return []
        return [root for k in through if (root := self._root(node, grid[k], grid[k + 1])) is not None]

    def _root(self, node: Expr, low: float, high: float) -> Root | None:
        found = float(brentq(lambda x: float(self._at(node, x)), low, high, xtol=1e-13, disp=False))
        before, here, after = self._at(node, found + np.array([-0.01, 0.0, 0.01]))
        slope, bend = (after - before) / 0.02, (after - 2 * here + before) / 1e-4
        if not abs(self._at(node, found, 1.1)) + abs(here) <= SMALL * abs(slope):
            return None
        scale = np.clip(abs(slope) / max(abs(bend), 1e-300), *WIDTHS)
        return Root(found, RADIUS * float(scale))

    def _common(self, p: Expr, d: Expr, node: Expr) -> list[Root]:
        """The roots of ``d`` that are roots of ``p`` and that the model meets on its way to ``node``."""
        if p not in self._needs or not self._of_v(p):
            return []
        scale = [abs(self._at(p, r.at + 0.5) - self._at(p, r.at - 0.5)) for r in self.roots[d]]
        roots = [r for r, s in zip(self.roots[d], scale, strict=True) if abs(self._at(p, r.at)) <= SMALL * s]
        return [r for r in roots if node in self._used_at(r)]

    def _vanishing_together(self, above: Expr, below: Expr) -> list[Root]:
        """The roots of a denominator where the numerator is 0 too, whatever the values of all other variables."""
        roots = [r for f in _factors(below, self._done)[0] for r in self.roots.get(f, ())]
        random = np.random.default_rng(1)
        values = {name: random.uniform(0.5, 1.5, 3) for name in sorted(self._needs[above])}
        found = []
        for root in roots:
            here, there = (evaluate([above], {**values, self._v.args[0]: root.at + d})[0] for d in (0.0, 0.5))
            if np.all(np.abs(here) <= SMALL * np.abs(there)) and div(above, below) in self._used_at(root):
                found.append(root)
        return found

    def _limit(self, quotient: Expr, roots: list[Root]) -> Expr:
        """The quotient, and near the roots a straight line in V."""
        result = quotient
        for root in roots:
            low, high = (
                substituted([quotient], {self._v: num(root.at + side * root.radius)})[0] for side in (-1.0, 1.0)
            )
            x = sub(self._v, num(root.at))
            middle, slope = mul(num(0.5), add(low, high)), mul(num(0.5 / root.radius), sub(high, low))
            near = call("lt", call("abs", x), num(root.radius))
            result = call("select", near, add(middle, mul(slope, x)), result)
        return result

    def _used_at(self, root: Root) -> frozenset[Expr]:
        """The nodes that the outputs need at V0: of a select whose condition V decides, only one side."""
        if root not in self._used:
            used: set[Expr] = set()
            stack = list(self._outputs)
            while stack:
                node = stack.pop()
                if node not in used:
                    used.add(node)
                    stack.extend(self._sides(node, root.at) if node.op == "select" else node.operands)
            self._used[root] = frozenset(used)
        return self._used[root]

    def _sides(self, node: Expr, v: float) -> tuple[Expr, ...]:
        condition, yes, no = node.operands
        if not self._of_v(condition):
            return node.operands
        return condition, yes if self._at(condition, v) else no


def _factors(node: Expr, whole: Collection[Expr]) -> tuple[list[Expr], list[Expr]]:
    """(numerator, denominator) of a product, as lists of factors that are no products or are in ``whole``."""
    above: list[Expr] = []
    below: list[Expr] = []
    stack = [(node, above, below)]
    while stack:
        part, mine, other = stack.pop()
        if part.op not in ("mul", "div", "neg") or part in whole:
            mine.append(part)
        elif part.op == "neg":
            mine.append(num(-1))
            stack.append((part.args[0], mine, other))
        else:
            x, y = part.args
            stack += [(y, mine, other) if part.op == "mul" else (y, other, mine), (x, mine, other)]
    return above, below


def _product(factors: list[Expr]) -> Expr:
    result = num(1)
    for factor in factors:
        result = mul(result, factor)
    return result
