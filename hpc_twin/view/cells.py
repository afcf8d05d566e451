"""A picture of single cells: V, calcium and the main currents of the last beat, or the states of a model without V."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from hpc_twin.parallel import InputError
from hpc_twin.singlecell.experiment import Outcome
from hpc_twin.singlecell.quantities import currents, quantities
from hpc_twin.view.sheets import INK, STYLE

MAIN_CURRENTS = 7
MOST_STATES = 12  # panels of a model without V
MOST_POINTS = 4000
TINTS = ("#1f5fa8", "#d1495b", "#2a9d6f", "#e09f3e", "#6a4c93", "#2b9eb3", "#8d6a4f", "#6c757d")

Curves = dict[str, tuple[np.ndarray, np.ndarray]]  # label -> (t, values)


def draw(outcomes: Mapping[str, Outcome], path: Path) -> Path:
    """As ``view.draw_cells``."""
    with mpl.rc_context(STYLE):
        figure = _action_potentials(outcomes) if _have_v(outcomes) else _all_states(outcomes)
        try:
            figure.savefig(path, dpi=150, facecolor="white")
        except (OSError, ValueError) as error:
            raise InputError(f"--plot: {path} cannot be written ({error})") from None
    return path


def _have_v(outcomes: Mapping[str, Outcome]) -> bool:
    return all(outcome.equations.v is not None for outcome in outcomes.values())


def _action_potentials(outcomes: Mapping[str, Outcome]) -> Figure:
    panels = [(_curves(outcomes, "membrane_potential"), "V [mV]", 3.0)]
    calcium = _curves(outcomes, "intracellular_calcium")
    if calcium:
        panels.append((calcium, _calcium_label(outcomes), 1.8))
    if len(outcomes) == 1:
        panels += _current_panels(next(iter(outcomes.values())))
    heights = [height for *_, height in panels]
    figure = Figure(figsize=(8.5, 0.8 + sum(heights)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for k, (axis, (curves, label, _)) in enumerate(zip(axes, panels, strict=True)):
        _draw(axis, curves, label, legend=len(curves) > 1 and not (k > 0 and len(outcomes) > 1))
    axes[-1].set_xlabel("time since the stimulus [ms]" if _all_paced(outcomes) else "time [ms]")
    figure.align_ylabels(list(axes))
    axes[0].set_title(_title(outcomes), loc="left", color=INK, fontsize=13)
    return figure


def _all_paced(outcomes: Mapping[str, Outcome]) -> bool:
    return all(outcome.protocol is not None for outcome in outcomes.values())


def _title(outcomes: Mapping[str, Outcome]) -> str:
    label, outcome = next(iter(outcomes.items()))
    how = "not stimulated"
    if outcome.protocol is not None:
        how = f"beat {outcome.paced.beats} at {outcome.paced.period:g} ms"
    return f"{label}: {how}" if len(outcomes) == 1 else how


def _curves(outcomes: Mapping[str, Outcome], label: str) -> Curves:
    found = {}
    for words, outcome in outcomes.items():
        name = outcome.equations.labels.get(label)
        name = outcome.equations.v if label == "membrane_potential" else name
        if name is not None:
            found[words] = last_beat(outcome, [name])[name]
    return found


def _calcium_label(outcomes: Mapping[str, Outcome]) -> str:
    names = [(o.equations.units, o.equations.labels.get("intracellular_calcium")) for o in outcomes.values()]
    units = {units.get(name, "") for units, name in names if name is not None}
    unit = units.pop() if len(units) == 1 else ""
    return f"calcium [{unit}]" if unit else "calcium"


def last_beat(outcome: Outcome, names: list[str]) -> Curves:
    """Name -> (t since the stimulus began, values); of a cell that drives itself all that was recorded."""
    traces = outcome.paced.traces
    rows = traces.beat(-1) if outcome.protocol is not None else slice(None)
    every = max(1, len(traces.t[rows]) // MOST_POINTS)
    found = quantities(outcome.equations, traces, names, outcome.protocol)
    start = 0.0 if outcome.protocol is None else outcome.protocol.pulses.start
    t = traces.t[rows][::every] - traces.t[rows][0] - start
    return {name: (t, values[rows][::every]) for name, values in found.items()}


def _current_panels(outcome: Outcome) -> list[tuple[Curves, str, float]]:
    """The largest currents; the fastest, which would flatten all others, in a panel of its own."""
    curves = last_beat(outcome, currents(outcome.equations))
    if not curves:
        return []
    sizes = {name: float(np.nanmax(np.abs(values))) for name, (_, values) in curves.items()}
    ordered = sorted(sizes, key=lambda name: -sizes[name])[: MAIN_CURRENTS + 1]
    apart = ordered[:1] if len(ordered) > 1 and sizes[ordered[0]] > 5 * sizes[ordered[1]] else []
    together = [name for name in ordered[: MAIN_CURRENTS + len(apart)] if name not in apart]
    panels = [({name: curves[name] for name in group}, group) for group in (apart, together) if group]
    return [(drawn, _current_label(outcome, group), 1.3 if group is apart else 2.6) for drawn, group in panels]


def _current_label(outcome: Outcome, names: list[str]) -> str:
    units = {outcome.equations.units.get(name, "") for name in names}
    unit = units.pop() if len(units) == 1 else ""
    what = _short(names)[0] if len(names) == 1 else "currents"
    return f"{what} [{unit}]" if unit else what


def _all_states(outcomes: Mapping[str, Outcome]) -> Figure:
    """Small panels of the states that move most."""
    outcome = next(iter(outcomes.values()))
    states = outcome.paced.traces.states[:, :, 0]
    moves = np.ptp(states, axis=0) / np.maximum(np.abs(states).max(axis=0), 1e-300)
    shown = [outcome.equations.states[k] for k in sorted(np.argsort(-moves, kind="stable")[:MOST_STATES])]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(3.2 * columns + 1, 2.2 * rows + 0.8), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, squeeze=False).flat
    for axis, name in zip(axes, shown, strict=False):
        unit = outcome.equations.units.get(name, "")
        curves = {label: last_beat(o, [name])[name] for label, o in outcomes.items() if name in o.equations.states}
        _draw(axis, curves, f"{name} [{unit}]" if unit else name, legend=len(curves) > 1 and name == shown[0])
    for axis in list(axes)[len(shown) :]:
        axis.set_visible(False)
    figure.supxlabel("time [ms]", fontsize=12)
    figure.suptitle(", ".join(outcomes), x=0.01, ha="left", color=INK, fontsize=13)
    return figure


def _draw(axis, curves: Curves, label: str, legend: bool) -> None:
    """Curves in one panel."""
    for k, (words, (t, values)) in enumerate(zip(_short(list(curves)), curves.values(), strict=True)):
        axis.plot(t, values, color=TINTS[k % len(TINTS)], linewidth=1.6, label=words)
    axis.set_ylabel(label)
    axis.grid(color="#e6e6e6", linewidth=0.8)
    axis.margins(x=0.01)
    if legend:
        axis.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _short(names: list[str]) -> list[str]:
    """The last parts of qualified names, or their first ones, or all, whichever tells them apart."""
    for words in ([name.rpartition(".")[2] for name in names], [name.partition(".")[0] for name in names]):
        if len(set(words)) == len(names) and all(len(word) > 1 for word in words):
            return words
    return names
