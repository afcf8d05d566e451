"""``hpc-twin plan CASE``: what a run will take; ``hpc-twin measure``, which plan and scale start on ranks."""

from pathlib import Path
from typing import Annotated

import typer

Ranks = Annotated[str | None, typer.Option("--ranks", help="numbers of ranks", metavar="N,N,...")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help='change a key of the case: --set tissue.dt="0.01 ms"', metavar="KEY=VALUE"),
]
Networks = Annotated[Path | None, typer.Option("--networks", help="your own table of machines (TOML)", metavar="FILE")]
Launcher = Annotated[str, typer.Option(help="what starts ranks; their number comes last")]
CaseFile = Annotated[Path, typer.Argument(help="case file (TOML), or a folder with a case.toml", metavar="CASE")]


def plan(
    case: CaseFile,
    ranks: Ranks = None,
    network: Annotated[
        str, typer.Option(help="machine for more ranks than this one has cores", metavar="NAME")
    ] = "infiniband-100g",
    networks: Networks = None,
    elements: Annotated[
        int | None, typer.Option(min=1, help="plan for a mesh of so many elements, which need not exist", metavar="N")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="calibrate anew, even if it was done before")] = False,
    launcher: Launcher = "mpirun -n",
    overrides: Overrides = None,
) -> None:
    """Say what a case will take on so many ranks: memory, time, files, core-hours, energy.

    A minute and a half of short runs on this machine, at most, calibrate the model, once for each case.

    For a cluster:  hpc-twin plan jobs/heartbeat --ranks 64,256,1024 --network marenostrum5
    """
    from hpc_twin.case import load_case
    from hpc_twin.scaling import calibrated, chosen, cores, planned, read_networks
    from hpc_twin.scaling.tables import plan_table

    wanted = numbers(ranks, (1, cores()))
    (chosen_network,) = chosen(read_networks(networks), [network])
    loaded = load_case(case, overrides or ())
    found = calibrated(loaded, overrides or (), elements, again, launcher, tell, max(wanted))
    show(*plan_table(loaded.source, planned(loaded, wanted, chosen_network, found)))


def measure(request: Annotated[str, typer.Argument(help="JSON: scaling.launch.Request")]) -> None:
    """Run a case, shortened, and print its account as JSON."""
    import json

    from hpc_twin.scaling.measure import measure as run

    run(json.loads(request))


def numbers(text: str | None, usual: tuple[int, ...], name: str = "--ranks") -> list[int]:
    """``text``, numbers with commas, or ``usual``; sorted. Raises InputError naming the option ``name``."""
    from hpc_twin.parallel import InputError
    from hpc_twin.scaling import check_ranks

    try:
        found = [int(word) for word in text.split(",")] if text else list(usual)
    except ValueError:
        raise InputError(f"{name}: found '{text}', allowed are numbers with commas: 64,256,1024") from None
    check_ranks(found, name=name)
    return sorted(set(found))


def tell(words: str) -> None:
    """At once, also into a file."""
    print(words, flush=True)


def show(*things) -> None:
    """Print tables and lines."""
    from rich.console import Console

    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    for thing in things:
        console.print(thing)
