"""Krylov methods of the diffusion step beside one another: iterations, time, reductions and messages of each step.

``mpirun -n RANKS python krylov.py [H] [STEPS]``: the slab of Niederer et al. 2011 at H mm (0.2), a wave that has begun.
All methods solve the same steps in turn; the error is that of V after them against solves to 1e-12.
"""

import sys
import time
from pathlib import Path

import numpy as np
from petsc4py import PETSc

from hpc_twin.case import load_case
from hpc_twin.parallel import hooked_abort, max_over, sum_over, world
from hpc_twin.run.cells import load_kernels
from hpc_twin.run.meshes import distributed, tissue
from hpc_twin.run.problems import problem
from hpc_twin.run.report import Timer

CASE = Path(__file__).parents[2] / "jobs" / "niederer" / "case.toml"
BEGUN = 60  # steps before the first that counts: 3 ms
POLYNOMIAL = {"ksp_type": "cg", "pc_type": "ksp", "ksp_ksp_type": "chebyshev", "ksp_pc_type": "jacobi"}
METHODS = {
    "exact": {"ksp_rtol": 1e-12, "ksp_atol": 1e-30},
    "cg": {},
    "cg, one reduction": {"ksp_cg_single_reduction": True},
    "cg, norm of the guess": {"ksp_converged_use_initial_residual_norm": True},
    "groppcg": {"ksp_type": "groppcg"},
    "pipecg": {"ksp_type": "pipecg"},
    "pipecg2": {"ksp_type": "pipecg2"},
    "pipeprcg": {"ksp_type": "pipeprcg"},
    "cg, 2 of Chebyshev": {**POLYNOMIAL, "ksp_ksp_max_it": 2},
    "cg, 3 of Chebyshev": {**POLYNOMIAL, "ksp_ksp_max_it": 3},
    "chebyshev": {"ksp_type": "chebyshev"},
}  # fmt: skip


def heart(comm, h: str, options: dict):
    """The problem with these options of the solver."""
    words = [f'mesh.shape.h="{h} mm"', 'tissue.dt="0.05 ms"', "probes={}"]
    shown = {True: "true"}
    words += [f"solver.options.{key}={shown.get(v, repr(v))}" for key, v in options.items()]
    loaded, timer = load_case(CASE, words), Timer()
    kernels = load_kernels(loaded.case.cells, loaded.folder, comm)
    made = problem(
        loaded.case, tissue(loaded.case, distributed(loaded.case, loaded.folder, comm, timer)), kernels, timer
    )
    return made, made.prepare(0.05)


def march(made, solver, n: int) -> dict:
    """Means of ``n`` steps after the first ``BEGUN``; each step's solve alone."""
    stage = PETSc.Log.Event("solve")
    seconds = np.zeros(BEGUN + n)
    for k in range(BEGUN + n):
        if k == BEGUN:
            solver.iterations = solver.solves = 0
            before = _counts(stage)
        made.reaction(None, 0.05 * k, 0.05)
        begin = time.perf_counter()
        stage.begin()
        made.diffusion(None, 0.05 * k, 0.05)
        stage.end()
        seconds[k] = time.perf_counter() - begin
    reductions, messages = (_counts(stage) - before) / n
    return {"iterations": solver.iterations / n, "ns": np.median(seconds[BEGUN:]) / made.part.n_nodes * 1e9,
            "reductions": reductions, "messages": messages}  # fmt: skip


def _counts(event) -> np.ndarray:
    found = event.getPerfInfo()
    return np.array((found["numReductions"], found["numMessages"]))


def show(h: str, n: int, only: list[str]) -> None:
    """Print a row for each method."""
    comm = world()
    PETSc.Log.begin()
    exact = None
    for name, options in METHODS.items():
        if only and name != "exact" and name not in only:
            continue
        made, solver = heart(comm, h, options)
        row = {key: max_over(comm, float(value)) for key, value in march(made, solver, n).items()}
        V = made.V.owned.copy()
        exact = V if exact is None else exact
        square, most = sum_over(comm, float(((V - exact) ** 2).sum())), max_over(comm, float(np.abs(V - exact).max()))
        if comm.rank == 0:
            print(
                f"{name:24}{row['iterations']:6.2f} iterations{row['ns']:8.1f} ns{row['reductions']:7.1f} reductions"
                f"{row['messages']:7.1f} messages; V errs by {(square / made.part.n_nodes) ** 0.5:.1e} mV, at most "
                f"{most:.1e}", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    hooked_abort(world())
    numbers = [word for word in sys.argv[1:3]] + ["0.2", "40"][len(sys.argv[1:3]) :]
    show(numbers[0], int(numbers[1]), sys.argv[3:])
