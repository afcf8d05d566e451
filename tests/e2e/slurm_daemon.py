"""A SLURM of this machine alone for the tests, by slurm/local.sh."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tools import ROOT

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


@contextmanager
def slurm(cpus: int, nodes: int) -> Iterator[dict[str, str]]:
    """Start it, with so many nodes of so many cores; gives the variables with which its commands find it."""
    if not all(shutil.which(tool, path=PATH) for tool in ("slurmctld", "slurmd", "sbatch", "munged")):
        pytest.skip("SLURM is not installed: .ci/setup slurm installs it by apt")
    folder = Path(tempfile.mkdtemp(prefix="slurm")) / "daemons"
    local = [ROOT / "slurm" / "local.sh"]
    env = {**os.environ, "CPUS": str(cpus), "NODES": str(nodes)}
    done = subprocess.run([*local, "start", folder], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + _logs(folder)
    try:
        yield {"SLURM_CONF": str(folder / "slurm.conf")}
    finally:
        subprocess.run([*local, "stop", folder], capture_output=True, timeout=60, check=True)
        shutil.rmtree(folder.parent, ignore_errors=True)


def kill_node(folder: Path, node: str) -> None:
    """SIGKILL to all processes of a node: nobody there says another word. Its disks are empty afterwards.

    slurmd 22.05 does not start ranks by PMIx where the sockets of a lost step of the same number still lie.
    """
    log, name = str(folder / f"slurmd.{node}.log"), f"SLURMD_NODENAME={node}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            of_job = {name, f"SLURM_CONF={folder}/slurm.conf".encode()} <= set(
                (process / "environ").read_bytes().split(b"\0")
            )
            if of_job or any(os.readlink(each) == log for each in (process / "fd").iterdir()):
                os.kill(int(process.name), signal.SIGKILL)
    for disk in (folder / "spool" / node, folder / "spool" / f"{node}.tmp"):
        shutil.rmtree(disk)
        disk.mkdir()


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
