"""Measured points and predicted curves."""

from pathlib import Path

from hpc_twin.scaling.improvements import IMPROVEMENTS
from hpc_twin.scaling.scale import Scaling

BEST = "pipelined, overlapped, without Python"
STYLES = (("as it is", "-", None), ("as it is", ":", 0.0), (BEST, "--", 0.0))  # improvement, line, frames per step
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")


def draw(found: Scaling, path: Path) -> None:
    """A step over ranks, strong; efficiency, weak; and what a step is made of on the last network."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
    _strong(axes[0], found)
    _weak(axes[1], found)
    _shares(axes[2], found)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _strong(axis, found: Scaling) -> None:
    """Seconds of a step; what was measured on a smaller mesh is shown in proportion."""
    nodes = found.counts[0].n_nodes
    _curves(axis, found, "strong", lambda point: point.step)
    values = [s.loop / s.steps * nodes / s.nodes for s in found.strong]
    axis.plot([s.ranks for s in found.strong], values, "ko", label=f"measured on {found.strong[0].nodes:,} nodes")
    ends = [found.strong[0].ranks, found.counts[-1].n_parts]
    axis.plot(ends, [values[0] * ends[0] / n for n in ends], color="0.7", label="in proportion")
    axis.set(title=f"strong: {1e-6 * nodes:.1f} million nodes", ylabel="step [s]", xscale="log", yscale="log")
    axis.legend(fontsize=7)


def _weak(axis, found: Scaling) -> None:
    _curves(axis, found, "weak", lambda point: point.efficiency)
    if found.weak:
        first = found.weak[0].loop / found.weak[0].steps * found.weak[0].ranks / found.weak[0].nodes
        values = [first / (s.loop / s.steps * s.ranks / s.nodes) for s in found.weak]
        axis.plot([s.ranks for s in found.weak], values, "ko", label="measured here")
    axis.set(title="weak", ylabel="efficiency", xscale="log", ylim=(0, 1.1))
    axis.legend(fontsize=7)


def _curves(axis, found: Scaling, kind: str, value) -> None:
    for network, colour in zip(found.networks, COLOURS, strict=False):
        for how, style, frames in STYLES:
            points = getattr(found, f"{kind}_curve")(network, IMPROVEMENTS[how], frames)
            label = network.name if style == "-" else None
            axis.plot([p.load.ranks for p in points], [value(p) for p in points], style, color=colour, label=label)
    axis.plot([], [], "k:", label="no frames")
    axis.plot([], [], "k--", label=f"{BEST}, no frames")
    axis.set(xlabel="ranks")
    axis.grid(alpha=0.3)


def _shares(axis, found: Scaling) -> None:
    points = found.strong_curve(found.networks[-1])
    names = list(points[0].parts)
    shares = [[p.parts[name] / p.step for p in points] for name in names]
    axis.stackplot([p.load.ranks for p in points], shares, labels=names)
    axis.set(title=f"shares of a step, strong, {found.networks[-1].name}", xlabel="ranks", xscale="log", ylim=(0, 1))
    axis.legend(fontsize=7, loc="lower left")
