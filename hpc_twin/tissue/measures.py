"""Activation, repolarisation and APD maps, gathered while running: no history of V is kept."""

import numpy as np


class Activation:
    """Time [ms] at which V first rises through ``threshold`` [mV], linearly interpolated between steps; NaN before."""

    def __init__(self, V: np.ndarray, threshold: float):
        self.times = np.full(V.shape, np.nan)
        self._threshold = threshold
        self._before = V.copy()
        self._above = V >= threshold
        self._was = self._above.copy()

    def update(self, V: np.ndarray, t: float, dt: float) -> None:
        """See V at ``t``, ``dt`` after the last call."""
        np.greater_equal(V, self._threshold, out=self._above)
        np.greater(self._above, self._was, out=self._was)
        rising = np.flatnonzero(self._was)
        if len(rising):
            first = rising[np.isnan(self.times[rising])]
            climb = (self._threshold - self._before[first]) / (V[first] - self._before[first])
            self.times[first] = t - dt + climb * dt
        self._above, self._was = self._was, self._above
        np.copyto(self._before, V)


class Repolarisation:
    """Time [ms] of the return to V_peak - share (V_peak - V_rest) after activation, NaN before.

    V_rest is V when the run starts, V_peak the highest V since. Seen every ``dt`` it is given, linearly interpolated:
    repolarisation takes 1 mV/ms, so looking each 0.5 ms costs less than 0.01 ms of accuracy.
    """

    def __init__(self, V: np.ndarray, share: float):
        self.times = np.full(V.shape, np.nan)
        self._share, self._rest = share, V.copy()
        self._peak, self._before, self._level = V.copy(), V.copy(), np.empty_like(V)
        self._below = np.empty(V.shape, bool)

    def update(self, V: np.ndarray, activation: np.ndarray, t: float, dt: float) -> None:
        """See V at ``t``, ``dt`` after the last call; ``activation`` as Activation.times."""
        np.maximum(self._peak, V, out=self._peak)
        np.subtract(self._rest, self._peak, out=self._level)
        self._level *= self._share
        self._level += self._peak
        np.less(V, self._level, out=self._below)
        self._below &= self._before >= self._level
        falling = np.flatnonzero(self._below)
        if len(falling):
            now = falling[np.isnan(self.times[falling]) & ~np.isnan(activation[falling])]
            fall = (self._before[now] - self._level[now]) / (self._before[now] - V[now])
            self.times[now] = t - dt + fall * dt
        np.copyto(self._before, V)
