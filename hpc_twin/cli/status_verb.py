"""``hpc-twin status``: how far runs are."""

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hpc_twin.slurm.standing import Standing

DEFAULT = Path("results")


def status(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of runs, or cases; by default all runs in results", metavar="RUN|CASE"),
    ] = None,
) -> None:
    """Tell of runs on this machine, and of those given to SLURM: queued, running, done, how fast, until when.

    Example: hpc-twin status results/heartbeat
    """
    from hpc_twin.slurm.standing import standings

    found = standings([run for each in (runs or [DEFAULT]) for run in _runs(each)])
    if len(found) == 1 and runs:
        _tell(found[0])
    else:
        _table(found)


def _runs(given: Path) -> list[Path]:
    """The runs that ``given``, one itself, a folder of some or a case, stands for. Raises InputError for none."""
    from hpc_twin.cli.submit_verb import run_folder
    from hpc_twin.parallel import InputError
    from hpc_twin.slurm.standing import runs_in

    found = run_folder(given, None) if given.suffix == ".toml" or _is_case(given) else given
    if not found.is_dir():
        what = f"is a file: give the folder of a run, {found.parent}" if found.is_file() else "there is no such folder"
        raise InputError(f"{found}: {what}; hpc-twin status alone lists the runs in {DEFAULT}")
    runs = runs_in(found)
    if not runs and given != DEFAULT:
        raise InputError(f"{found}: holds no run: none of its folders has a status.json or a result.exo")
    return runs


def _is_case(given: Path) -> bool:
    """Whether a folder holds a case, and nothing that a run leaves."""
    from hpc_twin.slurm.standing import is_run

    return (given / "case.toml").exists() and not is_run(given)


def _table(found: "list[Standing]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("run", "state", "simulated", "pace", "done at", "job", "why", box=None, pad_edge=False)
    for each in found:
        job = each.job.id if each.job else ""
        table.add_row(str(_short(each.folder)), each.state, _simulated(each), _pace(each), _end(each), job, each.why)
    console = Console(
        width=None if found and Console().is_terminal else 120, markup=False
    )  # folders may have [brackets]
    console.print(table if found else "no runs")


def _tell(standing: "Standing") -> None:
    """All that is known of one run."""
    from hpc_twin.slurm.standing import last_words

    for name, words in _rows(standing).items():
        if words:
            print(f"{name:<12}{words}")
    if standing.state == "failed":
        print("\n".join(["", "the last lines of its log:", *last_words(standing.folder)]))


def _rows(standing: "Standing") -> dict[str, str]:
    job = standing.job
    return {
        "run": str(_short(standing.folder)),
        "state": f"{standing.state}{f': {standing.why}' if standing.why else ''}",
        "job": f"{job.id}, {job.state.lower()}" if job else "",
        "begins": f"expected {_clock(job.start)}" if job and job.waits and job.start else "",
        "simulated": _simulated(standing),
        "pace": _pace(standing),
        "done at": _end(standing),
        "wall time": _wall(standing),
        "checkpoint": _checkpoint(standing),
        "go on": _remedy(standing),
    }


def _remedy(standing: "Standing") -> str:
    """What to do with a run that ended too early."""
    if standing.state not in ("stopped", "failed"):
        return ""
    from hpc_twin.cli.submit_verb import typed

    if standing.checkpoint is not None:
        return f"hpc-twin resume {typed(standing.folder.absolute())}"
    return f"no checkpoint: {'submit it again' if standing.job else 'run it again, with --overwrite'}"


def _simulated(standing: "Standing") -> str:
    status = standing.status
    return "" if status is None else f"{status.t:.4g} of {status.until:g} ms ({100 * status.t / status.until:.0f} %)"


def _pace(standing: "Standing") -> str:
    status = standing.status
    if standing.state != "running" or status is None or not status.pace:
        return ""
    return f"{1 / status.pace:.3g} ms/s on {status.ranks} rank{'s' if status.ranks > 1 else ''}"


def _end(standing: "Standing") -> str:
    return _clock(standing.expected_end) if standing.expected_end is not None else ""


def _wall(standing: "Standing") -> str:
    """Whether the job's wall time suffices."""
    if standing.enough is None or standing.job is None:
        return ""
    until = f"until {_clock(standing.job.end)}"
    return f"{until}: enough" if standing.enough else f"{until}: not enough, it will be queued again"


def _checkpoint(standing: "Standing") -> str:
    from hpc_twin.slurm.standing import checkpoint_time

    if standing.checkpoint is None:
        return ""
    t = checkpoint_time(standing.folder)
    return f"step {standing.checkpoint:,}" + (f", t = {t:g} ms" if t is not None else "")


def _clock(moment: float | None) -> str:
    """Time of the day, with the day where it is not today's."""
    if moment is None:
        return ""
    then = datetime.fromtimestamp(moment)
    return then.strftime("%H:%M:%S" if then.date() == datetime.fromtimestamp(time.time()).date() else "%d %b %H:%M")


def _short(folder: Path) -> Path:
    from hpc_twin.cli.submit_verb import shortest

    return shortest(folder.absolute())
