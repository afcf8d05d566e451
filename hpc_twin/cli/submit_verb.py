"""``hpc-twin submit CASE``: one simulation, or many, as a job of SLURM."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hpc_twin.slurm.cases import Task
    from hpc_twin.slurm.request import Request

ALIKE = "# Alike in every job"  # where the part of the script begins that nobody needs to see each time

Cases = Annotated[list[Path], typer.Argument(help="Case file (TOML) or folder; several make an array.", metavar="CASE")]
Ranks = Annotated[int, typer.Option(help="Number of ranks, of each case.")]
Time = Annotated[str, typer.Option(help='Wall time until it is queued again, as 4:00:00 or "4 h".')]
Out = Annotated[Path | None, typer.Option(help="Folder of the run; by default results/<name of the case's folder>")]
Array = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=V1,V2,...", help="One run for each value; several keys before = take it together."),
]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the case.")]
Nodes = Annotated[int | None, typer.Option(help="Number of nodes; by default SLURM decides")]
Template = Annotated[
    str, typer.Option(help="single_node, cluster, array, marenostrum5, apptainer, or a file; by default what fits")
]
Name = Annotated[str, typer.Option(help="Name of the job; by default that of the folder of the run")]
Warn = Annotated[
    int | None, typer.Option(help="Seconds before the wall time ends, to write a checkpoint; by default a tenth")
]
More = Annotated[list[str] | None, typer.Option(help="More words for sbatch, as --option --qos=debug.")]
Rehearsal = Annotated[
    bool, typer.Option("--rehearse", help="Let run --dry-run set the (first) case up before, mesh and all.")
]


def submit(
    cases: Cases,
    ranks: Ranks,
    time: Time,
    out: Out = None,
    array: Array = None,
    overrides: Overrides = None,
    nodes: Nodes = None,
    account: Annotated[str, typer.Option(help="Who pays.")] = "",
    partition: Annotated[str, typer.Option(help="Partition of the cluster.")] = "",
    template: Template = "",
    name: Name = "",
    mail: Annotated[str, typer.Option(help="Address that is told of its end.")] = "",
    warning: Warn = None,
    option: More = None,
    rehearsal: Rehearsal = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the script.")] = False,
) -> None:
    """Give a case to SLURM, as a job that goes on by itself when its wall time ends or a node is lost.

    Example: hpc-twin submit jobs/heartbeat --ranks 256 --time 4:00:00 --account heart

    Example: hpc-twin submit jobs/niederer --ranks 2 --time "10 min" --array "tissue.dt=0.01 ms,0.02 ms,0.05 ms"
    """
    from hpc_twin.slurm.cases import require_printable, tasks
    from hpc_twin.slurm.request import Request, job_name, seconds
    from hpc_twin.slurm.submit import check_free, written

    folder = run_folder(cases[0], out).absolute()
    require_printable(str(folder))
    request = Request(
        ranks, seconds(time), nodes, warning, account, partition, name or job_name(folder), mail, tuple(option or ())
    )
    work = tasks(cases, array or (), overrides or ())
    is_array = bool(array) or len(cases) > 1
    script = written(work, request, template, folder, is_array)
    if dry_run:
        print(script, end="")
        return
    check_free(folder, is_array)
    _look(work, request, folder)
    if rehearsal:
        _rehearse(work[0])
    _submit(script, work, folder, is_array)


def _look(work: "list[Task]", request: "Request", folder: Path) -> None:
    """Refuse what cannot work, and foretell the rest, by the first case."""
    from hpc_twin.case import load_case
    from hpc_twin.cli.submit_outlook import outlook
    from hpc_twin.slurm.look import look, room

    loaded = load_case(work[0].case, work[0].overrides)
    look(loaded)
    for words in outlook(loaded, request, len(work), room(folder)):
        print(words)


def _rehearse(task: "Task") -> None:
    from hpc_twin.slurm.submit import rehearse

    print("sets the case up by hpc-twin run --dry-run", flush=True)
    hindrance = rehearse(task)
    if hindrance:
        print(f"it was not looked at to the end: {hindrance}")


def _submit(script: str, work: "list[Task]", folder: Path, is_array: bool) -> None:
    from hpc_twin.slurm.submit import submit

    print(script[: script.find(ALIKE)] + f"... all of it: {folder / 'job.sbatch'}\n")
    job = submit(script, work, folder, is_array)
    shown = typed(folder)
    print(f"job {job}{f', {len(work)} tasks' if is_array else ''}")
    print(f"  hpc-twin status {shown}    how far it is")
    print(f"  scancel {job}    to stop it; what was computed can be read, and go on by the same submit")
    print(f"  hpc-twin {'gather' if is_array else 'view'} {shown}    when it is done")


def run_folder(case: Path, out: Path | None) -> Path:
    """The folder of the run of ``case``, as ``hpc-twin run`` chooses it."""
    inside = case.absolute().parent if case.suffix == ".toml" else case.absolute()
    return out or Path("results") / inside.name


def shortest(folder: Path) -> Path:
    """``folder`` as seen from this place."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def typed(folder: Path) -> str:
    """``folder`` as a user at this place would type it into a shell."""
    words = str(shortest(folder))
    return shlex.quote(f"./{words}" if words.startswith("-") else words)
