"""What a loop takes while it goes: windows of so many steps, since a beat is not the same from its begin to its end."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hpc_twin.parallel import sum_over

LOOK, SHARE = 20, 0.05
PATIENCE = 3.0
PARTS = ("cells", "solve", "measures", "output", "rest")


@dataclass(frozen=True)
class Window:
    """``steps`` of a loop up to ``until`` [ms]: frames, iterations and, by part, seconds, means over the ranks."""

    until: float
    steps: int
    frames: int
    iterations: float
    seconds: dict[str, float]


class Watch:
    """Sees each step of a run (run.simulate) and ends the loop after ``seconds`` of rank 0's processor; collective.

    Where others use it too, PATIENCE times as many of the clock are enough. ``every``: ms between frames. Windows begin
    after the first step, which meets cold memory, and are as long in all runs: LOOK steps, and later SHARE of those so
    far, so that a long run has not too many. Times are those of the ranks' processors, as in measure.py.
    """

    def __init__(self, comm, seconds: float, every: float):
        self._comm, self._seconds, self._every = comm, seconds, every
        self._rows: list[tuple[float, ...]] = []
        self._ends = math.inf, math.inf

    def __call__(self, step: int, t: float, iterations: int, seconds: Mapping[str, float]) -> bool:
        """Whether that was long enough."""
        if step != 1 and step % LOOK:
            return False
        clock, used = time.perf_counter(), time.process_time()
        if step == 1:
            self._ends = used + self._seconds, clock + PATIENCE * self._seconds
        enough = self._comm.bcast(used > self._ends[0] or clock > self._ends[1])
        if step == 1 or enough or step - self._rows[-1][0] >= SHARE * step:
            parts = (seconds.get(name, 0.0) for name in PARTS[:-1])
            self._rows.append((step, t, self._frames(t), iterations, used, clock, *parts))
        return enough

    def windows(self) -> list[Window]:
        """All of them, on all ranks; collective."""
        if len(self._rows) < 2:
            return []
        rows = np.array(self._rows)
        spans = np.diff(rows, axis=0)
        clock = spans[:, 5]
        busy = np.minimum(spans[:, 4] / clock, 1.0)[:, None]
        seconds = np.column_stack((spans[:, 6:], clock - spans[:, 6:].sum(axis=1))) * busy
        mean = sum_over(self._comm, seconds) / self._comm.size
        return [
            Window(t, int(span[0]), int(span[2]), span[3] / span[0], dict(zip(PARTS, part.tolist(), strict=True)))
            for t, span, part in zip(rows[1:, 1].tolist(), spans.tolist(), mean, strict=True)
        ]

    def _frames(self, t: float) -> int:
        return int(t / self._every * (1 + 1e-9))
