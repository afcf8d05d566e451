"""Samples of a machine whose costs are known."""

from hpc_twin.scaling.frames import Frames
from hpc_twin.scaling.launch import Sample
from hpc_twin.scaling.watch import Window

CELLS, SOLVE, CALLS, MEASURES = 60e-9, 9e-9, 80e-6, 3e-9  # s per node; s per node and i + w; s per step
BASE, LOCAL, WHOLE = 180.0, 2.5e-3, 1.5e-3  # MB, of a rank, of each of its nodes, of each of the mesh's nodes
W = 2.5  # not what is assumed
FRAMES = Frames(1, 2.0, 3e-8, 5e-6, 4e-10, 1e-6)  # s per value, chunk, byte and message
FRAME = 1e-3  # s beside that


def frame(nodes: int, ranks: int) -> float:
    """Seconds."""
    return FRAME + sum(FRAMES.seconds(nodes, ranks, 60.0, 1e9).values())


def sample(
    nodes: int, ranks: int = 1, steps: int = 100, iterations: float = 3.0, frames: int = 2, cold: bool = False
) -> Sample:
    """What a run would take there, without ghosts in its memory; in its first half it has two iterations more."""
    n = nodes / ranks
    halves = [iterations + 1, iterations - 1]
    windows = tuple(
        Window((k + 1) * steps * 0.05, steps // 2, frames, i, {name: value * steps / 2 for name, value in
               {**_step(n, i), "output": 2 * frames / steps * frame(nodes, ranks), "rest": 0.0}.items()})
        for k, i in enumerate(halves)
    )  # fmt: skip
    step = _step(n, iterations)
    output = frames * frame(nodes, ranks)
    phases = {"mesh": 0.1 + 5e-6 * nodes, "assembly": 8e-6 * n, "cell models": 9.0 if cold else 0.2}
    seconds = {**phases, **{key: steps * value for key, value in step.items()}, "output": output}
    loop = steps * sum(step.values()) + output
    memory = tuple(BASE + LOCAL * n + (WHOLE * nodes if rank == 0 else 0) for rank in range(ranks))
    wall = 0.9 + sum(phases.values()) + loop + 0.3
    return Sample(ranks, nodes, 6 * nodes, steps, frames, 18, seconds, loop, iterations, memory,
                  40 * nodes + 2 * nodes * frames, 0.9, 30.0 * ranks, 1.0, wall, windows, FRAMES, cold)  # fmt: skip


def _step(n: float, iterations: float) -> dict[str, float]:
    cells, solve = CELLS * n + CALLS / 2, SOLVE * n * (iterations + W) + CALLS / 2
    return {"cells": cells, "solve": solve, "measures": MEASURES * n}
