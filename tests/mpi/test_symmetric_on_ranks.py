"""A matrix of which half is stored multiplies and solves on 1, 2 and 3 ranks as by rows."""

import sys

import numpy as np
from tools import run_on

PROGRAM = """
import numpy as np
from hpc_twin.fem import Field, LinearSolver, stiffness, symmetric_mass, symmetric_stiffness
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import max_over, sum_over, world

comm = world()
part = distribute(slab((3.0, 2.0, 1.0), 0.25) if comm.rank == 0 else None, comm)
tensor = np.tile(np.diag((3.0, 2.0, 1.0)), (len(part.elements), 1, 1))
K, rows = symmetric_stiffness(part, tensor), stiffness(part, tensor)
A = symmetric_mass(part, 0.5, None, K).add(0.3, K)
u = Field(part, "u", "mV")
u.owned[:] = np.sin(part.points[: part.n_owned, 0]) + part.points[: part.n_owned, 1] ** 2
u.touched()
by_half, by_rows = K.petsc.createVecLeft(), K.petsc.createVecLeft()
K.apply(u, by_half)
rows.apply(u, by_rows)
wrong = max_over(comm, float(np.abs(by_half.array - by_rows.array).max()))
u.update_ghosts()
wrong = max(wrong, max_over(comm, float(np.abs(K.rows @ u.local - by_rows.array).max())))
found = [wrong, by_rows.norm(), sum_over(comm, len(K.far_rows))]
for options in ({}, {"pc_type": "gamg"}, {"ksp_type": "groppcg"}):
    x = by_half.duplicate()
    LinearSolver(A, "half", 1e-10, 0.0, options).solve(by_half, x)
    found.append(x.norm())
if comm.rank == 0:
    print(*found)
kept = K, A  # matrices may outlive Python
"""


def test_products_and_solves():
    done = [run_on(n, [sys.executable, "-c", PROGRAM]) for n in (1, 2, 3)]
    assert all(d.returncode == 0 for d in done), [d.stderr for d in done]
    wrong, size, far, *solved = np.array([d.stdout.split() for d in done], float).T
    assert wrong.max() < 1e-14 and np.ptp(size) < 1e-12 < size[0]
    assert far[0] == 0 < far[1] < far[2]  # ghosts' columns were met
    for norms in solved:
        assert np.abs(norms / solved[0][0] - 1).max() < 1e-8
