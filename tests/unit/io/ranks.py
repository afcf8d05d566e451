"""Start a script of these tests on several ranks."""

import subprocess
import sys
from pathlib import Path

from tools import run_on


def run_ranks(n: int, script: str, *words: str, timeout: float = 60) -> subprocess.CompletedProcess:
    """Run tests/unit/io/``script`` on ``n`` ranks (without mpirun for one)."""
    return run_on(n, [sys.executable, str(Path(__file__).parent / script), *words], timeout)
