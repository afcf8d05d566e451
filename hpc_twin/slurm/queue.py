"""What SLURM says: sbatch, squeue and sacct, where they are."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hpc_twin.parallel import InputError
from hpc_twin.slurm.cases import LIST

JOBS = "jobs"
PATIENCE = 30  # s for an answer of the daemons
ASKED = {"squeue": "%i|%A|%T|%S|%e|%r|%o", "sacct": "JobID,JobIDRaw,State,Start,End,Reason"}
WAITING = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD")
GOING = ("RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT")


@dataclass(frozen=True)
class Job:
    """A job, or a task of an array (12_3); start and end in seconds of the clock, expected ones where it goes on.

    state and reason are SLURM's own words; script is its file, where squeue knows the job.
    """

    id: str
    state: str
    start: float | None = None
    end: float | None = None
    reason: str = ""
    script: str = ""

    @property
    def waits(self) -> bool:
        """Whether it is in the queue."""
        return self.state in WAITING

    def is_of(self, folder: Path) -> bool:
        """Whether it is of the run in ``folder``: another SLURM, or the same one in a year, gives the same numbers."""
        return not self.script or Path(self.script).parent.resolve() in (folder.resolve(), folder.resolve().parent)

    @property
    def goes(self) -> bool:
        """Whether it has its nodes."""
        return self.state in GOING


def known_jobs(ids: Iterable[str]) -> dict[str, Job]:
    """Job by id, of those that squeue or sacct knows; none where there is no SLURM, or where it does not answer."""
    wanted = ",".join(sorted({each.split("_")[0] for each in ids if each}))
    if not wanted:
        return {}
    ended = _answer("sacct", "--noheader", "--parsable2", "--allocations", "--jobs", wanted, "--format")
    queued = _answer("squeue", "--noheader", "--array", "--states=all", "--jobs", wanted, "--format")
    return {name: job for line in (*ended, *queued) for name, job in _parsed(line)}


def own_job(folder: Path) -> str:
    """The job that computes the run in ``folder``: the last one of its list, or its task of the array around it."""
    of_array = (folder.parent / LIST).exists()
    for place, suffix in ((folder, ""), (folder.parent, f"_{folder.name}"))[: 1 + of_array]:
        try:
            return (place / JOBS).read_text(encoding="utf-8").split()[-1] + suffix
        except (OSError, ValueError, IndexError):
            continue
    return ""


def submitted(script: Path) -> str:
    """The id of the job that sbatch makes of ``script``. Raises InputError with sbatch's words where it refuses."""
    if shutil.which("sbatch") is None:
        raise InputError(f"sbatch is not on this machine; the script is {script}, for a machine that has SLURM")
    words = ["sbatch", "--parsable", str(script)]
    env = dict(os.environ)  # not that of C, to which MPI's library adds what would keep mpirun in the job from starting
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=120, check=False)
    if "configuration source" in done.stderr:
        raise InputError("sbatch finds no SLURM: on your own machine, 'make slurm' starts one and says what to export")
    if done.returncode:
        told = "; ".join(line.removeprefix("sbatch: ").removeprefix("error: ") for line in done.stderr.splitlines())
        raise InputError(f"sbatch refuses {script}: {told}")
    return done.stdout.strip().split(";")[0]


def cores_of_a_node() -> int:
    """Of the largest node, as sinfo says; of this machine where there is no SLURM."""
    counts = [
        int(word.rstrip("+")) for word in _answer("sinfo", "--noheader", "--format") if word.rstrip("+").isdigit()
    ]
    return max(counts, default=os.cpu_count() or 1)


def _answer(tool: str, *words: str) -> list[str]:
    """Lines of ``tool`` in the format of ASKED."""
    if shutil.which(tool) is None:
        return []
    try:
        asked = [tool, *words, ASKED.get(tool, "%c")]
        env = {**os.environ, "SLURM_TIME_FORMAT": "standard"}  # users may have chosen another
        done = subprocess.run(asked, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def _parsed(line: str) -> list[tuple[str, Job]]:
    """The job under both of its names: an array's task is a job with a number of its own."""
    name, number, state, start, end, reason, *script = line.split("|", 6)
    reason = "" if reason == "None" else reason
    job = Job(name, state.split()[0], _seconds(start), _seconds(end), reason, "".join(script))
    return [(name, job), (number, job)]


def _seconds(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
