"""The batch script of a run: a template of the machine, the options of sbatch, and the part that is always alike."""

import shlex
import sys
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from hpc_twin.parallel import InputError, nearest
from hpc_twin.slurm.cases import Task

OPTIONS, JOB = "#HPC-TWIN options", "#HPC-TWIN job"
SUFFIX = ".sbatch"
NAME = "job.sbatch"


def template(name: str) -> str:
    """The text of a template of ours, by its name, or of the user's, by its file. Raises InputError."""
    own = files("hpc_twin.slurm") / "templates"
    known = sorted(entry.name.removesuffix(SUFFIX) for entry in own.iterdir() if entry.name.endswith(SUFFIX))
    if name in known:
        return (own / f"{name}{SUFFIX}").read_text(encoding="utf-8")
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError):
        allowed = f"allowed are {', '.join(known)}, or a file"
        raise InputError(f"--template: found '{name}', {allowed}{nearest(name, known)}") from None
    for mark in (OPTIONS, JOB):
        if text.splitlines().count(mark) != 1:
            raise InputError(f"--template: {name} needs the line '{mark}' once")
    if not text.startswith("#!"):
        raise InputError(f"--template: {name} must begin with #!/bin/bash")
    return text


def batch_script(template_text: str, options: Iterable[str], out: Path, work: Task | Sequence[Task]) -> str:
    """The script that runs one case in ``out``, or as an array each case in out/0, out/1 ...; ``out`` is absolute."""
    alike = (files("hpc_twin.slurm") / "job.sh").read_text(encoding="utf-8")
    lines = [*_settings(out), *(_words(work) if isinstance(work, Task) else _choice(work)), "", alike.rstrip()]
    text = template_text.replace(OPTIONS, "\n".join(f"#SBATCH {option}" for option in options))
    return text.rstrip().replace(JOB, "\n".join(lines)) + "\n"


def _settings(out: Path) -> list[str]:
    return [
        f'[ "${{program+x}}" ] || program=({shlex.join(program())})',
        f"run={shlex.quote(str(out))}",
        f"script={shlex.quote(str(out / NAME))}",
    ]


def program() -> list[str]:
    """The words that start this hpc-twin."""
    beside = Path(sys.executable).with_name("hpc-twin")
    return [str(beside)] if beside.exists() else [sys.executable, "-c", "from hpc_twin.cli.main import main; main()"]


def _words(task: Task) -> list[str]:
    overrides = [word for override in task.overrides for word in ("--set", override)]
    return [f"words=({shlex.join(['run', task.case, *overrides])})"]


def _choice(work: Sequence[Task]) -> list[str]:
    """The case of each task of an array, and its folder."""
    choices = [f"    {index}) {_words(task)[0]} ;;" for index, task in enumerate(work)]
    return ["run+=/$SLURM_ARRAY_TASK_ID", "case $SLURM_ARRAY_TASK_ID in", *choices, "esac"]
