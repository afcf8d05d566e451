"""Plans and scalings as tables for the terminal."""

from hpc_twin.scaling.networks import HERE
from hpc_twin.scaling.plan import Estimate, Plan

COLUMNS = (
    "ranks", "on", "nodes\nof each", "memory [MB]\nrank 0, others", "start\nand end", "time\nloop", "most of it",
    "total", "core-\nhours", "energy",
)  # fmt: skip
FEW = 500  # nodes of a rank: with fewer, ranks wait for each other more than they compute, docs/scaling.md
NAMES = {
    "calls": "Python",
    "halo": "messages",
    "reductions": "sums over ranks",
}  # of parts, for those who see them first


def plan_table(source: str, plan: Plan) -> list:
    """What ``plan`` found, what to make of it, and what it rests on."""
    from rich.table import Table

    title = f"{source}: {plan.nodes:,} nodes, {plan.elements:,} elements, {plan.steps:,} steps"
    table = Table(title=f"{title}; files of {size(plan.bytes)}", box=None, padding=(0, 2, 0, 0), title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("on", "most of it") else "right", no_wrap=True, min_width=5)
    for estimate in plan.estimates:
        table.add_row(*_row(estimate))
    return [table, *(f"  {words}" for words in advice(plan)), "", *plan.words]


def advice(plan: Plan) -> list[str]:
    """What to make of it."""
    quick = min(plan.estimates, key=lambda e: e.total)
    cheap = min(plan.estimates, key=lambda e: e.core_hours)
    words = []
    if len(plan.estimates) > 1:
        words.append(f"fastest: {quick.ranks:,} rank(s), {seconds(quick.total)}; fewest core-hours: {cheap.ranks:,}")
    few = [e.ranks for e in plan.estimates if e.nodes < FEW and e.ranks > 1]
    if few and plan.steps:
        enough = max(1, plan.nodes // FEW)
        words.append(
            f"{few[0]:,} ranks and more have less than {FEW} nodes each and mostly wait: take {enough:,} at most"
        )
    if tight := [f"{e.ranks:,}" for e in plan.estimates if not e.fits]:
        words.append(
            f"(!) {', '.join(tight)} ranks do not fit their nodes' memory: take more ranks, or fewer on each node; "
            "where rank 0 is the largest, split the mesh before (hpc-twin partition)"
        )
    return words


def _row(e: Estimate) -> tuple[str, ...]:
    where = "this machine" if e.network.name == HERE else f"{e.network.nodes(e.ranks):,} x {e.network.name}"
    memory = ", ".join(f"{m:,.0f}" for m in e.memory[: min(e.ranks, 2)]) + ("" if e.fits else " (!)")
    energy = f"{1000 * e.kilowatt_hours:.2g} Wh" if e.kilowatt_hours < 1 else f"{e.kilowatt_hours:.3g} kWh"
    hours = f"{e.core_hours:.2g}" if e.core_hours < 10 else f"{e.core_hours:,.0f}"
    return (f"{e.ranks:,}", where, f"{e.nodes:,.0f}", memory, seconds(sum(e.start_up.values())), seconds(e.loop),
            _most(e), seconds(e.total), hours, energy)  # fmt: skip


def _most(e: Estimate) -> str:
    """The part of a step that takes longest."""
    if not e.loop:
        return ""
    name = max(e.parts, key=lambda part: e.parts[part])
    return f"{NAMES.get(name, name)} {100 * e.parts[name] / sum(e.parts.values()):.0f} %"


def seconds(value: float) -> str:
    """In seconds, minutes or hours."""
    if value < 120:
        return f"{value:.3g} s"
    return f"{value / 60:.1f} min" if value < 7200 else f"{value / 3600:.1f} h"


def size(n_bytes: float) -> str:
    """In MB, GB or TB."""
    for unit, scale in (("MB", 1e6), ("GB", 1e9)):
        if n_bytes < 1000 * scale:
            return f"{n_bytes / scale:.3g} {unit}"
    return f"{n_bytes / 1e12:.3g} TB"
