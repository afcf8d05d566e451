from pathlib import Path

import numpy as np
import pytest
from petsc4py import PETSc

from hpc_twin.fem import return_freed, sweep
from hpc_twin.parallel import world

MEGABYTES = 64


def resident() -> float:
    """MB of this process."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("no /proc on this system")
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def test_large_arrays_go_back_to_the_system():
    return_freed()
    before = resident()
    array = np.ones(MEGABYTES << 17)
    assert resident() > before + 0.9 * MEGABYTES
    del array
    assert resident() < before + 0.1 * MEGABYTES


def test_what_python_has_let_go_of_is_freed():
    return_freed()
    sweep(world())
    before = resident()
    vector = PETSc.Vec().createMPI((MEGABYTES << 17, None), comm=world())
    vector.set(1.0)
    assert resident() > before + 0.9 * MEGABYTES
    del vector
    sweep(world())
    assert resident() < before + 0.1 * MEGABYTES
