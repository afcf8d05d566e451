"""``hpc-twin run CASE``: one simulation."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def run(
    case: Annotated[Path, typer.Argument(help="case file (TOML), or a folder with a case.toml", metavar="CASE")],
    out: Annotated[
        Path | None, typer.Option(help="output folder; default results/<name of the case's folder>", metavar="DIR")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an older run in the output folder")] = False,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help='change a key of the case: --set tissue.dt="0.01 ms"', metavar="KEY=VALUE"),
    ] = None,
    go_on: Annotated[
        bool, typer.Option("--continue", help="go on from a checkpoint where there is one, else begin")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="check case, models and mesh, and say what would be run")
    ] = False,
) -> None:
    """Run a case; results go to OUT/result.exo (ParaView, pyvista) and OUT/traces.nc (probes).

    On two ranks:  mpirun -n 2 hpc-twin run jobs/niederer/case.toml --set tissue.dt="0.01 ms"
    """
    from hpc_twin.case import load_case
    from hpc_twin.parallel import InputError, on_root, say, world
    from hpc_twin.run import begun, finished, plan, simulate, tidy

    comm = world()
    if go_on and (overwrite or dry_run):
        raise InputError(f"--continue and {'--overwrite' if overwrite else '--dry-run'}: give one of them")
    loaded = comm.bcast(on_root(comm, lambda: load_case(case, overrides or ())))
    if dry_run:
        show(comm, _plan_table(plan(loaded, comm)))
        return
    folder = out or Path("results") / (case.parent.resolve().name if case.suffix == ".toml" else case.resolve().name)
    if go_on and comm.bcast(on_root(comm, lambda: finished(folder, loaded))):
        on_root(comm, lambda: tidy(folder, loaded))
        say(comm, f"{folder} holds the results of this case already, there is nothing to go on with")
        return
    again = go_on and comm.bcast(on_root(comm, lambda: begun(folder, loaded)))
    report = simulate(loaded, folder, comm, overwrite or go_on, again)
    show(comm, report.table())
    say(comm, f"results in {folder}; next: hpc-twin view {folder}")


def _plan_table(rows: dict[str, str]):
    from rich.table import Table

    table = Table("", "", title="dry run", show_header=False)
    for key, value in rows.items():
        table.add_row(key, value)
    return table


def show(comm, table) -> None:
    """Print a table on rank 0."""
    if comm.rank == 0:
        from rich.console import Console

        on_terminal = sys.stderr.isatty()  # mpirun gives ranks a terminal for stdout even when it writes to a file
        Console(force_terminal=on_terminal, width=None if on_terminal else 100).print(table)
