"""When the cells are activated: first and last time, how often, and the cycle length."""

import numpy as np

from hpc_twin.fem.memory import Memory, nodal
from hpc_twin.mesh.part import Part

HYSTERESIS = 20.0  # mV


class Activation:
    """Times [ms] at which V rises through ``threshold`` [mV], linearly interpolated between steps; NaN before.

    A cell that was activated can be activated again once V was ``HYSTERESIS`` below the threshold, or half-way to
    ``rest`` (n,) where that is less, so that a notch or a ripple near the threshold is no beat.

    times  (n,) the first activation
    last   (n,) the last one
    cycle  (n,) the last one minus the one before
    count  (n,) how many there were
    """

    def __init__(self, V: np.ndarray, threshold: float, rest: np.ndarray | None = None):
        self.times, self.last, self.cycle = (np.full(V.shape, np.nan) for _ in range(3))
        self.count = np.zeros(V.shape, np.int32)
        self._threshold = threshold
        self._low = threshold - HYSTERESIS if rest is None else _low(threshold, rest)
        self._before = V.copy()
        self._active = V >= threshold
        self._new, self._ready = np.empty(V.shape, bool), np.empty(V.shape, bool)

    def update(self, V: np.ndarray, t: float, dt: float) -> None:
        """See V at ``t``, ``dt`` after the last call."""
        np.greater_equal(V, self._threshold, out=self._new)
        np.greater(self._new, self._active, out=self._new)
        np.less(V, self._low, out=self._ready)
        np.greater(self._active, self._ready, out=self._active)
        rising = np.flatnonzero(self._new)
        if len(rising):
            self._mark(rising, V, t, dt)
        np.copyto(self._before, V)

    def memory(self, part: Part) -> Memory:
        """All beats so far, and V of the last look."""
        beats = nodal(part, times=self.times, last=self.last, cycle=self.cycle, count=self.count)
        return {**beats, **nodal(part, before=self._before, active=self._active)}

    def mean_cycle(self) -> np.ndarray:
        """(n,) mean cycle length [ms], NaN with less than two activations."""
        return np.divide(
            self.last - self.times, self.count - 1, out=np.full(self.last.shape, np.nan), where=self.count > 1
        )

    def _mark(self, rising: np.ndarray, V: np.ndarray, t: float, dt: float) -> None:
        before = self._before[rising]
        now = t - dt + (self._threshold - before) / (V[rising] - before) * dt
        self._active[rising] = True
        self.count[rising] += 1
        self.cycle[rising] = now - self.last[rising]
        self.last[rising] = now
        first = rising[self.count[rising] == 1]
        self.times[first] = self.last[first]


def _low(threshold: float, rest: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(threshold - HYSTERESIS, (threshold + rest) / 2), threshold)
