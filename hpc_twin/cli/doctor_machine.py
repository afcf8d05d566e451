"""The machine that hpc_twin runs on: processor, memory, GPU, and the programs that are good to have."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from hpc_twin.cli.doctor import Finding

VECTORS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "asimd", "sve", "sve2")
RANK_VARIABLES = ("OMPI_", "PMI_", "PMIX_", "PRTE_", "SLURM_", "HYDRA_")
KEPT = ("OMPI_ALLOW_", "OMPI_MCA_rmaps", "OMPI_MCA_btl", "PRTE_ALLOW_", "PRTE_MCA_rmaps")
TIMEOUT = 60  # seconds


def machine() -> list[Finding]:
    """Processor, memory and GPU."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        Finding("processor", _processor()),
        Finding("cores", f"{cores} for this process of {os.cpu_count()}: as many ranks are sensible here"),
        Finding("vectors", " ".join(_vectors()) or "unknown"),
        Finding("memory", _memory()),
        _program("GPU", ["nvidia-smi", "-L"])
        or _program("GPU", ["rocm-smi", "--showproductname"])
        or Finding("GPU", "no nvidia-smi or rocm-smi; this version computes on processors only", False),
    ]


def programs() -> list[Finding]:
    """The launcher, which is needed for more than one rank; SLURM and ParaView, which are not."""
    return [
        _launcher(),
        _program("SLURM", ["sbatch", "--version"])
        or Finding("SLURM", "no sbatch: runs are started with mpirun", False),
        _paraview(),
    ]


def remedy(apt: str = "", *, conda: str = "", pip: str = "") -> str:
    """The command that installs this here: by conda in its environment, else by pip or apt, whichever has it."""
    prefix = os.environ.get("CONDA_PREFIX")
    if conda and prefix and Path(sys.executable).is_relative_to(prefix):
        return f"conda install -c conda-forge {conda}"
    if pip:
        return f"{sys.executable} -m pip install {pip}"
    if shutil.which("apt-get"):
        return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install {apt}"
    return f"install {conda or apt} (on a cluster: module avail), or use conda: README.md"


def clean_environment() -> dict[str, str]:
    """Our environment without what makes a child think that it is one of our ranks."""
    return {k: v for k, v in os.environ.items() if k.startswith(KEPT) or not k.startswith(RANK_VARIABLES)}


def answer(words: list[str]) -> str | None:
    """What a program prints, or None where there is none or it fails."""
    try:
        done = subprocess.run(
            words, env=clean_environment(), capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _program(what: str, words: list[str]) -> Finding | None:
    text = answer(words)
    return Finding(what, "; ".join(text.splitlines()[:4])) if text else None


def _launcher() -> Finding:
    """Start two ranks of nothing; root, containers and batch nodes all have their own reasons to refuse."""
    cure = remedy("openmpi-bin", conda="openmpi")
    if not shutil.which("mpirun"):
        return Finding("mpirun", "not found", bool(shutil.which("srun")), True, cure)
    started = answer(["mpirun", "-n", "2", sys.executable, "-c", "print('rank')"]) or ""
    if started.split() == ["rank", "rank"]:
        return Finding("mpirun", f"{shutil.which('mpirun')}: starts 2 ranks", required=True)
    return Finding("mpirun", f"{shutil.which('mpirun')}: cannot start 2 ranks", False, False, _refusal())


def _refusal() -> str:
    if os.geteuid() == 0:
        return "as root: export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
    return "with fewer than 2 cores: export OMPI_MCA_rmaps_base_oversubscribe=1; on a cluster: start it in a batch job"


def _paraview() -> Finding:
    found = shutil.which("paraview") or shutil.which("pvpython")
    if not found and answer(["/usr/bin/python3", "-c", "import paraview.simple"]) is not None:
        found = "python3-paraview"
    cure = "https://www.paraview.org/download, or " + remedy("paraview", conda="paraview")
    return Finding("ParaView", found or "not found: it opens the .exo files", bool(found), remedy=cure)


def _processor() -> str:
    return _from_file("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.processor() or platform.machine()


def _vectors() -> list[str]:
    flags = (_from_file("/proc/cpuinfo", r"(?:flags|Features)\s*:\s*(.+)") or "").split()
    return [name for name in VECTORS if name in flags]


def _memory() -> str:
    names = {"MemTotal": "", "MemAvailable": " available"}
    kilobytes = {name: _from_file("/proc/meminfo", rf"{name}:\s*(\d+) kB") for name in names}
    told = [f"{int(kb) / 2**20:.1f} GiB{names[name]}" for name, kb in kilobytes.items() if kb]
    limit = _from_file("/sys/fs/cgroup/memory.max", r"^(\d+)")
    return ", ".join(told + ([f"limit {int(limit) / 2**30:.1f} GiB"] if limit else [])) or "unknown"


def _from_file(path: str, pattern: str) -> str | None:
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        return None
    return found.group(1).strip() if found else None
