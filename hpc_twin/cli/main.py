"""The command ``hpc-twin``: its verbs, and how an error becomes one message and the same exit code on every rank."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout

import typer
from typer.core import TyperGroup

from hpc_twin import __version__
from hpc_twin.cli.cell_verb import cell
from hpc_twin.cli.doctor import doctor
from hpc_twin.cli.gather_verb import gather
from hpc_twin.cli.mesh_verbs import mesh
from hpc_twin.cli.models_verb import models
from hpc_twin.cli.partition_verb import partition
from hpc_twin.cli.plan_verb import measure, plan
from hpc_twin.cli.restitution_verb import restitution
from hpc_twin.cli.resume_verb import resume, starts_ranks
from hpc_twin.cli.run_verb import run
from hpc_twin.cli.scale_verb import scale
from hpc_twin.cli.serial import keep_mpi_away
from hpc_twin.cli.status_verb import status
from hpc_twin.cli.submit_verb import submit
from hpc_twin.cli.tune_verb import tune_cv
from hpc_twin.cli.verify_verb import verify
from hpc_twin.cli.view_verb import view

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
LAUNCHERS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "SLURM_PROCID")
INTERRUPTED = 130
WITHOUT_MPI = "MPI cannot be used ({}); 'hpc-twin doctor' tells what is missing and how to install it"
PATIENCE = 5.0  # seconds that ranks which failed wait for the others

UsageError = typer.BadParameter.__base__  # click's, or that of typer's own copy of click: typer does not name it

# in the order of the data
VERBS = ("mesh", "partition", "plan", "scale", "run", "resume", "submit", "status", "gather", "view",
         "models", "cell", "tune-cv", "restitution", "verify", "doctor", "measure")  # fmt: skip
SERIAL = ("plan", "scale", "submit", "status", "gather")  # one process, also where MPI does not start: on login nodes


class InOrder(TyperGroup):
    """Help lists the verbs in the order of VERBS: typer puts groups, which ``mesh`` is, last."""

    def list_commands(self, ctx) -> list[str]:
        return sorted(super().list_commands(ctx), key=VERBS.index)


app = typer.Typer(
    cls=InOrder,
    help="Simulate the heart on a laptop or a supercomputer: mesh -> run -> view.\n\n"
    'The first thing to try: "hpc-twin run jobs/heartbeat/case.toml", on two ranks with "mpirun -n 2" before it.',
    epilog='Each verb has its own help and an example: "hpc-twin run --help".',
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(mesh, name="mesh")
app.command()(partition)
app.command()(plan)
app.command()(scale)
app.command()(run)
app.command()(resume)
app.command()(submit)
app.command()(status)
app.command()(gather)
app.command()(view)
app.add_typer(models, name="models")
app.command()(cell)
app.command("tune-cv")(tune_cv)
app.command()(restitution)
app.command()(verify)
app.command()(doctor)
app.command(hidden=True)(measure)


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"hpc-twin {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_tell_version, is_eager=True, help="Print the version."),
) -> None:
    pass


def main() -> None:
    """Obey the command line and exit: 0 done, 1 a check fails, 2 bad input, 3 the run failed, 75 it waits for resume,
    130 interrupted."""
    _prepare_environment()
    words = sys.argv[1:] or ["--help"]
    if _needs_no_ranks(words):
        code, message = _obeyed(lambda: obey(words))
        _tell(message)
        sys.exit(code)
    if words[0] in SERIAL or starts_ranks(words):
        sys.exit(without_ranks(lambda: obey(words)))
    sys.exit(on_all_ranks(lambda: obey(words)))


def _prepare_environment() -> None:
    """What libraries read once, when they load."""
    for name in ONE_THREAD:  # threads of a library would fight with the ranks for the cores
        os.environ.setdefault(name, "1")
    # PETSc would take the closed pipe of "hpc-twin models | head" for a crash; Python reports real ones.
    os.environ["PETSC_OPTIONS"] = f"{os.environ.get('PETSC_OPTIONS', '')} -no_signal_handler".strip()


def obey(words: list[str]) -> int:
    """Run the verb; its exit code."""
    result = typer.main.get_command(app)(words, prog_name="hpc-twin", standalone_mode=False)
    return result if isinstance(result, int) else 0


def on_all_ranks(action: Callable[[], int]) -> int:
    """The exit code of ``action``, which all ranks run; what went wrong is told by rank 0 alone, without a traceback.

    When only some ranks fail, the others are ended: they would wait for ever. Unforeseen errors go through.
    """
    try:
        from hpc_twin.parallel import TwinError, hooked_abort, world
    except ImportError as error:
        _tell(WITHOUT_MPI.format(error))
        return 2
    comm = world()
    hooked_abort(comm)
    with ExitStack() as stack:
        if comm.rank > 0:
            stack.enter_context(redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
        try:
            code, message = _obeyed(action)
        except TwinError as error:
            code, message = error.exit_code, str(error)
    if comm.rank == 0:
        _tell(message)
    if code and not _all_arrive(comm):
        if comm.rank > 0:
            _tell(f"rank {comm.rank}: {message}")
        comm.Abort(code)
    return code


def without_ranks(action: Callable[[], int]) -> int:
    """The exit code of ``action``, with MPI at hand but never started; errors are told as by ``on_all_ranks``."""
    if int(os.environ.get("OMPI_COMM_WORLD_SIZE") or os.environ.get("PMI_SIZE") or 1) > 1:
        _tell("this verb is for one process: leave mpirun away")
        return 2
    try:
        keep_mpi_away()
        from hpc_twin.parallel import TwinError
    except ImportError as error:
        _tell(WITHOUT_MPI.format(error))
        return 2
    try:
        code, message = _obeyed(action)
    except TwinError as error:
        code, message = error.exit_code, str(error)
    _tell(message)
    return code


def _obeyed(action: Callable[[], int]) -> tuple[int, str]:
    """Exit code and message of ``action`` where the command line is wrong or the user interrupts."""
    try:
        code = action()
    except UsageError as error:  # type: ignore[misc]
        return 2, _usage(error)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our words has gone: nothing is wrong, and nothing can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    return code, "interrupted" if code == INTERRUPTED else ""


def _usage(error) -> str:
    path = error.ctx.command_path if error.ctx else "hpc-twin"
    return f"{error.format_message().rstrip('.')}; '{path} --help' tells more"


def _needs_no_ranks(words: list[str]) -> bool:
    """Whether MPI, which takes half a second to start and may be what the doctor is asked about, can stay away."""
    asked = words[0] == "doctor" or {"-h", "--help", "--version"} & set(words)
    return bool(asked) and not any(name in os.environ for name in LAUNCHERS)


def _all_arrive(comm) -> bool:
    """Whether all ranks come here, too, within PATIENCE."""
    request, end = comm.Ibarrier(), time.monotonic() + PATIENCE
    while not (arrived := request.Test()) and time.monotonic() < end:
        time.sleep(0.01)
    return arrived


def _tell(message: str) -> None:
    if message:
        print(f"error: {message}", file=sys.stderr, flush=True)
