"""What a solve costs on the machine that measured: by node, by what its cache does not hold, by ranks beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hpc_twin.scaling.fit import Law

HELD = 0.2  # a share outside the cache up to which the cache counts as holding all
USUAL = 0.5  # more for what it does not hold: the slab at 0.1 against 0.2 mm, docs/performance.md
MOST = 3.0


@dataclass(frozen=True)
class Measured:
    """A run: ``work`` n (i + w) of a rank, the share ``outside`` its cache, and the seconds of a step."""

    ranks: int
    work: float
    outside: float
    seconds: float


@dataclass(frozen=True)
class Solve:
    """Seconds of a step: calls + work nodes (1 + outside share) (1 + shared (ranks - 1))."""

    calls: float
    nodes: float
    outside: float
    shared: float

    @classmethod
    def through(cls, runs: Sequence[Measured]) -> "Solve":
        """``calls`` and ``nodes`` from runs in the cache, the others from those beyond it and of several ranks."""
        alone = sorted((run for run in runs if run.ranks == 1), key=lambda run: run.work)
        inside = [run for run in alone if run.outside < HELD] or alone[:1]
        terms = {"nodes": lambda run: run.work, **({"calls": lambda run: 1.0} if len(inside) > 1 else {})}
        law = Law(terms, inside, [run.seconds for run in inside])
        found = cls(law.coefficients.get("calls", 0.0), law["nodes"], USUAL, 0.0)
        largest = alone[-1]
        if largest.outside >= HELD and largest not in inside:
            more = (largest.seconds - found.calls) / (found.nodes * largest.work) - 1
            found = cls(found.calls, found.nodes, min(max(more / largest.outside, 0.0), MOST), 0.0)
        several = [
            ((run.seconds - found.calls) / (found(run) - found.calls) - 1) / (run.ranks - 1)
            for run in runs
            if run.ranks > 1
        ]
        return cls(found.calls, found.nodes, found.outside, max(0.0, sum(several) / max(len(several), 1)))

    def unit(self, outside: float, ranks: int) -> float:
        """Seconds of a node and i + w."""
        return self.nodes * (1 + self.outside * outside) * (1 + self.shared * (ranks - 1))

    def __call__(self, run: Measured) -> float:
        """Seconds of a step."""
        return self.calls + run.work * self.unit(run.outside, run.ranks)
