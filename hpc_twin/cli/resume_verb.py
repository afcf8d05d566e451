"""``hpc-twin resume RUN``: go on with a run."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

LAUNCHER = "mpirun"
# what launchers say to ranks; SLURM_PROCID it is not, which a batch script has, too
LAUNCHED = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "SLURM_STEP_ID")
QUIET = {"OMPI_MCA_orte_execute_quiet": "1"}  # Open MPI, when a rank ends with an exit code, which has been told
ITSELF = "from hpc_twin.cli.main import main; main()"


def resume(
    folder: Annotated[Path, typer.Argument(help="output folder of the run", metavar="RUN")],
    ranks: Annotated[
        int | None, typer.Option("-n", "--ranks", min=1, help="start mpirun on so many ranks; default: as it is called")
    ] = None,
    case: Annotated[
        Path | None, typer.Option(help="the case's folder, if it has moved and holds files of the case", metavar="DIR")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help='change a key of the case: --set tissue.until="2 s"', metavar="KEY=VALUE"),
    ] = None,
) -> None:
    """Go on with a run that was stopped or killed, from its newest good checkpoint, on any number of ranks.

    On another number of ranks:  hpc-twin resume results/heartbeat -n 4
    """
    from hpc_twin.cli.run_verb import show
    from hpc_twin.parallel import InputError, on_root, say, world
    from hpc_twin.run import read_run, simulate

    if ranks is not None and not launched():
        moved = ["--case", str(case)] if case is not None else []
        _launch(ranks, [str(folder), *moved, *(word for override in overrides or () for word in ("--set", override))])
    comm = world()
    if ranks is not None and comm.size != ranks:
        raise InputError(f"-n {ranks}: a launcher has started {comm.size} ranks already: leave -n away")
    loaded = comm.bcast(on_root(comm, lambda: read_run(folder, overrides or (), case)))
    report = simulate(loaded, folder, comm, again=True)
    show(comm, report.table())
    say(comm, f"results in {folder}; next: hpc-twin view {folder}")


def launched() -> bool:
    """Whether a launcher has started this process as a rank."""
    return any(name in os.environ for name in LAUNCHED)


def starts_ranks(words: Sequence[str]) -> bool:
    """Whether ``words`` ask for ranks that are still to be started, so that this process must not be one."""
    return words[0] == "resume" and not launched() and any(word.startswith(("-n", "--ranks")) for word in words)


def _launch(ranks: int, words: Sequence[str]) -> None:
    """Become ``mpirun -n ranks hpc-twin resume words``."""
    from hpc_twin.parallel import InputError
    from hpc_twin.scaling.launch import check_launcher

    found, script = shutil.which(LAUNCHER), Path(sys.argv[0])
    if found is None:
        raise InputError(f"-n {ranks}: there is no {LAUNCHER} here; start the ranks as your cluster does, without -n")
    check_launcher(f"{LAUNCHER} -n", ranks)  # whose own words are thirty lines
    itself = [str(script)] if script.is_file() else [sys.executable, "-c", ITSELF]
    sys.stdout.flush()
    # os.environ as it is: what libraries of MPI have added to C's own environment would keep mpirun from starting
    os.execve(found, [LAUNCHER, "-n", str(ranks), *itself, "resume", *words], {**os.environ, **QUIET})
