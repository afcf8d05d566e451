"""Measured points and predicted curves."""

from pathlib import Path

from hpc_twin.scaling.improvements import IMPROVEMENTS
from hpc_twin.scaling.scale import Scaling

BEST = "pipelined, overlapped, without Python"
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")


def draw(found: Scaling, path: Path) -> None:
    """Efficiency over ranks, strong and weak, and what a step is made of on the first network."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
    nodes = found.counts[0].n_nodes
    _curves(axes[0], found, "strong", f"strong: {1e-6 * nodes:.1f} million nodes")
    _curves(axes[1], found, "weak", "weak")
    _parts(axes[2], found)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _curves(axis, found: Scaling, kind: str, title: str) -> None:
    for network, colour in zip(found.networks, COLOURS, strict=False):
        for how, style in (("as it is", "-"), (BEST, "--")):
            points = getattr(found, f"{kind}_curve")(network, IMPROVEMENTS[how])
            label = network.name if style == "-" else None
            axis.semilogx(
                [p.load.ranks for p in points], [p.efficiency for p in points], style, color=colour, label=label
            )
    samples = found.strong if kind == "strong" else found.weak
    if samples:
        first = samples[0].loop / samples[0].steps * samples[0].ranks / samples[0].nodes
        values = [first / (s.loop / s.steps * s.ranks / s.nodes) for s in samples]
        axis.plot([s.ranks for s in samples], values, "ko", label="measured here")
    axis.set(title=title, xlabel="ranks", ylabel="efficiency", ylim=(0, 1.15))
    axis.grid(alpha=0.3)
    axis.plot([], [], "k--", label=BEST)
    axis.legend(fontsize=8)


def _parts(axis, found: Scaling) -> None:
    network = found.networks[0]
    points = found.strong_curve(network)
    ranks = [p.load.ranks for p in points]
    names = list(points[0].parts)
    axis.stackplot(ranks, [[1e6 * p.parts[name] * p.load.ranks for p in points] for name in names], labels=names)
    axis.set(title=f"a step times ranks, {network.name}", xlabel="ranks", ylabel="core-us", xscale="log")
    axis.legend(fontsize=8, loc="upper left")
