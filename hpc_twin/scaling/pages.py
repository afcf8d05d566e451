"""A scaling as text: tables in Markdown, for the terminal and for docs/scaling.md."""

from collections.abc import Iterable, Sequence

from hpc_twin.scaling.improvements import IMPROVEMENTS
from hpc_twin.scaling.launch import Sample
from hpc_twin.scaling.networks import Network
from hpc_twin.scaling.scale import Point, Scaling
from hpc_twin.scaling.tables import seconds, size

ENOUGH = 0.8  # efficiency
PHASES = 0.005  # of start-up: shorter ones are not shown


def sections(found: Scaling) -> dict[str, str]:
    """Title -> Markdown."""
    pages = {
        "Strong scaling, measured": strong(found),
        "The model's constants": constants(found),
        "Partitions, counted": counts(found),
    }
    if found.weak:
        pages["Weak scaling, measured"] = weak(found)
    for network in found.networks:
        pages[f"Strong scaling, predicted: {network.name}"] = curve(found.strong_curve(network))
        pages[f"Weak scaling, predicted: {network.name}"] = curve(found.weak_curve(network))
    pages["What would help"] = improvements(found)
    pages["Outside the time loop"] = outside(found)
    return pages


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join((lines[0], "|" + "---|" * len(head), *lines[1:]))


def strong(found: Scaling) -> str:
    """Each number of ranks, measured and modelled."""
    first = found.strong[0]
    rows = []
    for s in found.strong:
        step, model = s.loop / s.steps, sum(found.modelled(s).values())
        gain = first.loop / first.steps / step
        rows.append((f"{s.ranks}", f"{s.nodes:,}", f"{1e3 * step:.2f}", _part(s, "cells"), _part(s, "solve"),
                     f"{s.iterations:.2f}", f"{gain:.2f}", f"{gain * first.ranks / s.ranks:.2f}",
                     f"{1e3 * model:.2f}", f"{s.busy:.2f}"))  # fmt: skip
    head = ("ranks", "nodes", "step [ms]", "cells", "solve", "iterations", "speed-up", "efficiency", "model [ms]",
            "core's time had")  # fmt: skip
    return table(head, rows)


def weak(found: Scaling) -> str:
    """Equal nodes for each rank; a mesh of more nodes is a finer one, so the solve is given for equal iterations."""
    first, rows = found.weak[0], []
    w = found.model.scheme.w
    for s in found.weak:
        step = _per_node(s, first.iterations, w)
        rows.append((f"{s.ranks}", f"{s.nodes:,}", f"{1e3 * s.loop / s.steps:.2f}", f"{s.iterations:.2f}",
                     f"{1e9 * step:.0f}", f"{_per_node(first, first.iterations, w) / step:.2f}"))  # fmt: skip
    head = ("ranks", "nodes", "step [ms]", "iterations", "per node of a rank, equal iterations [ns]", "efficiency")
    return table(head, rows)


def constants(found: Scaling) -> str:
    """What was fitted."""
    model, pieces = found.model, found.model.frames
    calls = model.cells.calls + model.solve.calls + model.measures.calls
    solve = ", ".join(f"{1e9 * unit:.1f}" for unit in model.solve.units)
    sizes = ", ".join(f"{n:,.0f}" for n in model.solve.sizes)
    rows = [
        ("cells, per node and step", f"{1e9 * model.cells.inside:.1f} ns"),
        (f"solve, per node and iteration (i + w of them), of {sizes} nodes", f"{solve} ns"),
        ("more for each other rank on the node here", f"{100 * model.solve.shared:.0f} %"),
        ("w, work of a solve beside the iterations", f"{model.scheme.w:.2g}"),
        ("measures and the rest, per node and step", f"{1e9 * model.measures.inside:.1f} ns"),
        ("calls, per step", f"{1e6 * calls:.0f} us"),
        ("bandwidth of one rank", f"{model.triad:.0f} GB/s"),
        ("iterations per step, measured and on the refined mesh",
         f"{found.iterations[0]:.2f}, {found.iterations[1]:.2f}"),
    ]  # fmt: skip
    if pieces is not None and model.of_frame is not None:
        rows += [
            ("frames: compression, per value", f"{1e9 * pieces.compress:.0f} ns"),
            ("frames: of 4 bytes are left", f"{pieces.size:.2f}"),
            ("frames: writing, per chunk and per byte", f"{1e6 * pieces.chunk:.0f} us, {1e9 * pieces.byte:.2f} ns"),
            ("frames: rank 0, per message of a rank", f"{1e6 * pieces.message:.1f} us"),
            ("frames: beside that, per frame and per node of a rank",
             f"{1e3 * model.of_frame['calls']:.1f} ms, {1e9 * model.of_frame['nodes']:.0f} ns"),
        ]  # fmt: skip
    return table(("constant", "value"), rows)


def counts(found: Scaling) -> str:
    """Real partitions."""
    rows = [
        (f"{p.n_parts:,}", f"{p.n_nodes / p.n_parts:,.0f}", f"{p.largest * p.n_parts / p.n_nodes - 1:+.1%}",
         f"{p.mean_ghosts:,.0f}", f"{p.ghosts:,}", f"{p.mean_neighbours:.1f}", f"{p.neighbours}")
        for p in found.counts
    ]  # fmt: skip
    head = ("parts", "nodes each", "largest", "ghosts, mean", "most", "neighbours, mean", "most")
    return f"{found.counts[0].n_nodes:,} nodes, the mesh halved {found.refine} time(s).\n\n{table(head, rows)}"


def curve(points: Sequence[Point]) -> str:
    """A prediction."""
    names = list(points[0].parts)
    rows = [
        (f"{p.load.ranks:,}", f"{p.load.n:,.0f}", f"{1e6 * p.step:,.0f}",
         *(f"{1e6 * p.parts[name]:,.0f}" for name in names), f"{p.efficiency:.2f}")
        for p in points
    ]  # fmt: skip
    return table(("ranks", "largest part", "step [us]", *names, "efficiency"), rows)


def improvements(found: Scaling) -> str:
    """Efficiency at the largest number of ranks, and up to where it is enough."""
    rows = []
    ways = {"as it is, with frames": (IMPROVEMENTS["as it is"], found.frames)}
    ways |= {name: (how, 0.0) for name, how in IMPROVEMENTS.items()}
    for name, (how, frames) in ways.items():
        row = [name]
        for network in found.networks:
            points = found.strong_curve(network, how, frames)
            own = found.strong_curve(network, frames=0.0)[0].step * network.cores
            row += [f"{1e6 * points[-1].step:,.0f}", _reach(points, own)]
        rows.append(row)
    head = ["", *(words for n in found.networks for words in (f"{n.name}: step [us]", f"ranks at {ENOUGH:.0%}"))]
    ranks = f"{found.counts[-1].n_parts:,}"
    words = (
        f"A step on {ranks} ranks; and the largest number of ranks with an efficiency of {ENOUGH:.0%}, against one "
        "full node as it is. Without frames but in the first row."
    )
    return f"{words}\n\n{table(head, rows)}"


def outside(found: Scaling) -> str:
    """Start-up, memory, a frame."""
    rows = []
    for parts in found.counts:
        load = found.halo.load(parts.n_nodes, parts.n_parts)
        start = found.model.start_up(load)
        worst = sorted(start.items(), key=lambda item: -item[1])[:3]
        memory = found.model.memory_of(load)
        rows.append((f"{parts.n_parts:,}", seconds(sum(start.values())),
                     ", ".join(f"{name} {seconds(value)}" for name, value in worst if value > PHASES),
                     size(1e6 * memory[0]), size(1e6 * memory[1])))  # fmt: skip
    return table(("ranks", "start-up and end", "most of it", "memory of rank 0", "of another"), rows)


def _reach(points: Sequence[Point], core_seconds: float) -> str:
    """The largest number of ranks with enough efficiency against ``core_seconds`` of a step, between the points."""
    good = [p for p in points if core_seconds / (p.step * p.load.ranks) >= ENOUGH]
    if not good:
        return f"< {points[0].load.ranks:,}"
    beyond = [p for p in points if p.load.ranks > good[-1].load.ranks]
    if not beyond:
        return f"{points[-1].load.ranks:,} and more"
    low, high = good[-1], beyond[0]
    one, other = (core_seconds / (p.step * p.load.ranks) for p in (low, high))
    share = (one - ENOUGH) / (one - other)
    return f"{low.load.ranks * (high.load.ranks / low.load.ranks) ** share:,.0f}"


def _per_node(s: Sample, iterations: float, w: float) -> float:
    """Seconds of a step per node of a rank, as if the solve took ``iterations``."""
    solve = s.seconds["solve"]
    return (s.loop - solve + solve * (iterations + w) / (s.iterations + w)) / s.steps * s.ranks / s.nodes


def _part(s: Sample, name: str) -> str:
    return f"{1e3 * s.seconds[name] / s.steps:.2f}"


def network_line(network: Network) -> str:
    """What is assumed of it."""
    return (
        f"{network.name}: {network.title}; latency {network.latency:g} us, {network.node_latency:g} us in a node, "
        f"{network.overhead:g} us for a message, {network.bandwidth:g} Gb/s, {network.cores} cores and "
        f"{network.memory_bandwidth:g} GB/s a node, {network.cache:g} MB of cache a core, "
        f"{network.writer:g} GB/s of one process to files"
    )
