"""Rectangular pulses in time."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pulses:
    """start, duration [ms]; period None means once; count None means until the end."""

    start: float
    duration: float
    period: float | None = None
    count: int | None = None

    def share(self, t: float, dt: float) -> float:
        """Share of [t, t + dt] in which a pulse is on, so that the charge is exact for every dt."""
        share = (self.time_on(t + dt) - self.time_on(t)) / dt
        return share if share > 1e-9 else 0.0

    def time_on(self, t: float) -> float:
        """How long [ms] pulses have been on until ``t``."""
        since, number = t - self.start, 0
        if self.period is not None and since > 0:
            number = int(since // self.period)
            number = number if self.count is None else min(number, self.count - 1)
            since -= number * self.period
        return number * self.duration + min(max(since, 0.0), self.duration)

    def between(self, begin: float, end: float) -> list[tuple[float, float]]:
        """(on, off) [ms] of the pulses that touch [begin, end], in order of time."""
        step, last = (1.0, 1) if self.period is None else (self.period, self.count)
        number = max(0, int((begin - self.start - self.duration) // step)) if self.period else 0
        found = []
        while (on := self.start + number * step) < end and (last is None or number < last):
            if on + self.duration > begin:
                found.append((on, on + self.duration))
            number += 1
        return found
