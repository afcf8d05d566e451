"""Reentry on a sheet: period and tip path of a spiral wave beside those of another code and of a paper.

Aliev-Panfilov cells (a = 0.1, eps0 = 0.01, k = 8, mu1 = 0.2, mu2 = 0.3; D = 1) on 50 x 50 units at h = 0.25, dt = 0.01:
Finitewave (github.com/finitewave/Finitewave, tests of its 2-D trackers; explicit Euler, finite differences) asserts the
mean period of four points from t = 100 to 300, 25.6 +- 0.1, and the box in which the tip moves from t = 50 to 90, in
steps of h: 116.95 to 140.97 by 109.94 to 136.33. One unit is 1 mm and 1 ms here.

The TNNP set of Bueno-Orovio, Cherry & Fenton 2008 (J Theor Biol 253:544, Table 1), fitted to the model of ten Tusscher,
Noble, Noble & Panfilov 2004 (Am J Physiol Heart Circ Physiol 286:H1573), whose spirals meander with a period of 265 ms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpc_twin.io.events import read_events
from hpc_twin.io.traces import read_traces
from hpc_twin.parallel import on_root
from hpc_twin.verify.outcome import Limit, Outcome, Session, Table
from hpc_twin.verify.spiral_cases import aliev_panfilov, tnnp

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ISO = {"aliev_panfilov": -30.0, "tnnp": -40.0}  # mV, of the tip and of activations
OTHER_PERIOD, OTHER_SPREAD = 25.6, 0.1
OTHER_BOX = 0.25 * np.array(((109.94, 136.33), (116.95, 140.97)))  # mm; their first index is our second axis
PAPER_PERIOD = 265.0  # ms
FINITEWAVE = "Finitewave's tests"
TEXT = """A wave from one edge, then a second stimulus across its tail, on a square sheet without flux at its edges. The
tip is where V has the value given and dV/dt = 0 (Fenton & Karma 1998, Chaos 8:20), found in every millisecond while
running, the period the mean time between upstrokes at four points.

The Aliev-Panfilov rotor turns rigidly around a circular core. Finitewave, finite differences with explicit Euler,
asserts its period and where the tip is while it settles; both are met from h = 0.25 mm on, the resolution there.

The TNNP set of Bueno-Orovio, Cherry & Fenton (2008) stands for the model of ten Tusscher et al. (2004), whose abstract
gives meandering spirals with a period of 265 ms. The tip runs along lines of block of 3 to 5 cm and turns sharply at
their ends. The set is a fit, so 10 % are allowed."""


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
    """The rotor at two resolutions and that of the human ventricle; the coarse one only when it is to be short."""
    levels = ((0.5, 0.05),) if session.short else ((0.5, 0.05), (0.25, 0.02))
    rotors = [_aliev_panfilov(session, h, dt) for h, dt in levels]
    human = [] if session.short else [_tnnp(session)]
    head = ("rotor", "h, mm", "dt, ms", "period, ms", "spread, ms", "core radius, mm", "tip's box from the other's, mm")
    rows = [("Aliev-Panfilov", r.h, r.dt, r.period, r.spread, r.radius, r.apart) for r in rotors]
    rows += [("TNNP set", r.h, r.dt, r.period, r.spread, np.nan, np.nan) for r in human]
    rows.append(("Finitewave", 0.25, 0.01, OTHER_PERIOD, OTHER_SPREAD, np.nan, 0.0))
    limits = _limits_small(rotors) + [limit for rotor in human for limit in _limits_human(rotor)]
    return Outcome(
        title="period and tip path of spiral waves",
        text=TEXT,
        limits=limits,
        tables=[Table("", head, rows)],
        picture=lambda figure: _draw(figure, rotors[-1], human),
    )


def _limits_small(rotors: Sequence[Rotor]) -> list[Limit]:
    best, coarse = rotors[-1], rotors[0]
    found = [
        Limit(f"period, h {coarse.h:g} mm", coarse.period, 0.97 * OTHER_PERIOD, 1.03 * OTHER_PERIOD, "ms", FINITEWAVE),
        Limit(
            f"core is a circle, h {best.h:g} mm: radius",
            best.radius,
            2.2,
            2.5,
            "mm",
            "this code at h 0.25 mm, dt 0.01 ms",
        ),
        Limit(f"tip's box, h {coarse.h:g} mm: apart", coarse.apart, 0.0, 1.0, "mm", FINITEWAVE),
    ]
    if best is coarse:
        return found
    period, before = best.period, rotors[-2].period
    return [
        *found,
        Limit(f"period, h {best.h:g} mm", period, 0.985 * OTHER_PERIOD, 1.015 * OTHER_PERIOD, "ms", FINITEWAVE),
        Limit(f"tip's box, h {best.h:g} mm: apart", best.apart, 0.0, 0.5, "mm", FINITEWAVE),
        Limit("period's change with h halved", abs(period - before) / period, 0.0, 0.02, "", "resolution"),
    ]


def _limits_human(rotor: Rotor) -> list[Limit]:
    path = rotor.tips[rotor.tips[:, 0] > 450]
    last, extent = float(path[-1, 0]), float(np.ptp(path[:, 1:], axis=0).max())
    return [
        Limit(
            "TNNP set: period", rotor.period, 0.9 * PAPER_PERIOD, 1.1 * PAPER_PERIOD, "ms", "ten Tusscher et al. 2004"
        ),
        Limit("TNNP set: it lives until", last, 1000.0, 1100.0, "ms", "ten Tusscher et al. 2004: sustained"),
        Limit("TNNP set: it meanders over", extent, 30.0, 100.0, "mm", "ten Tusscher et al. 2004: no rigid rotation"),
    ]


def _aliev_panfilov(session: Session, h: float, dt: float) -> Rotor:
    until = 180 if session.short else 300
    folder = session.run(f"aliev_panfilov_{h:g}mm", aliev_panfilov(h, dt, until))
    return session.comm.bcast(on_root(session.comm, lambda: _measured(folder, h, dt, "aliev_panfilov", 100, (50, 90))))


def _tnnp(session: Session) -> Rotor:
    folder = session.run("tnnp", tnnp())
    return session.comm.bcast(on_root(session.comm, lambda: _measured(folder, 0.5, 0.1, "tnnp", 450, (450, 1100))))


def _measured(folder: Path, h: float, dt: float, name: str, since: float, window: tuple[float, float]) -> Rotor:
    """From what the run left: periods after ``since`` ms, the tip's box in ``window``."""
    events, traces = read_events(folder / "singularities.nc"), read_traces(folder / "traces.nc")
    periods = [_periods(traces.times, V, ISO[name], since) for V in traces.values["V"].T]
    tips = np.column_stack((events.times, events.points[:, :2]))
    now = tips[(tips[:, 0] >= window[0]) & (tips[:, 0] <= window[1]), 1:]
    late = tips[tips[:, 0] > 150, 1:]
    box = np.column_stack((now.min(axis=0), now.max(axis=0)))
    radius = float(np.linalg.norm(late - (late.min(axis=0) + late.max(axis=0)) / 2, axis=1).mean())
    every = np.concatenate(periods)
    return Rotor(h, dt, float(np.mean([p.mean() for p in periods])), float(every.std()), tips, box, radius)


def _periods(times: np.ndarray, V: np.ndarray, iso: float, since: float) -> np.ndarray:
    """Times between upstrokes through ``iso``, linearly interpolated."""
    k = np.flatnonzero((V[:-1] < iso) & (V[1:] >= iso))
    upstrokes = times[k] + (iso - V[k]) / (V[k + 1] - V[k]) * (times[k + 1] - times[k])
    return np.diff(upstrokes[upstrokes >= since])


def _draw(figure: "Figure", rotor: Rotor, human: Sequence[Rotor]) -> None:
    """Tip paths; the other code's box."""
    axes = np.atleast_1d(figure.subplots(1, 1 + len(human)))
    axes[0].plot(*rotor.tips[:, 1:].T, color="#1f5fa8", linewidth=1)
    (left, right), (low, high) = OTHER_BOX
    corners = ((left, low), (right, low), (right, high), (left, high), (left, low))
    axes[0].plot(*np.transpose(corners), "--", color="#b3261e", label="Finitewave, 50 to 90 ms")
    axes[0].set_title(f"Aliev-Panfilov, h {rotor.h:g} mm")
    axes[0].legend(frameon=False)
    for other in human:
        shown = axes[1].scatter(*other.tips[:, 1:].T, c=other.tips[:, 0], s=4, cmap="turbo")
        figure.colorbar(shown, label="time [ms]")
        axes[1].set_title("TNNP set of Bueno-Orovio et al. 2008")
    for each in axes:
        each.set_aspect("equal")
        each.set_xlabel("x [mm]")
        each.set_ylabel("y [mm]")
