"""From cases and wishes to a script in the folder of the run, and to a job."""

import os
import resource
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hpc_twin.parallel import InputError
from hpc_twin.slurm.cases import LIST, Task, write_list
from hpc_twin.slurm.queue import JOBS, cores_of_a_node, submitted
from hpc_twin.slurm.request import Request
from hpc_twin.slurm.script import NAME, batch_script, program, template
from hpc_twin.slurm.standing import runs_in, standings

REHEARSAL = 120  # s, after which a login node has done enough
MEMORY = 4 << 30  # bytes that it gives


def rehearse(task: Task) -> str:
    """Let ``hpc-twin run --dry-run`` look at a case; what kept it from doing so, in words, or nothing.

    It computes in a process of its own: MPI does not start on the login nodes of some clusters. Raises InputError where
    it refuses the case.
    """

    def modestly() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))

    words = [*program(), "run", task.case, "--dry-run", *(w for each in task.overrides for w in ("--set", each))]
    try:
        done = subprocess.run(
            words,
            env=dict(os.environ),  # see queue.submitted
            capture_output=True,
            text=True,
            timeout=REHEARSAL,
            preexec_fn=modestly,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {REHEARSAL} s"
    if done.returncode == 2:
        raise InputError(done.stderr.strip().split("error: ")[-1])
    return "" if done.returncode == 0 else f"hpc-twin run --dry-run ends with {done.returncode} in {MEMORY >> 30} GB"


def written(work: Sequence[Task], request: Request, template_name: str, out: Path, array: bool) -> str:
    """The batch script of ``work`` in ``out``. Raises InputError for a template that is none."""
    text = template(template_name or _fitting(request, array))
    options = request.lines(out, len(work) if array else None)
    return batch_script(text, options, out, list(work) if array else work[0])


def _fitting(request: Request, array: bool) -> str:
    """The template for those who name none."""
    one = request.nodes == 1 or (request.nodes is None and request.ranks <= cores_of_a_node())
    return ("array" if array else "single_node") if one else "cluster"


def submit(script: str, work: Sequence[Task], out: Path, array: bool) -> str:
    """Write ``script`` into ``out`` and give it to SLURM; the id of the job.

    Raises InputError where ``out`` holds a run that is done, that has a job, or another array, or where sbatch refuses.
    """
    check_free(out, array)
    try:
        _prepare(script, work, out, array)
    except OSError as error:
        raise InputError(f"{out}: cannot write there ({error.strerror or error}): use another --out") from None
    job = submitted(out / NAME)
    try:
        with (out / JOBS).open("a", encoding="utf-8") as file:
            file.write(f"{job}\n")
    except OSError as error:
        raise InputError(
            f"{out / JOBS}: cannot be written ({error.strerror}), so 'hpc-twin status' will not find job {job}, "
            f"which is queued: scancel {job}, and submit it where there is room"
        ) from None
    return job


def check_free(out: Path, array: bool) -> None:
    """Refuse a folder in which somebody computes, or in which nothing is left to do."""
    if not out.is_dir():
        return
    if array != (out / LIST).exists() and runs_in(out):
        raise InputError(f"{out} holds {'a run' if array else 'an array of cases'}: use another --out")
    found = standings(runs_in(out))
    busy = [each for each in found if each.state in ("queued", "requeued", "starting", "running")]
    if busy:
        by = f"job {busy[0].job.id}: scancel {busy[0].job.id.split('_')[0]}" if busy[0].job else "a process"
        raise InputError(f"{busy[0].folder} is computed by {by}, or use another --out")
    if found and all(each.state == "done" for each in found):
        raise InputError(f"{out} holds a run that is done: use another --out")


def _prepare(script: str, work: Sequence[Task], out: Path, array: bool) -> None:
    runs = [out / str(index) for index in range(len(work))] if array else [out]
    for run in runs:
        run.mkdir(parents=True, exist_ok=True)
        for name in ("starts", JOBS):
            (run / name).unlink(missing_ok=True)
    if array:
        (out / JOBS).unlink(missing_ok=True)
        write_list(out, work)
    (out / NAME).write_text(script, encoding="utf-8")
