"""The elliptic solve of the bidomain beside the other parts of its step, on the slab of Niederer et al. 2011."""

import time

import numpy as np

from hpc_twin.case import load_case
from hpc_twin.parallel import max_over
from hpc_twin.run.domain import distributed, tissue
from hpc_twin.run.kernels import load_kernels
from hpc_twin.run.problems import problem
from hpc_twin.run.timer import Timer


def elliptic(comm, case, overrides: list[str], first: int, n: int) -> dict:
    """Medians over ``n`` steps, after ``first`` that let the wave begin: iterations; seconds of cells, V and phi_e."""
    loaded, timer = load_case(case, [*overrides, 'tissue.model="bidomain"']), Timer()
    kernels = load_kernels(loaded.case.cells, loaded.folder, comm)
    domain = tissue(loaded.case, distributed(loaded.case, loaded.folder, comm, timer))
    heart, dt = problem(loaded.case, domain, kernels, timer), loaded.case.tissue.dt
    with timer.part("set-up"):
        heart.prepare(dt)
    outside, spent = heart.outside, Timer()
    outside.respond = spent.timed("phi_e", outside.respond)
    rows = []
    for number in range(first + n):
        before, marks = (outside.iterations, spent.seconds.get("phi_e", 0.0)), [time.perf_counter()]
        for operator in (heart.reaction, heart.diffusion):
            operator(None, number * dt, dt)
            marks.append(time.perf_counter())
        phi_e = spent.seconds["phi_e"] - before[1]
        rows.append((outside.iterations - before[0], marks[1] - marks[0], marks[2] - marks[1] - phi_e, phi_e))
    iterations, cells, V, phi_e = np.median(rows[first:], axis=0)
    return {"nodes": domain.part.n_nodes, "iterations": iterations, "most": max(row[0] for row in rows[first:]),
            "cells": max_over(comm, cells), "V": max_over(comm, V), "phi_e": max_over(comm, phi_e),
            "set-up": max_over(comm, timer.seconds["set-up"])}  # fmt: skip
