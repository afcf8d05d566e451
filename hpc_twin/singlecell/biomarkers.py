"""Biomarkers of an action potential and of a calcium transient.

Definitions as in O'Hara et al. 2011 (PLoS Comput Biol 7:e1002061, Methods) and Passini et al. 2017 (Front Physiol
8:668): APDx is the time from the largest dV/dt to where V has come back by x % of the amplitude, from the peak to rest;
CaTDx is the same for calcium, from its largest rate of rise. Crossings are interpolated linearly.
"""

from dataclasses import dataclass, fields
from math import inf, nan

import numpy as np


@dataclass(frozen=True)
class Biomarkers:
    """Of one beat; NaN where there is none (no repolarisation within the beat, no calcium). Calcium in its own unit."""

    rest: float = nan  # mV, at the beginning of the beat
    peak: float = nan  # mV
    amplitude: float = nan  # mV
    upstroke: float = nan  # mV/ms, largest dV/dt
    APD30: float = nan  # ms
    APD50: float = nan  # ms
    APD90: float = nan  # ms
    calcium_diastolic: float = nan
    calcium_systolic: float = nan
    CaTD50: float = nan  # ms
    CaTD90: float = nan  # ms
    cycle_length: float = nan  # ms, of cells that drive themselves

    def values(self) -> dict[str, float]:
        """Name -> value of all that are numbers."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value == value}


def biomarkers(t: np.ndarray, V: np.ndarray, calcium: np.ndarray | None = None, cycle: float = nan) -> Biomarkers:
    """Of one beat that begins at rest: ``t`` (n_rows,) ms, ``V`` (n_rows,) mV, ``calcium`` (n_rows,) or None."""
    action = _transient(t, V, (0.3, 0.5, 0.9))
    duration = dict(zip(("APD30", "APD50", "APD90"), action.durations, strict=True))
    of_calcium: dict[str, float] = {}
    if calcium is not None:
        rise = _transient(t, calcium, (0.5, 0.9), base=float(calcium.min()))
        of_calcium = {"calcium_diastolic": rise.base, "calcium_systolic": rise.peak}
        of_calcium.update(zip(("CaTD50", "CaTD90"), rise.durations, strict=True))
    return Biomarkers(
        rest=action.base,
        peak=action.peak,
        amplitude=action.peak - action.base,
        upstroke=action.slope,
        cycle_length=cycle,
        **duration,
        **of_calcium,
    )


COMPARED = ("rest", "peak", "upstroke", "APD90", "calcium_diastolic", "calcium_systolic", "cycle_length")


def differences(found: Biomarkers, exact: Biomarkers) -> dict[str, float]:
    """By how much [%] each of COMPARED differs from ``exact``: potentials of the amplitude, all others of themselves.

    Infinite where only one of the two has it.
    """
    ours, theirs = found.values(), exact.values()
    result = {}
    for name in (name for name in COMPARED if name in ours or name in theirs):
        if name not in ours or name not in theirs:
            result[name] = inf
            continue
        scale = exact.amplitude if name in ("rest", "peak") else abs(theirs[name])
        difference = ours[name] - theirs[name]
        result[name] = 100 * difference / scale if difference else 0.0
    return result


def cycle_of(t: np.ndarray, V: np.ndarray) -> tuple[slice, float] | None:
    """The rows of the last whole cycle of a cell that drives itself, from lowest V to lowest V, and its length [ms].

    None where V does not go up through the middle of its range three times.
    """
    middle = (V.max() + V.min()) / 2
    ups = np.flatnonzero((V[:-1] < middle) & (V[1:] >= middle))
    if len(ups) < 3 or np.ptp(V) < 1e-3 * np.abs(V).max():
        return None
    lowest = [a + int(np.argmin(V[a:b])) for a, b in (ups[-3:-1], ups[-2:])]
    exact = [float(_crossing(t, V, k, middle)) for k in ups[-2:]]
    return slice(lowest[0], lowest[1] + 1), exact[1] - exact[0]


@dataclass(frozen=True)
class _Transient:
    base: float
    peak: float
    slope: float
    durations: tuple[float, ...]


def _transient(t: np.ndarray, y: np.ndarray, shares: tuple[float, ...], base: float | None = None) -> _Transient:
    slopes = np.diff(y) / np.diff(t)
    steepest, highest = int(np.argmax(slopes)), int(np.argmax(y))
    start, base, peak = (t[steepest] + t[steepest + 1]) / 2, float(y[0]) if base is None else base, float(y[highest])
    ends = (_first_below(t, y, highest, peak - share * (peak - base)) for share in shares)
    return _Transient(base, peak, float(slopes[steepest]), tuple(float(end - start) for end in ends))


def _first_below(t: np.ndarray, y: np.ndarray, after: int, level: float) -> float:
    """When y first falls to ``level`` after row ``after``; NaN if never."""
    below = np.flatnonzero(y[after:] <= level)
    if len(below) == 0 or after + below[0] == 0:
        return nan
    return _crossing(t, y, after + int(below[0]) - 1, level)


def _crossing(t: np.ndarray, y: np.ndarray, k: int, level: float) -> float:
    """When y passes ``level`` between rows k and k + 1."""
    if k < 0 or y[k + 1] == y[k]:
        return nan
    return t[k] + (level - y[k]) / (y[k + 1] - y[k]) * (t[k + 1] - t[k])
