"""Linearly implicit steps of a block of states, by a sparse LU factorisation written out in expressions.

The elimination has no pivoting and no branch, so that it vectorises over cells. For occupancies of a Markov channel,
df/dx = J has columns that sum to 0 and no negative entry off its diagonal: then I - dt J keeps dominant columns
throughout the elimination, every pivot is at least 1, and the sum of the occupancies is kept to rounding.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.ir import Expr, depends, num
from hpc_twin.cellmodels.expressions.substitution import substituted
from hpc_twin.cellmodels.schemes.steps import DT
from hpc_twin.cellmodels.schemes.structure import jacobian

GAMMA = 1 - 1 / math.sqrt(2)
SMALLEST_PIVOT = 0.1  # only where states feed on themselves faster than 1/dt; the order of the steps is not changed

Entries = dict[tuple[int, int], Expr]


@dataclass(frozen=True)
class Pivot:
    """A step of the elimination: the unknown ``k``, the rows below that hold it, the columns left in its row."""

    k: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]


def implicit_euler(x: Sequence[Expr], f: Sequence[Expr]) -> list[Expr]:
    """dx of (I - dt J) dx = dt f with J = df/dx: backward Euler where f is linear in x."""
    return _Factors(x, f, DT).solve([mul(DT, rate) for rate in f])


def rosenbrock2(x: Sequence[Expr], f: Sequence[Expr]) -> list[Expr]:
    """ROS2, L-stable and of order 2 (Verwer et al. 1999, SIAM J Sci Comput 20:1456-1480), whatever J is.

    (I - g dt J) k1 = f(x), (I - g dt J) k2 = f(x + dt k1) - 2 k1, dx = dt (3 k1 + k2)/2 with g = 1 - 1/sqrt(2).
    """
    factors = _Factors(x, f, mul(num(GAMMA), DT))
    k1 = factors.solve(f)
    ahead = substituted(f, {s: add(s, mul(DT, k)) for s, k in zip(x, k1, strict=True)})
    k2 = factors.solve([sub(rate, mul(num(2), k)) for rate, k in zip(ahead, k1, strict=True)])
    return [mul(DT, add(mul(num(1.5), a), mul(num(0.5), b))) for a, b in zip(k1, k2, strict=True)]


def elimination(pattern: Iterable[tuple[int, int]], n: int) -> list[Pivot]:
    """The order of least fill by Markowitz (1957, Management Science 3:255-269), on the diagonal alone."""
    rows: list[set[int]] = [set() for _ in range(n)]
    columns: list[set[int]] = [set() for _ in range(n)]
    for i, j in pattern:
        if i != j:
            rows[j].add(i)
            columns[i].add(j)
    left, pivots = list(range(n)), []
    while left:
        k = min(left, key=lambda k: len(rows[k]) * len(columns[k]))
        pivots.append(Pivot(k, tuple(sorted(rows[k])), tuple(sorted(columns[k]))))
        for i in rows[k]:
            columns[i] = (columns[i] | columns[k]) - {i, k}
        for j in columns[k]:
            rows[j] = (rows[j] | rows[k]) - {j, k}
        left.remove(k)
    return pivots


def cost(pattern: Iterable[tuple[int, int]], n: int) -> int:
    """Multiplications of the factorisation and one solution."""
    pivots = elimination(pattern, n)
    return sum(len(p.rows) * (len(p.columns) + 2) + len(p.columns) + 1 for p in pivots)


class _Factors:
    """L U = I - h J, by rows and columns of ``x``."""

    def __init__(self, x: Sequence[Expr], f: Sequence[Expr], h: Expr) -> None:
        number = {s.args[0]: k for k, s in enumerate(x)}
        slopes = jacobian(dict(zip(number, f, strict=True)), number)
        self._a: Entries = {(k, k): num(1) for k in number.values()}
        for (i, j), slope in slopes.items():
            at = number[i], number[j]
            finite = _finite(slope) if depends([slope])[slope] & number.keys() else slope
            self._a[at] = sub(self._a.get(at, num(0)), mul(h, finite))
        self._pivots = elimination(self._a, len(x))
        self._inverse: dict[int, Expr] = {}
        for pivot in self._pivots:
            self._eliminate(pivot)

    def _eliminate(self, pivot: Pivot) -> None:
        a, k = self._a, pivot.k
        small = call("lt", a[k, k], num(SMALLEST_PIVOT))
        self._inverse[k] = div(num(1), call("select", small, num(SMALLEST_PIVOT), a[k, k]))
        for i in pivot.rows:
            a[i, k] = mul(a[i, k], self._inverse[k])
            for j in pivot.columns:
                a[i, j] = sub(a.get((i, j), num(0)), mul(a[i, k], a[k, j]))

    def solve(self, right: Sequence[Expr]) -> list[Expr]:
        """Solution for one right-hand side."""
        y = list(right)
        for pivot in self._pivots:
            for i in pivot.rows:
                y[i] = sub(y[i], mul(self._a[i, pivot.k], y[pivot.k]))
        for pivot in reversed(self._pivots):
            for j in pivot.columns:
                y[pivot.k] = sub(y[pivot.k], mul(self._a[pivot.k, j], y[j]))
            y[pivot.k] = mul(y[pivot.k], self._inverse[pivot.k])
        return y


def _finite(slope: Expr) -> Expr:
    """0 where ``slope`` is no number: the tangent of a sigmoid whose exponential overflows is inf/inf."""
    return call("select", call("lt", call("abs", slope), num(math.inf)), slope, num(0))
