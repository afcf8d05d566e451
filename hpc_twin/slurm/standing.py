"""Where a run stands: what its folder says and what SLURM says, in one word and a few figures."""

import os
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpc_twin.io.checkpoint import MANIFEST, steps
from hpc_twin.io.status import RunStatus, read_status
from hpc_twin.parallel import InputError
from hpc_twin.slurm.cases import LIST, read_list
from hpc_twin.slurm.queue import Job, known_jobs, own_job
from hpc_twin.texts import read_json

TAIL = 8  # lines of the log
SILENCE = 300  # s without a word, which a run writes every few seconds
TRACES = ("status.json", "run.json", "result.exo", "result.exo.part", "jobs", "starts")  # files that a run leaves
CANCELLED = ("CANCELLED", "PREEMPTED", "TIMEOUT", "DEADLINE")  # by somebody, or by the clock: a checkpoint is there


@dataclass(frozen=True)
class Standing:
    """state: queued, requeued, starting, running, suspended, done, stopped, failed or nothing; why: in words, if any.

    status is what the run wrote last, job what SLURM knows of it, checkpoint the step of the newest one.
    """

    folder: Path
    state: str
    why: str = ""
    status: RunStatus | None = None
    job: Job | None = None
    checkpoint: int | None = None

    @property
    def expected_end(self) -> float | None:
        """Clock time [s] at which a run that computes will be done."""
        status = self.status
        if self.state != "running" or status is None or not status.pace:
            return None
        return status.updated + status.pace * (status.until - status.t)

    @property
    def enough(self) -> bool | None:
        """Whether it will be done before the wall time of its job is over; None where that is not known."""
        if self.expected_end is None or self.job is None or self.job.end is None:
            return None
        return self.expected_end <= self.job.end


def runs_in(folder: Path) -> list[Path]:
    """The folders of runs that ``folder`` is or holds: the tasks of an array are runs of their own."""
    if (folder / LIST).exists():
        return [folder / str(index) for index in range(len(read_list(folder)))]
    if is_run(folder):
        return [folder]
    return [run for each in sorted(folder.iterdir()) if each.is_dir() for run in _below(each)]


def _below(folder: Path) -> list[Path]:
    return runs_in(folder) if (folder / LIST).exists() or is_run(folder) else []


def is_run(folder: Path) -> bool:
    """Whether a run was begun or queued in ``folder``; a case there is none yet."""
    return any((folder / name).is_file() for name in TRACES)


def standings(folders: Iterable[Path]) -> list[Standing]:
    """Where each of the runs stands; SLURM is asked once for all of them."""
    found = [(folder, own_job(folder), read_status(folder)) for folder in folders]
    jobs = known_jobs(own or (status.job if status else "") for _, own, status in found)
    return [judged(folder, _job(folder, own, status, jobs), status) for folder, own, status in found]


def _job(folder: Path, own: str, status: RunStatus | None, jobs: Mapping[str, Job]) -> Job | None:
    """That of ``submit``, or, in a script of the user's, that in which the run computes."""
    if not own:
        return jobs.get(status.job) if status else None
    found = jobs.get(own)
    return found if found is not None and found.is_of(folder) and not _by_hand(status, found) else None


def _by_hand(status: RunStatus | None, job: Job) -> bool:
    """Whether the run went on without SLURM after its ``job`` had ended."""
    if status is None or status.job or job.waits or job.goes:
        return False
    return status.updated > (job.end or 0.0)


def judged(folder: Path, job: Job | None, status: RunStatus | None) -> Standing:
    """Where one run stands."""
    state, why = _state(folder, job, status)
    return Standing(folder, state, why, status, job, newest_checkpoint(folder))


def _state(folder: Path, job: Job | None, status: RunStatus | None) -> tuple[str, str]:
    if job is not None and job.waits:
        return ("requeued" if (folder / "starts").exists() else "queued"), job.reason
    if job is not None and job.state == "SUSPENDED":
        return "suspended", ""
    if job is not None and job.goes:
        here = status is not None and status.updated >= (job.start or 0.0) and status.state == "running"
        return ("running", "") if here else ("starting", "")
    if status is not None and status.state == "running" and job is None and alive(status):
        return "running", ""
    if status is not None and status.state == "done":
        return "done", ""
    return _ended(job, status)


def _ended(job: Job | None, status: RunStatus | None) -> tuple[str, str]:
    """A run that neither computes nor is done."""
    later = job is not None and (status is None or status.state == "running" or (job.end or 0) > status.updated + 60)
    if job is not None and job.state in CANCELLED:
        return "stopped", f"{job.state.lower()} by SLURM" if job.state != "CANCELLED" else "cancelled"
    if job is not None and later:
        return "failed", f"SLURM: {job.state}{f', {job.reason}' if job.reason else ''}"
    if status is None:
        return "nothing", "no status.json yet"
    if status.state == "running":
        return "failed", f"ended without a word (rank 0 was process {status.pid} on {status.host})"
    return status.state, status.message


def alive(status: RunStatus) -> bool:
    """Whether the process that wrote ``status`` lives on; on another machine: whether it wrote lately."""
    silence = time.time() - status.updated
    if status.host != socket.gethostname() or silence > 3600:
        return silence < SILENCE
    try:
        os.kill(status.pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def newest_checkpoint(folder: Path) -> int | None:
    """Its step."""
    found = steps(folder)
    return int(found[-1].name) if found else None


def checkpoint_time(folder: Path) -> float | None:
    """Simulated time [ms] of the newest checkpoint."""
    try:
        found = read_json(steps(folder)[-1] / MANIFEST)
        return float(found["content"]["time"])
    except (InputError, OSError, ValueError, LookupError, TypeError):
        return None


def last_words(folder: Path) -> list[str]:
    """The end of the newest log of SLURM in ``folder``."""
    logs = sorted(folder.glob("slurm-*.log"), key=lambda path: path.stat().st_mtime)
    if not logs:
        return []
    with logs[-1].open("rb") as file:
        file.seek(max(0, logs[-1].stat().st_size - 8192))
        return [line for line in file.read().decode(errors="replace").splitlines() if line.strip()][-TAIL:]
