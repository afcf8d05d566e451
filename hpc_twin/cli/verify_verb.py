"""``hpc-twin verify``: results beside exact solutions and published benchmarks."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hpc_twin.verify import Outcome


def verify(
    name: Annotated[str, typer.Argument(help="The check, or all. Without it: what there is.", metavar="[NAME]")] = "",
    short: Annotated[bool, typer.Option("--short", help="Less of each: a minute for all.")] = False,
    out: Annotated[Path, typer.Option(help="Where NAME.md, NAME.png and verification.md go.", metavar="DIR")] = Path(
        "results/verify"
    ),
) -> None:
    """Compare with exact solutions and published benchmarks; exit with 1 when something lies outside.

    Example: mpirun -n 2 hpc-twin verify niederer2011
    """
    from hpc_twin.parallel import TwinError, on_root, world
    from hpc_twin.verify import CHECKS, load

    if not name:
        _print_names(CHECKS)
        return
    wanted = {n: load(n) for n in (CHECKS if name == "all" else [name])}
    on_root(world(), lambda: _writable(out))
    failed = []
    for each, check in wanted.items():
        try:
            holds = _checked(each, check, world(), short, out)
        except TwinError as error:
            if len(wanted) == 1:
                raise
            print(f"{each} could not be computed: {error}", flush=True)
            holds = False
        failed += [] if holds else [each]
    if len(wanted) > 1:
        print(f"{len(wanted) - len(failed)} of {len(wanted)} checks passed" + "".join(f", {n} did not" for n in failed))
    if failed:
        raise typer.Exit(1)


def _writable(out: Path) -> None:
    """Make the folder before minutes are spent. Raises InputError."""
    from hpc_twin.parallel import InputError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out: {out} cannot be made ({error.strerror})") from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise InputError(f"--out: {out} cannot be written")


def _print_names(checks: dict[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    grid = Table(show_header=False, box=None, pad_edge=False)
    for name, words in checks.items():
        grid.add_row(name, words)
    Console().print(grid)


def _checked(name: str, check, comm, short: bool, out: Path) -> bool:
    """Run one check on all ranks, show and write what it found; whether it holds."""
    from hpc_twin.parallel import on_root, say
    from hpc_twin.verify import Session

    say(comm, f"{name}:")
    begin = time.perf_counter()
    outcome = check(Session(comm, short, out / "runs" / name))
    seconds = time.perf_counter() - begin
    on_root(comm, lambda: _tell(name, outcome, out, _made(comm.size, seconds, short)))
    return outcome.holds


def _made(ranks: int, seconds: float, short: bool) -> str:
    from hpc_twin import __version__

    kind = "short, " if short else ""
    return f"{kind}hpc-twin {__version__} on {ranks} rank{'s' * (ranks > 1)}, {seconds:.0f} s"


def _tell(name: str, outcome: "Outcome", out: Path, made: str) -> None:
    from rich.console import Console

    from hpc_twin.verify import report

    on_terminal = sys.stderr.isatty()
    console = Console(force_terminal=on_terminal, width=None if on_terminal else 120)
    for grid in report.grids(outcome):
        console.print(grid)
    report.write(name, outcome, out, made)
    print(f"{name} {'passed' if outcome.holds else 'is OUTSIDE its limits'} ({made}); more in {out / name}.md")
