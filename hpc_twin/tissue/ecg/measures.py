"""Intervals and amplitudes of an electrocardiogram without noise: QRS, QT by the tangent, T, RR.

QRS complexes are found in the steepness of all leads together, s = sqrt(mean over leads of (d lead/dt)^2): it is an
order of magnitude larger there than anywhere else, but where electrodes are near the heart: T waves are then told by
how soon they follow a complex that is twice as steep, as Pan & Tompkins 1985 (IEEE Trans Biomed Eng 32:230) do, who
look for them within 360 ms: long QT needs more. QT ends where the steepest tangent of the T wave's way back meets
the line of rest before the QRS complex (Lepeschkin & Surawicz 1952, Circulation 6:378).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan

import numpy as np

from hpc_twin.tissue.ecg.leads import TWELVE

COMPLEX = 0.25  # of the largest steepness: a QRS complex
EDGE = 0.03  # of its own largest steepness: where a QRS complex begins and ends
QUIET = 8.0  # ms that the steepness stays below, to end it: notches are shorter
APART = 150.0  # ms between two complexes at least: no tissue is excited again so soon
NOTCH = 50.0  # ms within a complex in which nothing is steep
LATE, FLAT = 500.0, 0.5  # ms after a QRS complex, and of its steepness: less so soon is a T wave near an electrode
VISIBLE = 0.02  # of the QRS complex's amplitude: a smaller T wave is none


@dataclass(frozen=True)
class Beat:
    """One beat, of all leads together: onset and offset of QRS [ms], RR to the next beat [ms], NaN for the last.

    Where the record ends within QRS its offset is NaN.
    """

    onset: float
    offset: float
    rr: float

    @property
    def qrs(self) -> float:
        """QRS duration, ms."""
        return self.offset - self.onset


@dataclass(frozen=True)
class Wave:
    """One beat in one lead; NaN where there is none. Times in ms from the start of the run, amplitudes in mV.

    qt         from the onset of QRS in all leads to the tangent's end of T
    t_peak     time of the T wave's largest deflection, and t_amplitude, its sign with it: positive is upright
    qrs_range  highest minus lowest value in QRS
    """

    qt: float = nan
    t_peak: float = nan
    t_amplitude: float = nan
    qrs_range: float = nan


def beats(times: np.ndarray, leads: np.ndarray) -> list[Beat]:
    """The beats in ``leads`` (n_times, n_leads) mV at ``times`` (n_times,) ms, in order; empty where nothing moves."""
    steepness = np.sqrt((_slopes(times, leads) ** 2).mean(axis=1))
    if len(times) < 3 or steepness.max() == 0.0:
        return []
    spans = _complexes(times, steepness)
    limits = [0, *((one[1] + other[0]) // 2 for one, other in pairwise(spans)), len(times) - 1]
    edges = [_edges(times, steepness, *each) for each in zip(spans, limits[:-1], limits[1:], strict=True)]
    nexts = [*(onset for onset, _ in edges[1:]), nan]
    return [Beat(onset, offset, then - onset) for (onset, offset), then in zip(edges, nexts, strict=True)]


def wave(times: np.ndarray, lead: np.ndarray, beat: Beat, until: float = np.inf) -> Wave:
    """What one ``lead`` (n_times,) mV shows of ``beat``; ``until`` is the onset of the next one."""
    rest = float(np.interp(beat.onset, times, lead))
    inside = (times >= beat.onset) & (times <= beat.offset)
    after = np.flatnonzero((times > beat.offset) & (times < until))
    spread = float(np.ptp(lead[inside])) if inside.any() else nan
    if len(after) < 3:
        return Wave(qrs_range=spread)
    height = lead[after] - rest
    top = int(np.abs(height).argmax())
    if top in (0, len(after) - 1) or abs(height[top]) < VISIBLE * spread:
        return Wave(qrs_range=spread)
    end = _tangent_end(times[after[top:]], height[top:])
    return Wave(end - beat.onset, float(times[after[top]]), float(height[top]), spread)


def waves(times: np.ndarray, leads: np.ndarray, beat: Beat) -> list[Wave]:
    """``wave`` of each column of ``leads`` (n_times, n_leads)."""
    until = beat.onset + beat.rr if np.isfinite(beat.rr) else np.inf
    return [wave(times, column, beat, until) for column in leads.T]


def summary(times: np.ndarray, leads: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """Means over beats by name: QRS, QT (median of the leads), RR [ms], beats (their number); QT_, T_, QRS_range_LEAD.

    What there is not is left out, as QT where the run ends before the T wave does. Where there are some of the 12
    leads, QRS, QT and the beats are theirs: a catheter sees the tissue next to it, and many times larger.
    """
    surface = [k for k, name in enumerate(names) if name in TWELVE] or list(range(len(names)))
    found = beats(times, leads[:, surface])
    each = np.array([[(w.qt, w.t_amplitude, w.qrs_range) for w in waves(times, leads, beat)] for beat in found])
    result = {"beats": float(len(found)), "QRS": _mean([b.qrs for b in found]), "RR": _mean([b.rr for b in found])}
    if found:
        result["QT"] = _mean([_median(row) for row in each[:, surface, 0]])
        for k, name in enumerate(names):
            qt, amplitude, spread = each[:, k].T
            result |= {f"QT_{name}": _mean(qt), f"T_{name}": _mean(amplitude), f"QRS_range_{name}": _mean(spread)}
    return {name: value for name, value in result.items() if np.isfinite(value)}


def _slopes(times: np.ndarray, leads: np.ndarray) -> np.ndarray:
    """(n_times, n_leads) mV/ms."""
    return np.gradient(leads, times, axis=0) if len(times) > 1 else np.zeros_like(leads)


def _complexes(times: np.ndarray, steepness: np.ndarray) -> list[tuple[int, int]]:
    """The first and last steep row of each complex, without steep T waves."""
    steep = np.flatnonzero(steepness >= COMPLEX * steepness.max())
    runs = np.split(steep, np.flatnonzero(np.diff(times[steep]) > NOTCH) + 1)
    found = [(int(runs[0][0]), int(runs[0][-1]))]
    for run in runs[1:]:
        first, last = found[-1]
        flatter = steepness[run].max() < FLAT * steepness[first : last + 1].max()
        if not flatter and times[run[0]] - times[last] <= APART:
            found[-1] = (first, int(run[-1]))
        elif not flatter or times[run[0]] - times[first] >= LATE:
            found.append((int(run[0]), int(run[-1])))
    return found


def _edges(times: np.ndarray, steepness: np.ndarray, span: tuple[int, int], first: int, last: int):
    """(onset, offset) around the steep rows ``span``, within rows first to last [ms]; NaN for one still going on."""
    begin, end = span
    quiet = steepness < EDGE * steepness[begin : end + 1].max()
    before = _first_quiet(times[first : begin + 1][::-1], quiet[first : begin + 1][::-1])
    after = _first_quiet(times[end : last + 1], quiet[end : last + 1])
    unfinished = end + after == len(times) - 1 and not quiet[-1]
    return float(times[begin - before]), nan if unfinished else float(times[end + after])


def _first_quiet(times: np.ndarray, quiet: np.ndarray) -> int:
    """The row from which ``quiet`` holds for QUIET ms, or to the end."""
    loud = np.flatnonzero(~quiet)
    gaps = np.abs(np.diff(times[loud])) > QUIET
    return int(loud[np.flatnonzero(gaps)[0]] if gaps.any() else loud[-1]) + (0 if loud[-1] == len(quiet) - 1 else 1)


def _tangent_end(times: np.ndarray, height: np.ndarray) -> float:
    """Where the steepest tangent of the way back from height[0] meets 0; NaN when the way back is not seen whole."""
    slope = np.gradient(height, times) * -np.sign(height[0]) if len(times) > 2 else np.zeros(len(times))
    steepest = int(slope.argmax())
    if slope[steepest] <= 0 or steepest >= len(times) - 2:
        return nan
    return float(times[steepest] + abs(height[steepest]) * np.sign(height[steepest] * height[0]) / slope[steepest])


def _mean(values) -> float:
    return float(np.mean(finite)) if len(finite := _finite(values)) else nan


def _median(values) -> float:
    return float(np.median(finite)) if len(finite := _finite(values)) else nan


def _finite(values) -> np.ndarray:
    values = np.asarray(values, float)
    return values[np.isfinite(values)]
