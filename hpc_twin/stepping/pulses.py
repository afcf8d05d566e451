"""Rectangular pulses in time."""

from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Pulses:
    """A train of pulses (S1), and pulses at times of their own (S2, S3, ... or any).

    start, duration [ms]; period None means once; count None means until the end; ``extra`` are the times [ms] at which
    further pulses begin, which may not overlap with others.
    """

    start: float
    duration: float
    period: float | None = None
    count: int | None = None
    extra: tuple[float, ...] = ()

    @classmethod
    def at(cls, times: tuple[float, ...], duration: float) -> "Pulses":
        """One pulse at each of ``times`` [ms]."""
        return cls(times[0], duration, extra=tuple(times[1:]))

    @classmethod
    def coupled(
        cls, start: float, duration: float, period: float | None, count: int, couplings: tuple[float, ...]
    ) -> "Pulses":
        """``count`` pulses (S1) ``period`` ms apart, then one (S2, S3, ...) each of ``couplings`` ms after the last."""
        last = start + (count - 1) * (period or 0.0)
        return cls(start, duration, period, count, tuple(accumulate(couplings, initial=last))[1:])

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
        others = sum(min(max(t - on, 0.0), self.duration) for on in self.extra)
        return number * self.duration + min(max(since, 0.0), self.duration) + others

    def between(self, begin: float, end: float) -> list[tuple[float, float]]:
        """(on, off) [ms] of the pulses that touch [begin, end], in order of time."""
        step, last = (1.0, 1) if self.period is None else (self.period, self.count)
        number = max(0, int((begin - self.start - self.duration) // step)) if self.period else 0
        begins = [on for on in self.extra if on < end]
        while (on := self.start + number * step) < end and (last is None or number < last):
            begins.append(on)
            number += 1
        return [(on, on + self.duration) for on in sorted(begins) if on + self.duration > begin]
