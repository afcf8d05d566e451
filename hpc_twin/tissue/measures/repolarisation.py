"""When the cells come back: repolarisation, action potential duration and diastolic interval, beat by beat."""

import numpy as np

from hpc_twin.fem.memory import Memory, nodal
from hpc_twin.mesh.part import Part
from hpc_twin.tissue.measures.activation import Activation


class Repolarisation:
    """Time [ms] of the return to V_peak - share (V_peak - V_rest) after each activation, NaN before.

    V_rest is ``rest`` (n,), or V when the run starts; V_peak the highest V since the beat's activation. Seen every
    ``dt`` it is given, linearly interpolated: repolarisation takes 1 mV/ms, so looking each 0.5 ms costs less than
    0.01 ms of accuracy.

    times     (n,) of the first beat
    last      (n,) of the last beat that ended
    duration  (n,) the action potential duration of the last beat that ended
    interval  (n,) the diastolic interval before the last activation, NaN when that came before the repolarisation
    """

    def __init__(self, V: np.ndarray, share: float, rest: np.ndarray | None = None):
        self.times, self.last, self.duration, self.interval = (np.full(V.shape, np.nan) for _ in range(4))
        self._share, self._rest = share, V.copy() if rest is None else rest
        self._peak, self._before, self._level = V.copy(), V.copy(), np.empty_like(V)
        self._count = np.zeros(V.shape, np.int32)
        self._open, self._flag = np.zeros(V.shape, bool), np.empty(V.shape, bool)

    def update(self, V: np.ndarray, activation: Activation, t: float, dt: float) -> None:
        """See V at ``t``, ``dt`` after the last call."""
        np.not_equal(activation.count, self._count, out=self._flag)
        begun = np.flatnonzero(self._flag)
        if len(begun):
            self._begin(begun, V, activation)
        np.maximum(self._peak, V, out=self._peak)
        np.subtract(self._rest, self._peak, out=self._level)
        self._level *= self._share
        self._level += self._peak
        np.less(V, self._level, out=self._flag)
        self._flag &= self._open
        ended = np.flatnonzero(self._flag)
        if len(ended):
            self._end(ended, V, activation, t, dt)
        np.copyto(self._before, V)

    def memory(self, part: Part) -> Memory:
        """All beats so far, the one that is under way, and V of the last look."""
        beats = nodal(part, times=self.times, last=self.last, duration=self.duration, interval=self.interval)
        now = nodal(part, peak=self._peak, before=self._before, count=self._count, open=self._open)
        return {**beats, **now}

    def _begin(self, begun: np.ndarray, V: np.ndarray, activation: Activation) -> None:
        self._count[begun] = activation.count[begun]
        self._peak[begun] = V[begun]
        self.interval[begun] = np.where(self._open[begun], np.nan, activation.last[begun] - self.last[begun])
        self._open[begun] = True

    def _end(self, ended: np.ndarray, V: np.ndarray, activation: Activation, t: float, dt: float) -> None:
        before = np.maximum(self._before[ended], self._level[ended])  # the level rises with the peak
        now = t - dt + (before - self._level[ended]) / (before - V[ended]) * dt
        self._open[ended] = False
        self.last[ended] = now
        self.duration[ended] = now - activation.last[ended]
        first = ended[np.isnan(self.times[ended])]
        self.times[first] = self.last[first]
