"""Restitution of action potential duration and conduction velocity: by S1S2, and dynamically.

Protocols as in M. L. Koller et al., Dynamic restitution of action potential duration during electrical alternans and
ventricular fibrillation, Am J Physiol 275 (1998) H1635-H1642: S1S2, one early pulse after many of a steady rate; and
dynamic, a steady rate that is raised in steps. APD is to 90 % of repolarisation, DI from there to the next upstroke.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, nan

import numpy as np

from hpc_twin.parallel import RunError
from hpc_twin.run.velocities.cable import Cable, ClampedCell
from hpc_twin.run.velocities.velocity import BETWEEN

REPOLARISED = 0.9
WHOLE = 0.7  # of S1's height: less is a response, but no action potential
INTERVALS = (500, 400, 300, 240, 200, 160, 130, 100, 80, 65, 50, 40, 30, 25, 20, 15, 10, 5, 0)  # ms, DI of S2 at first
PATIENCE, AFTER = 100.0, 1500.0  # ms in which a pulse is followed by an upstroke, and in which that beat is over

Preparation = Cable | ClampedCell


@dataclass(frozen=True)
class Beat:
    """Of a pulse ``interval`` ms after the one before: DI and APD90 [ms], velocity [mm/ms] (NaN of a cell alone)."""

    interval: float
    DI: float
    APD: float
    velocity: float


@dataclass(frozen=True)
class Wave:
    """An action potential at a place: upstroke and 90 % repolarisation [ms], height [mV], velocity [mm/ms] or NaN."""

    up: float
    down: float
    height: float
    velocity: float


def s1s2(
    tissue: Preparation,
    s1: float,
    beats: int,
    couplings: Sequence[float] | None = None,
    tell: Callable[[Beat], None] | None = None,
) -> list[Beat]:
    """The beat of one early pulse S2, each time after ``beats`` pulses S1 every ``s1`` ms; longest coupling first.

    S1 is run once: each S2 begins with the state that S1 left so long after its last pulse. ``couplings`` [ms] by
    default leave DI of 500 to 0 ms; the first S2 that does not travel, or leaves a small response, ends the list.
    Raises RunError when S1 is not followed beat by beat.
    """
    look, dt = _Look(tissue), tissue.medium.dt
    tissue.fire([n * s1 for n in range(beats)])
    begin = (beats - 1) * s1
    for _ in tissue.march(begin):
        pass
    base, started = look.V, tissue.snapshot()
    before = look.watch(begin + s1, begin)
    steady = look.waves(before, base)
    if len(steady) != 1 or not isfinite(steady[0].down):
        raise RunError(f"{tissue.medium.kernel.name}: S1 each {s1:g} ms is not followed by one action potential each")
    refractory = steady[0].down - steady[0].up
    wanted = couplings or [refractory + DI for DI in INTERVALS if refractory + DI <= s1]
    times = sorted({round(coupling / dt) * dt for coupling in wanted})
    found: list[Beat] = []
    tissue.restore(started)
    for coupling, snapshot in reversed(_snapshots(tissue, begin, times)):
        tissue.restore(snapshot)
        tissue.fire([begin + coupling])
        seen = look.watch(begin + coupling + AFTER, begin + coupling, one=True)
        waves = look.waves(np.vstack([before[before[:, 0] <= begin + coupling], seen]), base)
        if len(waves) < 2 or not look.travelled(waves[1]) or waves[1].height < WHOLE * waves[0].height:
            break
        found.append(Beat(coupling, waves[1].up - waves[0].down, waves[1].down - waves[1].up, waves[1].velocity))
        if tell is not None:
            tell(found[-1])
    return found


def dynamic(
    tissue: Preparation, intervals: Iterable[float], beats: int, tell: Callable[[Beat], None] | None = None
) -> list[Beat]:
    """The last two beats of ``beats`` (3 or more) at each of ``intervals`` [ms], slow to fast, while all are followed.

    Two at each interval tell of alternans.
    """
    look, t, base = _Look(tissue), 0.0, tissue.rest
    found: list[Beat] = []
    for interval in intervals:
        tissue.fire([t + n * interval for n in range(beats)])
        paced = t + (beats - 3) * interval
        for _ in tissue.march(paced, t):
            pass
        t = paced + 3 * interval
        waves = look.waves(look.watch(t, paced), base)
        if len(waves) != 3 or not all(look.travelled(wave) for wave in waves[:2]):
            break
        for last, wave in pairwise(waves):
            if isfinite(wave.down):
                found.append(Beat(interval, wave.up - last.down, wave.down - wave.up, wave.velocity))
                if tell is not None:
                    tell(found[-1])
    return found


def steepest(beats: Sequence[Beat], apart: float = 2.0) -> float:
    """Largest slope dAPD/dDI of the curve through ``beats``, by differences of neighbours ``apart`` ms or more."""
    kept: list[tuple[float, float]] = []
    for DI, APD in sorted((beat.DI, beat.APD) for beat in beats):
        if not kept or DI - kept[-1][0] >= apart:
            kept.append((DI, APD))
    if len(kept) < 2:
        return nan
    curve = np.array(kept)
    return float((np.diff(curve[:, 1]) / np.diff(curve[:, 0])).max())


class _Look:
    """V at two places: APD at the first, velocity from there to the second."""

    def __init__(self, tissue: Preparation):
        self._tissue, length = tissue, float(tissue.x.max())
        self._places = [int(np.abs(tissue.x - share * length).argmin()) for share in BETWEEN]
        self._distance = float(np.ptp(tissue.x[self._places]))

    @property
    def V(self) -> float:
        """mV, at the first place, now."""
        return float(self._tissue.V[self._places[0]])

    def travelled(self, wave: Wave) -> bool:
        """Whether it came to an end here and, on a cable, reached the second place."""
        return isfinite(wave.down) and (isfinite(wave.velocity) or self._distance == 0)

    def watch(self, until: float, start: float, one: bool = False) -> np.ndarray:
        """(n, 3) t, and V at both places, after each step; ``one``: until an action potential that began is over."""
        tissue, level, rest = self._tissue, self._tissue.level, self._tissue.rest
        rows, fired, was = [], nan, True
        for t in tissue.march(until, start):
            V = tissue.V[self._places]
            rows.append((t, *V))
            fired = t if V[0] > level and not was else fired
            was = bool(V[0] > level)
            over = fired == fired and V[0] < rest + 0.05 * (level - rest) and V[1] < level
            if one and (over or (fired != fired and t - start > PATIENCE)):
                break
        return np.array(rows)

    def waves(self, rows: np.ndarray, base: float) -> list[Wave]:
        """Action potentials in ``watch``'s rows, repolarised by 90 % of the way from their peak to ``base`` mV."""
        t, here, there = rows.T
        ups, later = (_risings(t, V, self._tissue.level) for V in (here, there))
        found = []
        for up, end in zip(ups, [*ups[1:], np.inf], strict=True):
            within = np.flatnonzero((t > up) & (t < end))
            peak = within[here[within].argmax()]
            down = _falling(t, here, peak, int(within[-1]), here[peak] - REPOLARISED * (here[peak] - base))
            arrival = next((x for x in later if x > up), nan)
            found.append(Wave(up, down, here[peak] - base, self._distance / (arrival - up) if self._distance else nan))
        return found


def _risings(t: np.ndarray, V: np.ndarray, level: float) -> list[float]:
    k = np.flatnonzero((V[:-1] < level) & (V[1:] >= level))
    return (t[k] + (level - V[k]) / (V[k + 1] - V[k]) * (t[k + 1] - t[k])).tolist()


def _falling(t: np.ndarray, V: np.ndarray, first: int, last: int, level: float) -> float:
    """When V falls to ``level`` between rows ``first`` and ``last``; NaN if it does not."""
    below = first + np.flatnonzero(V[first : last + 1] <= level)
    if len(below) == 0:
        return nan
    k = int(below[0])
    return float(t[k] - (level - V[k]) / (V[k - 1] - V[k]) * (t[k] - t[k - 1]))


def _snapshots(tissue: Preparation, begin: float, times: Sequence[float]) -> list[tuple[float, tuple]]:
    """(time, state) so many ms after ``begin``, where the tissue is now."""
    found = []
    for before, time in pairwise((0.0, *times)):
        for _ in tissue.march(begin + time, begin + before):
            pass
        found.append((time, tissue.snapshot()))
    return found
