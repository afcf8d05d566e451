"""Measurements: short runs of a case on ranks of this machine, each in processes of its own."""

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from hpc_twin.parallel import InputError, RunError

LAUNCHER = "mpirun -n"
OF_RANKS = ("OMPI_COMM", "OMPI_UNIVERSE", "PMI_", "PMIX_", "PRTE_LAUNCHED", "HYDRA_")  # what makes a child one of ours
LONGEST = 1800  # seconds


@dataclass(frozen=True)
class Request:
    """A run of the case in file ``case`` with ``overrides``, up to ``until`` [ms] (None: to its end)."""

    case: str
    overrides: tuple[str, ...]
    ranks: int
    until: float | None = None


@dataclass(frozen=True)
class Sample:
    """What a run was and took.

    seconds  by part, the slowest rank's;  loop: of the time loop;  wall: from the start of the command to its end;
             launch: of it, until all ranks had imported everything; all of them without what other work on the
             machine took, see measure.py
    memory   (ranks,) peak of each rank [MB];  triad: bandwidth of all ranks together [GB/s];  bytes: of all files
    states   numbers of a cell beside V;  busy: share of the wall time that the ranks' processors worked or spun
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


def measured(request: Request, launcher: str = LAUNCHER) -> Sample:
    """Run it. Raises InputError where the case is refused, RunError where the run fails or ranks cannot be started."""
    used = _processors()
    words = json.dumps(asdict(request))
    start = [*launcher.split(), str(request.ranks)] if request.ranks > 1 else []
    command = [*start, sys.executable, "-c", "from hpc_twin.cli.main import main; main()", "measure", words]
    try:
        done = subprocess.run(
            command, env=clean_environment(), capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except FileNotFoundError:
        raise InputError(f"{start[0]} not found: 'hpc-twin doctor' tells how to install it") from None
    except subprocess.TimeoutExpired:
        raise RunError(f"a measurement on {request.ranks} ranks took more than {LONGEST} s") from None
    if done.returncode:
        raise _failure(done)
    return Sample(**json.loads(done.stdout.strip().splitlines()[-1]), wall=(_processors() - used) / request.ranks)


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


def _failure(done: subprocess.CompletedProcess) -> InputError | RunError:
    told = re.findall(r"^error: (.*)", done.stderr, re.MULTILINE)
    message = told[0] if told else f"a measurement failed:\n{(done.stderr or done.stdout).strip()[-2000:]}"
    return InputError(message) if done.returncode == InputError.exit_code else RunError(message)
