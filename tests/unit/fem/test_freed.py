import sys
from pathlib import Path

import numpy as np
import pytest
from petsc4py import PETSc
from tools import ROOT, run_on

from hpc_twin.fem import return_freed, sweep
from hpc_twin.parallel import world

MEGABYTES = 64
STATUS = Path("/proc/self/status")


def resident() -> float:
    """MB of this process."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def large_array() -> tuple[float, float, float]:
    return_freed()
    before = resident()
    array = np.ones(MEGABYTES << 17)
    held = resident()
    del array
    return before, held, resident()


def vector_let_go() -> tuple[float, float, float]:
    return_freed()
    sweep(world())
    before = resident()
    vector = PETSc.Vec().createMPI((MEGABYTES << 17, None), comm=world())
    vector.set(1.0)
    held = resident()
    del vector
    sweep(world())
    return before, held, resident()


@pytest.mark.skipif(not STATUS.exists(), reason="no /proc on this system")
@pytest.mark.parametrize("what", [large_array, vector_let_go], ids=lambda what: what.__name__)
def test_memory_goes_back_to_the_system(what):
    """In a process of its own: a long suite has free memory that an array may come to lie in."""
    done = run_on(1, [sys.executable, __file__, what.__name__], PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}")
    before, held, after = map(float, done.stdout.split())
    assert held > before + 0.9 * MEGABYTES and after < before + 0.1 * MEGABYTES


if __name__ == "__main__":
    print(*globals()[sys.argv[1]]())
