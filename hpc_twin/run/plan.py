"""What a case would do, before it does it: sizes, memory, files and an estimate of the time."""

import time

from hpc_twin.case.load import LoadedCase
from hpc_twin.run.cells import described, load_kernels, tell_unreachable
from hpc_twin.run.record import check_fields
from hpc_twin.run.setup import rehearse

BYTES_PER_NODE = 1800  # at the peak of start-up, which the loop with its cells does not reach: tests/bench/memory.py
BASE_MEMORY = 220e6  # Python, PETSc and netCDF of one rank
SOLVE_NS = 40  # per node and step: CG + Jacobi on one rank
SAMPLE = 4096  # cells timed for the estimate
EIKONAL_NS = 12_000  # per node, two thirds of it to set up


def plan(loaded: LoadedCase, comm) -> dict[str, str]:
    """Do all that comes before the time loop, which refuses what does not fit, and estimate; nothing is written.

    Collective.
    """
    case = loaded.case
    kernels = load_kernels(case.cells, loaded.folder, comm)
    check_fields(case, kernels)
    if case.tissue.model != "eikonal":
        tell_unreachable(case, kernels, comm)
    part = rehearse(loaded, kernels, comm)
    n_nodes, n_elements = part.n_nodes, part.n_elements
    steps = round(case.tissue.until / case.tissue.dt)
    frames = 1 + round(case.tissue.until / case.output.every)
    halves = 2 if case.tissue.splitting == "strang" else 1
    cost = halves * case.cells.substeps * cell_cost(kernels[0]) + SOLVE_NS
    memory = BASE_MEMORY * comm.size + n_nodes * BYTES_PER_NODE
    size = n_nodes * 4 * (frames * len(case.output.fields) + 3 * (1 + frames // 32)) + n_elements * 40
    rows = {
        "case": f"{loaded.source}: {case.title or 'untitled'}",
        "mesh": f"{n_nodes:,} nodes, {n_elements:,} elements",
        "cells": ", ".join(dict.fromkeys(k.name for k in kernels)) + f" ({kernels[0].n_states} states)",
        "time": f"{case.tissue.until:g} ms in {steps:,} steps of {case.tissue.dt:g} ms, {case.tissue.splitting}",
        "begins with": described(case, loaded.folder, comm),
        "ranks": str(comm.size),
        "memory": f"about {memory / 1e6:,.0f} MB on all ranks",
        "result": f"{frames} frames, at most {size / 1e6:,.0f} MB before compression",
        "time loop": f"about {1e-9 * cost * n_nodes * steps / comm.size:,.0f} s ({cost:.0f} ns per node and step)",
    }
    return rows if case.tissue.model != "eikonal" else {**rows, **_one_solve(n_nodes, n_elements, comm)}


def _one_solve(n_nodes: int, n_elements: int, comm) -> dict[str, str]:
    """What is different where there are no steps."""
    return {
        "time": "one solve for the first arrival, no steps",
        "begins with": "the first pulse of each stimulus",
        "result": f"1 frame of maps, at most {(16 * n_nodes + 40 * n_elements) / 1e6:,.0f} MB before compression",
        "time loop": f"about {1e-9 * EIKONAL_NS * n_nodes / comm.size:,.1f} s for the eikonal equation",
    }


def cell_cost(kernel) -> float:
    """Nanoseconds per cell and step of ``kernel``, timed on a sample."""
    import numpy as np

    V, states = np.full(SAMPLE, kernel.v_initial), kernel.new_states(SAMPLE)
    kernel.advance(V, states, None, 0.0, 0.01)
    begin = time.perf_counter()
    for n in range(10):
        kernel.advance(V, states, None, 0.01 * n, 0.01)
    return (time.perf_counter() - begin) / (10 * SAMPLE) * 1e9
