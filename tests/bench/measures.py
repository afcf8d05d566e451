"""What watching a run costs: every measure's own time against the steps it watches, on one core."""

import tempfile
import time
from pathlib import Path

import numpy as np

from hpc_twin.case import load_case
from hpc_twin.parallel import world
from hpc_twin.run.cells import load_kernels
from hpc_twin.run.meshes import distributed, tissue
from hpc_twin.run.observers import observers
from hpc_twin.run.problems import problem
from hpc_twin.run.report import Timer

CASE = Path(__file__).parents[2] / "jobs" / "niederer" / "case.toml"
SETS = {
    "activation, repolarisation, apd": (),
    "and last_beat, cycle_length, velocity": ("last_beat", "cycle_length", "velocity"),
    "phase": ("phase",),
    "singularities, every ms": ("singularities",),
    "dominant_frequency, 77 of them": ("dominant_frequency",),
}
DEFAULT = ("activation", "repolarisation", "apd")
STEPS, DT = 400, 0.05  # 20 ms


def show(h: str = "0.2") -> None:
    """Nanoseconds per node and step, and the share of cells and solve; each step's fastest of two runs."""
    heart, cases = _heart(h)
    marks = np.full((2, STEPS, 1 + len(SETS)), np.nan)
    with tempfile.TemporaryDirectory() as folder:
        for again in marks:
            for population in heart.populations:
                population.rest(heart.V.owned)
                population.states[:] = population.kernel.initial[:, None]
            watching = [observers(case, heart, Path(folder), {}) for case in cases]
            for n, row in enumerate(again):
                row[:] = _step(heart, watching, n)
            for each in watching:
                for observer in each:
                    observer.close(True)
    step, *costs = marks.min(axis=0).mean(axis=0) / heart.part.n_nodes * 1e9
    print(f"{heart.part.n_nodes:,} nodes, cells and solve {step:.0f} ns")
    for name, cost in zip(SETS, costs, strict=True):
        print(f"{name}: {cost:.2f} ns, {100 * cost / step:.2f} % (aim: < 3 % for the first)")


def _heart(h: str):
    """The slab of Niederer et al. 2011, and one case for each set of measures."""
    base = [f'mesh.shape.h="{h} mm"', 'tissue.until="2000 ms"', f'tissue.dt="{DT} ms"', "probes={}"]
    wanted = [more if more and "velocity" not in more else (*DEFAULT, *more) for more in SETS.values()]
    loaded = [load_case(CASE, [*base, f"output.measures={list(names)}"]) for names in wanted]
    first, timer = loaded[0], Timer()
    kernels = load_kernels(first.case.cells, first.folder, world())
    part = distributed(first.case, first.folder, world(), timer)
    heart = problem(first.case, tissue(first.case, part), kernels, timer)
    heart.prepare(DT)
    return heart, [each.case for each in loaded]


def _step(heart, watching, n: int) -> list[float]:
    """Seconds of one step, and of each set of observers after it."""
    begin = time.perf_counter()
    heart.reaction(None, n * DT, DT)
    heart.diffusion(None, n * DT, DT)
    ends = [time.perf_counter()]
    for several in watching:
        for observer in several:
            observer.see(n + 1, (n + 1) * DT)
        ends.append(time.perf_counter())
    return list(np.diff([begin, *ends]))
