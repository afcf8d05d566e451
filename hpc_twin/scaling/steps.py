"""What a step takes in a run, from the windows of its loop."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from hpc_twin.scaling.launch import Sample
from hpc_twin.scaling.watch import Window

BESIDE = np.linspace(0.0, 8.0, 81)  # values of w that are tried
OTHERS = 3.0  # times the median: more is not ours
TRUST = 0.02  # weight of the w that is assumed, against spreads of what was measured


@dataclass(frozen=True)
class Step:
    """Seconds of cells, solve and measures (with what no part is charged with), iterations; and those of a frame.

    Medians over windows, since others may use the machine; what differs from phase to phase is a mean.
    """

    cells: float
    solve: float
    measures: float
    iterations: float
    frame: float

    @classmethod
    def of(cls, sample: Sample, w: float, calls: float) -> "Step":
        """``w``: work of a solve beside its iterations, in iterations;  ``calls``: its seconds without nodes."""
        windows = sample.windows
        iterations = mean_of(windows)
        frames = sum(window.frames for window in windows)
        return cls(
            median(_each(windows, "cells")),
            calls + median(_units(windows, w, calls)) * (iterations + w),
            cost_of_measures(windows),
            iterations,
            sum(window.seconds["output"] for window in windows) / frames if frames else 0.0,
        )

    @staticmethod
    def beside(samples: Sequence[Sample], usual: float, calls: float) -> float:
        """w for which solve / (i + w) differs least between the windows of each run, ``usual`` where they are alike."""
        worst = [sum(_spread(_units(s.windows, w, calls)) for s in samples) + TRUST * abs(np.log((w + 1) / (usual + 1)))
                 for w in BESIDE]  # fmt: skip
        return float(BESIDE[int(np.argmin(worst))])


def mean_of(windows: Sequence[Window], until: float = float("inf")) -> float:
    """Iterations of a step up to ``until`` [ms]; of the first window at least."""
    some = [window for window in windows if window.until <= until * (1 + 1e-9)] or windows[:1]
    return sum(window.iterations * window.steps for window in some) / sum(window.steps for window in some)


def cost_of_measures(windows: Sequence[Window]) -> float:
    """Seconds of a step, with what no part is charged with; windows in which somebody else computed do not count."""
    costs = [measures + rest for measures, rest in zip(_each(windows, "measures"), _each(windows, "rest"), strict=True)]
    return float(np.average(np.minimum(costs, OTHERS * median(costs)), weights=[window.steps for window in windows]))


def _each(windows: Sequence[Window], name: str) -> list[float]:
    return [window.seconds[name] / window.steps for window in windows]


def _units(windows: Sequence[Window], w: float, calls: float) -> list[float]:
    """Seconds of a solve for each of its i + w."""
    found = zip(windows, _each(windows, "solve"), strict=True)
    return [max(seconds - calls, 0.0) / max(window.iterations + w, 0.01) for window, seconds in found]


def _spread(values: Sequence[float]) -> float:
    """Relative, by the median's own measure, which single windows do not move."""
    middle = median(values)
    return median(abs(value - middle) for value in values) / middle if middle > 0 else 0.0
