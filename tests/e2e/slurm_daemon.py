"""A SLURM of this machine alone for the tests, by slurm/local.sh."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tools import ROOT

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


@contextmanager
def slurm(cpus: int) -> Iterator[dict[str, str]]:
    """Start it; gives the variables of the environment with which its commands find it."""
    if not all(shutil.which(tool, path=PATH) for tool in ("slurmctld", "slurmd", "sbatch", "munged")):
        pytest.skip("SLURM is not installed: .ci/setup slurm installs it by apt")
    folder = Path(tempfile.mkdtemp(prefix="slurm")) / "daemons"
    local = [ROOT / "slurm" / "local.sh"]
    done = subprocess.run([*local, "start", folder], env={**os.environ, "CPUS": str(cpus)}, capture_output=True,
                          text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr + _logs(folder)
    try:
        yield {"SLURM_CONF": str(folder / "slurm.conf")}
    finally:
        subprocess.run([*local, "stop", folder], capture_output=True, timeout=60, check=True)
        shutil.rmtree(folder.parent, ignore_errors=True)


def _logs(folder: Path) -> str:
    return "".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.log"))


def wait(condition, seconds: float) -> float:
    """Until ``condition()`` holds; the time that it took."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > seconds:
            raise AssertionError(f"did not happen in {seconds:g} s")
        time.sleep(0.2)
    return time.monotonic() - begin
