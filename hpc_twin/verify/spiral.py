"""Reentry on a sheet: period and tip path of a spiral wave beside those of another code.

Aliev-Panfilov cells (a = 0.1, eps0 = 0.01, k = 8, mu1 = 0.2, mu2 = 0.3; D = 1) on 50 x 50 units at h = 0.25, dt = 0.01:
Finitewave (github.com/finitewave/Finitewave, tests of its 2-D trackers; explicit Euler, finite differences) asserts the
mean period of four points from t = 100 to 300, 25.6 +- 0.1, and the box in which the tip moves from t = 50 to 90, in
steps of h: 116.95 to 140.97 by 109.94 to 136.33. One unit is 1 mm and 1 ms here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpc_twin.io.events import read_events
from hpc_twin.io.result import read_result
from hpc_twin.io.traces import read_traces
from hpc_twin.parallel import on_root
from hpc_twin.verify.outcome import Limit, Outcome, Session, Table
from hpc_twin.verify.spiral_cases import HUMAN, aliev_panfilov

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ISO = -30.0  # mV, u = 0.5: of the tip and of activations
OTHER_PERIOD, OTHER_SPREAD = 25.6, 0.1
PAPER_PERIOD = 265.0  # ms
SINCE, WINDOW = 100.0, (50.0, 90.0)  # ms, of the other code
OTHER_BOX = 0.25 * np.array(((109.94, 136.33), (116.95, 140.97)))  # mm; their first index is our second axis
FINITEWAVE = "Finitewave's tests"
TEXT = """A stimulus to one half of a square sheet without flux at its edges, then a second one across the tail of its
wave. The tip is where V = -30 mV and dV/dt = 0 (Fenton & Karma 1998, Chaos 8:20), found in every millisecond while
running; the period is the mean time between upstrokes at four points.

The Aliev-Panfilov rotor settles within five turns and then turns rigidly around a circular core. Finitewave, finite
differences with explicit Euler, asserts its period and the box in which the tip moves while it settles: two codes that
share nothing put the tip on the same path.

The TNNP set of Bueno-Orovio, Cherry & Fenton (2008, J Theor Biol 253:544, Table 1) is a fit to the model of ten
Tusscher et al. (2004, Am J Physiol 286:H1573), whose spirals meander with a period of 265 ms. Begun with a rotor, its
tip runs along lines of block of some centimetres and turns sharply at their ends. It needs the fine mesh: at h = 0.5 mm
the period is 280 to 310 ms. The median over the sheet of the mean cycle length is compared; a fit may be 10 % off."""


@dataclass(frozen=True)
class Rotor:
    """What is compared: tips (n, 3) t, x, y; box (2, 2) least and largest x and y in a window; radius of the core."""

    h: float
    dt: float
    period: float
    spread: float
    tips: np.ndarray
    box: np.ndarray
    radius: float

    @property
    def apart(self) -> float:
        """Largest distance of the box's sides from those of the other code."""
        return float(np.abs(self.box - OTHER_BOX).max())


def check(session: Session) -> Outcome:
    """The rotor with steps of space, then of time made smaller, and the human one; the coarsest only when short."""
    levels = ((0.5, 0.05),) if session.short else ((0.5, 0.05), (0.25, 0.02), (0.25, 0.01))
    rotors = [_aliev_panfilov(session, h, dt) for h, dt in levels]
    head = ("code", "h, mm", "dt, ms", "period, ms", "spread, ms", "core radius, mm", "tip's box from the other's, mm")
    rows = [("hpc-twin", r.h, r.dt, r.period, r.spread, r.radius, r.apart) for r in rotors]
    rows.append(("Finitewave", 0.25, 0.01, OTHER_PERIOD, OTHER_SPREAD, np.nan, 0.0))
    return Outcome(
        title="period and tip path of a spiral wave",
        text=TEXT,
        limits=_limits(rotors) + ([] if session.short else _human(session)),
        tables=[Table("", head, rows)],
        picture=lambda figure: _draw(figure, rotors[-1]),
    )


def _limits(rotors: Sequence[Rotor]) -> list[Limit]:
    best = rotors[-1]
    words = f"h {best.h:g} mm, dt {best.dt:g} ms"
    some = 0.03 if best.h > 0.25 else 0.015
    found = [
        Limit(f"period, {words}", best.period, (1 - some) * OTHER_PERIOD, (1 + some) * OTHER_PERIOD, "ms", FINITEWAVE),
        Limit(f"tip's box, {words}: apart", best.apart, 0.0, 2 * 0.25, "mm", f"{FINITEWAVE}, two of its steps"),
        Limit("core's radius", best.radius, 2.2, 2.5, "mm", "this code, any resolution"),
    ]
    changes = [abs(b.period - a.period) / b.period for a, b in pairwise(rotors)]
    return found + [
        Limit(f"period's change with {name} halved", change, 0.0, 0.02, "", "resolution is enough")
        for name, change in zip(("h", "dt"), changes, strict=False)
    ]


def _aliev_panfilov(session: Session, h: float, dt: float) -> Rotor:
    until = 180 if session.short else 300
    folder = session.run(f"aliev_panfilov_{h:g}mm_{dt:g}ms", aliev_panfilov(h, dt, until))
    return session.comm.bcast(on_root(session.comm, lambda: _measured(folder, h, dt)))


def _human(session: Session) -> list[Limit]:
    folder = session.run("tnnp", HUMAN)
    period, extent = session.comm.bcast(on_root(session.comm, lambda: _meander(folder)))
    paper = "ten Tusscher et al. 2004"
    return [
        Limit("TNNP set: period", period, 0.9 * PAPER_PERIOD, 1.1 * PAPER_PERIOD, "ms", paper),
        Limit("TNNP set: the tip meanders over", extent, 20.0, 100.0, "mm", f"{paper}: no rigid rotation"),
    ]


def _meander(folder: Path) -> tuple[float, float]:
    """Median of the mean cycle lengths [ms], and the longer side of the tips' box [mm]."""
    with read_result(folder / "result.exo") as result:
        period = float(np.nanmedian(result.map("cycle_length")))
    return period, float(np.ptp(read_events(folder / "singularities.nc").points, axis=0).max())


def _measured(folder: Path, h: float, dt: float) -> Rotor:
    """From what the run left."""
    events, traces = read_events(folder / "singularities.nc"), read_traces(folder / "traces.nc")
    periods = [_periods(traces.times, V) for V in traces.values["V"].T]
    tips = np.column_stack((events.times, events.points[:, :2]))
    settling = tips[(tips[:, 0] >= WINDOW[0]) & (tips[:, 0] <= WINDOW[1]), 1:]
    late = tips[tips[:, 0] > 150, 1:]
    box = np.column_stack((settling.min(axis=0), settling.max(axis=0)))
    radius = float(np.linalg.norm(late - (late.min(axis=0) + late.max(axis=0)) / 2, axis=1).mean())
    mean = float(np.mean([each.mean() for each in periods]))
    return Rotor(h, dt, mean, float(np.concatenate(periods).std()), tips, box, radius)


def _periods(times: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Times between upstrokes after SINCE, linearly interpolated."""
    k = np.flatnonzero((V[:-1] < ISO) & (V[1:] >= ISO))
    upstrokes = times[k] + (ISO - V[k]) / (V[k + 1] - V[k]) * (times[k + 1] - times[k])
    return np.diff(upstrokes[upstrokes >= SINCE])


def _draw(figure: "Figure", rotor: Rotor) -> None:
    """The tip's path, coloured by time, and the other code's box."""
    figure.set_layout_engine("compressed")
    axes = figure.subplots()
    t, x, y = rotor.tips.T
    shown = axes.scatter(x, y, c=t, s=9, cmap="turbo")
    figure.colorbar(shown, label="time [ms]")
    (left, right), (low, high) = OTHER_BOX
    corners = ((left, low), (right, low), (right, high), (left, high), (left, low))
    axes.plot(*np.transpose(corners), "--", color="#444444", label="Finitewave's tip from 50 to 90 ms")
    axes.set_title(f"path of the tip, h {rotor.h:g} mm, dt {rotor.dt:g} ms")
    axes.legend(frameon=False, loc="upper left")
    axes.set_aspect("equal")
    axes.set_xlabel("x [mm]")
    axes.set_ylabel("y [mm]")
