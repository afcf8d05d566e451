"""Measurements: short runs of a case on ranks of this machine, each in processes of its own."""

import contextlib
import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from hpc_twin.parallel import InputError, RunError
from hpc_twin.scaling.frames import Frames
from hpc_twin.scaling.watch import Window

LAUNCHER = "mpirun -n"
OF_RANKS = ("OMPI_COMM", "OMPI_UNIVERSE", "PMI_", "PMIX_", "PRTE_LAUNCHED", "HYDRA_")  # what makes a child one of ours
FOR_ROOT = ("OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
SHARED = "OMPI_MCA_rmaps_base_oversubscribe=1"  # what lets ranks share cores
LONGEST = 900  # seconds
PATIENCE = {signal.SIGTERM: 15, signal.SIGKILL: 15}  # seconds for ranks to end


@dataclass(frozen=True)
class Request:
    """A run of the case in file ``case`` with ``overrides``, up to ``until`` [ms] (None: to its end), or until its loop

    has taken ``seconds``.
    """

    case: str
    overrides: tuple[str, ...]
    ranks: int
    until: float | None = None
    seconds: float = math.inf


@dataclass(frozen=True)
class Sample:
    """What a run was and took.

    seconds  by part, the slowest rank's;  loop: of the time loop;  wall: from the start of the command to its end;
             launch: of it, until all ranks had imported everything; all of them without what other work on the
             machine took, see measure.py
    memory   (ranks,) peak of each rank [MB];  triad: bandwidth of all ranks together [GB/s];  bytes: of all files
    states   numbers of a cell beside V;  busy: share of the wall time that the ranks' processors worked or spun
    windows  of the loop, without its first step;  written: what its frames cost, None where there were none
    cold     it compiled and paced the cell models, perhaps: start-up of others takes less
    """

    ranks: int
    nodes: int
    elements: int
    steps: int
    frames: int
    states: int
    seconds: dict[str, float]
    loop: float
    iterations: float
    memory: tuple[float, ...]
    bytes: int
    launch: float
    triad: float
    busy: float
    wall: float
    windows: tuple[Window, ...] = ()
    written: Frames | None = None
    cold: bool = False

    @classmethod
    def of(cls, data: Mapping) -> "Sample":
        """From what JSON made of one."""
        windows = tuple(Window(**window) for window in data["windows"])
        written = data["written"] and Frames(**data["written"])
        return cls(**{**data, "memory": tuple(data["memory"]), "windows": windows, "written": written})


def measured(request: Request, launcher: str = LAUNCHER, cold: bool = False) -> Sample:
    """Run it; whatever happens, nothing of it goes on or is left. Raises InputError where the case is refused, RunError
    where the run fails or ranks cannot be started."""
    used = _processors()
    with tempfile.TemporaryDirectory(prefix="hpc-twin-") as folder, _terminable():
        words = json.dumps({**asdict(request), "folder": folder})
        start = [*launcher.split(), str(request.ranks)] if request.ranks > 1 else []
        command = [*start, sys.executable, "-c", "from hpc_twin.cli.main import main; main()", "measure", words]
        found = json.loads(_said(command, request.ranks).strip().splitlines()[-1])
    wall = (_processors() - used) / request.ranks - found.pop("after")
    return Sample.of({**found, "wall": wall, "cold": cold})


def check_launcher(launcher: str, ranks: int = 2) -> None:
    """Raise, before anything is computed, InputError or RunError where ``launcher`` does not start so many ranks."""
    _said([*launcher.split(), str(ranks), "true"], ranks)


def _said(command: Sequence[str], ranks: int) -> str:
    """Standard output of the command, whose processes are a group of their own: an interrupt is for us to hear."""
    try:
        process = subprocess.Popen(
            command,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise InputError(f"{command[0]} not found: 'hpc-twin doctor' tells how to install it") from None
    with process:
        try:
            out, err = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            raise RunError(f"a measurement on {ranks} ranks took more than {LONGEST} s") from None
        finally:
            _ended(process)
    if process.returncode:
        raise _failure(process.returncode, err or out)
    return out


def _ended(process: subprocess.Popen) -> None:
    """See to it that it has ended, and the ranks that it started."""
    for number, seconds in PATIENCE.items():
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM, too, is a reason to end what was started."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _processors() -> float:
    """Seconds that children and theirs have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def cores() -> int:
    """Of this machine, for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_ranks(ranks: Sequence[int], most: int | None = None, of: str = "", name: str = "--ranks") -> None:
    """Refuse what cannot be; ``most`` ranks are allowed, which is what ``of`` says. Raises InputError."""
    for n in ranks:
        if n < 1:
            raise InputError(f"{name}: found {n}, allowed is 1 or more")
        if most is not None and n > most:
            raise InputError(f"{name}: found {n:,}, allowed is at most {most:,}, {of}")


def clean_environment() -> dict[str, str]:
    """Ours without what would make a child one of our ranks."""
    return {key: value for key, value in os.environ.items() if not key.startswith(OF_RANKS)}


def _failure(code: int, words: str) -> InputError | RunError:
    if "OMPI_ALLOW_RUN_AS_ROOT" in words:
        return RunError(f"mpirun starts no ranks for root, unless the environment has {' and '.join(FOR_ROOT)}")
    if "not enough slots" in words:
        return InputError(f"there are fewer cores than ranks were asked for, unless the environment has {SHARED}")
    told = re.findall(r"^error: (.*)", words, re.MULTILINE)
    message = told[0] if told else f"ranks could not be started, or failed:\n{words.strip()[-2000:]}"
    return InputError(message) if code == InputError.exit_code else RunError(message)
