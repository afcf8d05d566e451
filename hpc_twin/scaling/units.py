"""What a part of a step costs on the machine that measured: by node, by size, by ranks beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SMALL = 20_000  # nodes up to which two sizes tell what a step costs without nodes: beyond, the cache has its say
HELD = 0.2  # a share outside the cache up to which the cache counts as holding all
USUAL = 0.5  # more for what it does not hold: the slab at 0.1 against 0.2 mm, docs/performance.md
GAIN = 3.0  # times as fast is a core within its cache as beyond it, at most
FACTORS = 0.5, 4.0  # least and most that ranks beside change


@dataclass(frozen=True)
class Point:
    """A run: nodes ``n`` of a rank, ``work`` of it (nodes, or n (i + w)), seconds of a step."""

    ranks: int
    n: float
    work: float
    seconds: float


@dataclass(frozen=True)
class Unit:
    """Seconds of a step: calls + work u(n) (1 + shared (ranks - 1)); u lies between what was measured at ``sizes``.

    A cache is never as large as its maker says: others on the machine have their part. So u is measured, not modelled.
    """

    calls: float
    sizes: tuple[float, ...]
    units: tuple[float, ...]
    shared: float

    @classmethod
    def through(cls, points: Sequence[Point]) -> "Unit":
        """``units`` from runs on one rank, ``shared`` from the others."""
        alone = sorted((point for point in points if point.ranks == 1), key=lambda point: point.n)
        calls = _calls(alone)
        units = tuple(max(point.seconds - calls, 0.0) / point.work for point in alone)
        found = cls(calls, tuple(point.n for point in alone), units, 0.0)
        beside = [found._beside(point) for point in points if point.ranks > 1]
        return cls(found.calls, found.sizes, found.units, float(np.mean(beside)) if beside else 0.0)

    def at(self, n: float, ranks: int = 1) -> float:
        """Seconds of a unit of work."""
        alone = float(np.interp(np.log(n), np.log(self.sizes), self.units))
        return alone * float(np.clip(1 + self.shared * (ranks - 1), *FACTORS))

    @property
    def inside(self) -> float:
        """Seconds of a unit of work that the cache holds."""
        return min(self.units)

    def outside(self, share: float) -> float:
        """Where no cache holds it; ``share`` of the largest size's numbers was outside the cache."""
        return max(self.units[-1], self.inside) if share > HELD else (1 + USUAL) * self.inside

    def _beside(self, point: Point) -> float:
        """More for each other rank."""
        alone = self.at(point.n) * point.work
        return ((point.seconds - self.calls) / alone - 1) / (point.ranks - 1) if alone > 0 else 0.0


def _calls(alone: Sequence[Point]) -> float:
    """Seconds of a step without nodes: the line through the two smallest sizes, at zero work; what is left of any size

    is GAIN times less for a unit than the largest, at least.
    """
    if len(alone) < 2 or alone[1].n > SMALL or alone[1].work <= alone[0].work:
        return 0.0
    one, other = alone[:2]
    found = (one.seconds * other.work - other.seconds * one.work) / (other.work - one.work)
    unit = alone[-1].seconds / alone[-1].work / GAIN
    return max(0.0, min(found, *(point.seconds - unit * point.work for point in alone)))
