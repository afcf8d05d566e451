"""Start a script of the tests on several ranks."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
NEEDED = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
}


def run_ranks(n: int, script: str, *words: str, timeout: float = 60) -> subprocess.CompletedProcess:
    """Run tests/unit/io/``script`` on ``n`` ranks (without mpirun for one)."""
    environment = {**os.environ, **NEEDED, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(Path(__file__).parent / script), *words]
    start = ["mpirun", "-n", str(n)] if n > 1 else []
    return subprocess.run([*start, *command], env=environment, capture_output=True, text=True, timeout=timeout)
