"""Mixed against double precision: time per cell and step, and by how much the 110th beat differs.

``python precision.py [MODEL ...]``, 3 minutes a model. Times are taken in turn, the states in memory, on one core and
on two at once; for the beats each step is a call, as in tissue.
"""

import multiprocessing
import os
import sys
from time import perf_counter

import numpy as np

from hpc_twin.cellmodels import Kernel, load
from hpc_twin.singlecell import pacing
from hpc_twin.singlecell.protocol import paced

MODELS = ("tentusscher_2006_epi", "ohara_rudy_2011_endo", "torord_2019_endo")
N, ROUNDS = 131_072, 20  # cells: 14 to 47 MB of states


def pair(name: str, scheme: str = "rush_larsen") -> list[Kernel]:
    """The model in double and in mixed precision."""
    return [load(name, scheme=scheme, precision=precision) for precision in ("double", "mixed")]


def times(name: str, core: int, start, answers) -> None:
    """ns per cell and step, (2, ROUNDS), on one core; all processes start together."""
    os.sched_setaffinity(0, {core})
    kernels = pair(name)
    cells = [(np.full(N, kernel.v_initial), kernel.new_states(N)) for kernel in kernels]
    found = np.empty((2, ROUNDS + 1))
    for turn in range(ROUNDS + 1):
        for k, (V, states) in enumerate(cells):
            start.wait()
            begin = perf_counter()
            kernels[k].advance(V, states, None, 0.0, 0.01)
            found[k, turn] = (perf_counter() - begin) / N * 1e9
    answers.put(found[:, 1:])


def on_cores(name: str, count: int) -> np.ndarray:
    """``times`` on so many cores at once."""
    start, answers = multiprocessing.Barrier(count), multiprocessing.Queue()
    cores = sorted(os.sched_getaffinity(0))[:count]
    workers = [multiprocessing.Process(target=times, args=(name, core, start, answers)) for core in cores]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    return np.concatenate(found, axis=1)


def beat(kernel: Kernel) -> tuple[float, float]:
    """APD90 [ms] and the peak of calcium in the 110th beat at 1 Hz, dt 0.02 ms."""
    pacing.COARSE = 0.0
    found = pacing.pace(pacing.Cells(kernel, protocol=paced(1000.0, 52.0, 1.0, 10.0)), 110, record=1).traces
    V, t = found.V[:, 0], found.t
    level = V.max() - 0.9 * (V.max() - V[-1])
    up, down = np.flatnonzero(V > 0)[0], np.flatnonzero((V < level) & (t > t[V.argmax()]))[0]
    rise, fall = _crossing(t, V, up, 0.0), _crossing(t, V, down, level)
    return fall - rise, found.states[:, kernel.state_names.index("calcium.cai"), 0].max()


def _crossing(t: np.ndarray, V: np.ndarray, row: int, level: float) -> float:
    """When V was at ``level`` between the row before and this one."""
    return t[row] - (V[row] - level) / (V[row] - V[row - 1]) * (t[row] - t[row - 1])


def show(name: str) -> None:
    """Print all of one model."""
    sizes = [8 * (1 + kernel.storage.n_rows) for kernel in pair(name)]
    print(f"{name}: bytes per cell {sizes[0]} -> {sizes[1]}")
    for count in (1, 2):
        found = on_cores(name, count)
        fastest, ratio = found.min(axis=1), np.median(found[1] / found[0])
        print(f"  {count} cores: {fastest[0]:.1f} -> {fastest[1]:.1f} ns, median ratio {ratio:.2f}", flush=True)
    (APD, calcium), (APD_mixed, calcium_mixed) = (beat(kernel) for kernel in pair(name, "auto"))
    print(
        f"  APD90 {APD:.3f} ms, {APD_mixed - APD:+.1e}; calcium peak {calcium:.4g}, {calcium_mixed / calcium - 1:+.1e}"
    )


if __name__ == "__main__":
    for chosen in sys.argv[1:] or MODELS:
        show(chosen)
