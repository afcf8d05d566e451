"""Samples of a machine whose costs are known."""

from hpc_twin.scaling.launch import Sample

CELLS, SOLVE, CALLS, MEASURES = 60e-9, 9e-9, 80e-6, 3e-9  # s per node; s per node and i + w; s per step
BASE, LOCAL, WHOLE = 180.0, 2.5e-3, 1.5e-3  # MB, of a rank, of each of its nodes, of each of the mesh's nodes
W = 1.66


def sample(nodes: int, ranks: int = 1, steps: int = 100, iterations: float = 3.0, frames: int = 2) -> Sample:
    """What a run would take there, without ghosts in its memory."""
    n = nodes / ranks
    step = {"cells": CELLS * n + CALLS / 2, "solve": SOLVE * n * (iterations + W) + CALLS / 2, "measures": MEASURES * n}
    loop = steps * sum(step.values()) + frames * 1e-8 * nodes
    phases = {"mesh": 0.1 + 5e-6 * nodes, "assembly": 8e-6 * n, "cell models": 0.2}
    seconds = {**phases, **{key: steps * value for key, value in step.items()}, "output": frames * 1e-8 * nodes}
    memory = tuple(BASE + LOCAL * n + (WHOLE * nodes if rank == 0 else 0) for rank in range(ranks))
    wall = 0.9 + sum(phases.values()) + loop + 0.3
    return Sample(ranks, nodes, 6 * nodes, steps, frames, 18, seconds, loop, iterations, memory,
                  40 * nodes + 2 * nodes * frames, 0.9, 30.0 * ranks, 1.0, wall)  # fmt: skip
