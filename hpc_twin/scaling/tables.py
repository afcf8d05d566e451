"""Plans and scalings as tables for the terminal."""

from hpc_twin.scaling.networks import HERE
from hpc_twin.scaling.plan import Estimate, Plan

COLUMNS = ("ranks", "on", "memory of rank 0, others", "start-up", "time loop", "total", "core-hours", "energy")


def plan_table(source: str, plan: Plan) -> list:
    """What ``plan`` found, and below it what it rests on."""
    from rich.table import Table

    title = f"{source}: {plan.nodes:,} nodes, {plan.elements:,} elements, {plan.steps:,} steps"
    table = Table(*COLUMNS, title=f"{title}; files {size(plan.bytes)}")
    for estimate in plan.estimates:
        table.add_row(*_row(estimate))
    return [table, *plan.words]


def _row(e: Estimate) -> tuple[str, ...]:
    where = "this machine" if e.network.name == HERE else f"{e.network.nodes(e.ranks):,} x {e.network.name}"
    memory = ", ".join(size(1e6 * m) for m in e.memory) + ("" if e.fits else " (does not fit)")
    energy = f"{1000 * e.kilowatt_hours:.3g} Wh" if e.kilowatt_hours < 1 else f"{e.kilowatt_hours:.3g} kWh"
    start = sum(e.start_up.values())
    return (f"{e.ranks:,}", where, memory, seconds(start), seconds(e.loop), seconds(e.total),
            f"{e.core_hours:.3g}", energy)  # fmt: skip


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
