"""Leads on ECG paper: 25 mm/s, 10 mm/mV where that can be read, three rows of four columns, a rhythm strip."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from hpc_twin.io.traces import Traces, read_traces
from hpc_twin.tissue.ecg.leads import LIMB_LEADS, TWELVE
from hpc_twin.view import ViewOptions, sheets

SPEED = 0.025  # mm of paper per ms
USUAL = 10.0  # mm/mV
GAINS = np.array([m * 10.0**k for k in range(-4, 7) for m in (1, 2, 5)])
READABLE = (6.0, 45.0)  # mm: the largest lead at the usual gain, else another gain is chosen
LARGEST = 25.0  # mm: then
COLUMN = 2500.0  # ms in a column, of a record that is long enough
NARROW, MARGIN, GAP, PULSE, HEAD, FOOT, LABEL = 25.0, 5.0, 3.0, 10.0, 14.0, 8.0, 6.0  # mm
INCH = 25.4  # mm
ROW = 20.0  # mm between lines of rest, at least
RHYTHM = "II"
PAPER, FINE, COARSE, INK = "#fff7f5", "#f6d3cf", "#e89f98", "#1a1a1a"


@dataclass(frozen=True)
class Strip:
    """One lead from ``begin`` to ``end`` ms, at ``left`` mm, in a row."""

    name: str
    row: int
    left: float
    begin: float
    end: float


def draw_ecg(path: Path, folder: Path, options: ViewOptions) -> list[Path]:
    """Pictures of the ecg.nc at ``path`` in ``folder``: leads on paper, and curves of all other potentials."""
    if not path.is_file():
        return []
    traces = read_traces(path)
    leads = [name for name in TWELVE if name in traces.names] if set(LIMB_LEADS) <= set(traces.names) else []
    others = [name for name in traces.names if name not in leads]
    written = []
    if leads and len(traces.times) > 1:
        written.append(sheets.save(draw_paper(traces, leads, options.size[0]), folder / "ecg.png"))
    if others:
        curves = sheets.draw_curves(_only(traces, others), "ecg", options.size)
        written.append(sheets.save(curves, folder / "ecg_potentials.png"))
    return written


def draw_paper(traces: Traces, leads: Sequence[str], width: int) -> np.ndarray:
    """(height, width, 3) uint8 page of ``leads``."""
    strips = layout(traces.times, leads)
    gain = choose_gain(_only(traces, leads).values["ecg"])
    rests, bottom = _rests(traces, strips, gain)
    right = max(strip.left + SPEED * (strip.end - strip.begin) for strip in strips)
    paper = _whole_squares(max(right, MARGIN + PULSE + 4 * NARROW) + MARGIN), _whole_squares(bottom + FOOT)
    figure = Figure(figsize=(paper[0] / INCH, paper[1] / INCH), dpi=width / paper[0] * INCH, facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, paper[0]), ylim=(paper[1], 0))
    axes.axis("off")
    _grid(axes, *paper)
    for strip in strips:
        _trace(axes, traces, strip, rests[strip.row], gain)
    for rest in rests:
        _pulse(axes, rest)
    _words(axes, traces, gain, paper[1])
    return sheets.pixels(figure)


def choose_gain(values: np.ndarray) -> float:
    """mm/mV: 10, or, where the largest lead could not be read then, what makes it LARGEST mm at most."""
    largest = float(np.ptp(values, axis=0).max())
    if largest == 0.0 or READABLE[0] <= USUAL * largest <= READABLE[1]:
        return USUAL
    return float(max(GAINS[GAINS <= LARGEST / largest], default=GAINS[0]))


def layout(times: np.ndarray, leads: Sequence[str]) -> list[Strip]:
    """Where each lead stands. Columns of three leads follow each other in time when the record fills them all, as on a
    cardiograph's paper, and else begin together; the rhythm strip shows the record as far as the paper reaches."""
    begin, end = float(times[0]), float(times[-1])
    columns = -(-len(leads) // 3)
    whole = min(end - begin, COLUMN)
    running = end - begin >= columns * COLUMN
    step = SPEED * whole if running else max(SPEED * whole, NARROW) + GAP
    strips = []
    for k, name in enumerate(leads):
        column, row = divmod(k, 3)
        start = begin + column * whole * running
        strips.append(Strip(name, row, MARGIN + PULSE + column * step, start, start + whole))
    if RHYTHM in leads and end - begin > COLUMN:
        stop = min(end, begin + columns * step / SPEED)
        strips.append(Strip(RHYTHM, min(len(leads), 3), MARGIN + PULSE, begin, stop))
    return strips


def _rests(traces: Traces, strips: Sequence[Strip], gain: float) -> tuple[list[float], float]:
    """mm from the top to each row's line of rest, far enough apart for traces and pulses, and to the lowest trace."""
    rows = 1 + max(strip.row for strip in strips)
    up, down = np.full(rows, USUAL), np.full(rows, 2.0)
    for strip in strips:
        _, y = _curve(traces, strip, gain)
        up[strip.row], down[strip.row] = max(up[strip.row], y.max()), max(down[strip.row], -y.min())
    rests = [_whole_squares(HEAD + up[0] + LABEL)]
    for row in range(1, rows):
        rests.append(_whole_squares(rests[-1] + max(ROW, down[row - 1] + up[row] + LABEL)))
    return rests, rests[-1] + float(down[-1])


def _whole_squares(mm: float) -> float:
    """Up to the next line of the coarse grid."""
    return float(5 * np.ceil(mm / 5))


def _curve(traces: Traces, strip: Strip, gain: float) -> tuple[np.ndarray, np.ndarray]:
    """mm to the right of the strip's begin and above the line of rest, which is the lead's first value."""
    values = traces.values["ecg"][:, traces.names.index(strip.name)]
    inside = (traces.times >= strip.begin - 1e-6) & (traces.times <= strip.end + 1e-6)
    return SPEED * (traces.times[inside] - strip.begin), gain * (values[inside] - values[0])


def _trace(axes: Axes, traces: Traces, strip: Strip, rest: float, gain: float) -> None:
    x, y = _curve(traces, strip, gain)
    axes.plot(strip.left + x, rest - y, color=INK, linewidth=_points(0.3), solid_joinstyle="round")
    above = max(USUAL, float(y[x < 8.0].max())) if strip.left > MARGIN + PULSE else USUAL
    axes.text(strip.left + 0.5, rest - above - 1.5, strip.name, fontsize=_points(3.2), color=INK, weight="bold")
    if strip.begin > traces.times[0]:
        axes.plot([strip.left] * 2, [rest - 4, rest - 7], color=INK, linewidth=_points(0.3))  # here time goes on


def _pulse(axes: Axes, rest: float) -> None:
    """10 mm high, 5 mm (0.2 s) wide."""
    x, y = np.array([0, 1, 1, 6, 6, 7]), np.array([0, 0, USUAL, USUAL, 0, 0])
    axes.plot(MARGIN + x, rest - y, color=INK, linewidth=_points(0.3), solid_joinstyle="miter")


def _grid(axes: Axes, width: float, height: float) -> None:
    for step, colour, thickness in ((1, FINE, 0.12), (5, COARSE, 0.18)):
        upright = [[(x, 0), (x, height)] for x in np.arange(0, width + 0.5, step)]
        level = [[(0, y), (width, y)] for y in np.arange(0, height + 0.5, step)]
        axes.add_collection(LineCollection(upright + level, colors=colour, linewidths=_points(thickness), zorder=0))


def _words(axes: Axes, traces: Traces, gain: float, height: float) -> None:
    found = {
        key.removeprefix("measure_"): float(str(value))
        for key, value in traces.attributes.items()
        if key.startswith("measure_")
    }
    intervals = "    ".join(f"{name} {found[name]:.0f} ms" for name in ("RR", "QRS", "QT") if name in found)
    if "RR" in found:
        intervals = f"rate {60000 / found['RR']:.0f}/min    {intervals}"
    axes.text(MARGIN, 7, intervals, fontsize=_points(3.4), color=INK, va="center")
    scale = f"{1000 * SPEED:g} mm/s    {gain:g} mm/mV"
    if gain != USUAL:
        scale += f"  (not the usual {USUAL:g}: the pulse is {USUAL / gain:g} mV)"
    axes.text(MARGIN, height - 3, scale, fontsize=_points(3.0), color=INK, va="center")


def _points(mm: float) -> float:
    """Points of a length on paper."""
    return mm / INCH * 72


def _only(traces: Traces, names: Sequence[str]) -> Traces:
    columns = [traces.names.index(name) for name in names]
    values = {"ecg": traces.values["ecg"][:, columns]}
    return replace(traces, names=list(names), values=values)
