"""How the iterations of CG depend on the mesh.

The condition of (chi Cm M + theta dt K) under Jacobi is that of the mass matrix and a part that grows as dt D / h^2,
and iterations grow as its root (Shewchuk 1994, sec. 9): i(h)^2 = mass + stiffness / h^2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from hpc_twin.scaling.fit import Law

SEEN = 0.5  # iterations per step: with fewer there is no front yet
CLOSE = 1.2  # edge lengths within this factor say nothing
SHARE = 0.45  # of the stiffness in i^2 where nothing was seen: that of the slab of Niederer et al. at 0.2 mm, 0.05 ms


@dataclass(frozen=True)
class Growth:
    """``mass`` and ``stiffness`` up to a common factor; ``known``: measured or assumed."""

    mass: float
    stiffness: float
    known: str

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]]) -> "Growth":
        """(h, iterations) of runs over the same time."""
        seen = [(h, i) for h, i in points if i > SEEN]
        finest = min(h for h, _ in points)
        if not seen or max(h for h, _ in seen) < CLOSE * finest:
            return cls(1 - SHARE, SHARE * finest**2, "assumed")
        terms = {"mass": lambda h: 1.0, "stiffness": lambda h: h**-2}
        law = Law(terms, [h for h, _ in seen], [i**2 for _, i in seen])
        return cls(law["mass"], law["stiffness"], "measured")

    def ratio(self, h: float, to: float) -> float:
        """i(to) / i(h)."""
        return sqrt((self.mass + self.stiffness / to**2) / (self.mass + self.stiffness / h**2))
