"""Rank 0 draws alone: nothing that it loads may start PETSc, which all ranks do together."""

import sys

from tools import run_on

WORDS = """
import sys
import hpc_twin.view.pictures, hpc_twin.view.movie, hpc_twin.view.cells
print("petsc4py.PETSc" in sys.modules)
"""


def test_pictures_start_no_solver():
    done = run_on(1, [sys.executable, "-c", WORDS])
    assert done.stdout.strip() == "False", done.stderr
