"""The elliptic solve of the bidomain beside the other parts of its step, on the slab of Niederer et al. 2011."""

import time

import numpy as np

from hpc_twin.case import load_case
from hpc_twin.parallel import max_over
from hpc_twin.run.cells import load_kernels
from hpc_twin.run.meshes import distributed, tissue
from hpc_twin.run.problems import problem
from hpc_twin.run.report import Timer


def elliptic(comm, case, overrides: list[str], first: int, n: int) -> dict:
    """Medians over ``n`` steps, after ``first`` that start the wave: iterations; seconds of cells, V, phi_e, both."""
    found = {}
    for way in ("decoupled", "block"):
        loaded, timer = load_case(case, [*overrides, 'tissue.model="bidomain"', f'bidomain.solve="{way}"']), Timer()
        kernels = load_kernels(loaded.case.cells, loaded.folder, comm)
        domain = tissue(loaded.case, distributed(loaded.case, loaded.folder, comm, timer))
        heart = problem(loaded.case, domain, kernels, timer)
        with timer.part("set-up"):
            heart.prepare(loaded.case.tissue.dt)
        rows = _steps(heart, loaded.case.tissue.dt, first + n)[first:]
        cells, diffusion, phi_e, iterations, of_both = np.median(rows, axis=0)
        found |= {"cells": max_over(comm, cells), "set-up": max_over(comm, timer.seconds["set-up"])}
        if way == "block":
            return {**found, "both": max_over(comm, diffusion), "iterations_of_both": of_both}
        found |= {"nodes": domain.part.n_nodes, "iterations": iterations, "most": max(row[3] for row in rows),
                  "V": max_over(comm, diffusion - phi_e), "phi_e": max_over(comm, phi_e)}  # fmt: skip


def _steps(heart, dt: float, n: int) -> list[tuple]:
    """Of each step: seconds of cells, of diffusion, of these in the elliptic solve; iterations there, and of all."""
    outside, spent, rows = heart.outside, Timer(), []
    outside.respond = spent.timed("phi_e", outside.respond)
    for number in range(n):
        phi_e, of_phi_e, of_all = spent.seconds["phi_e"], outside.iterations, heart.iterations
        marks = [time.perf_counter()]
        for operator in (heart.reaction, heart.diffusion):
            operator(None, number * dt, dt)
            marks.append(time.perf_counter())
        more = (spent.seconds["phi_e"] - phi_e, outside.iterations - of_phi_e, heart.iterations - of_all)
        rows.append((*np.diff(marks), *more))
    return rows
