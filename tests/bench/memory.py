"""Bytes per node: of each phase of a run, its peak and what it leaves, and of each holder in the end.

``mpirun -n RANKS python memory.py [NODES] [KEY=VALUE ...]``: a slab of about NODES nodes (a million), ten
Tusscher-Panfilov 2006, 5 steps, with the case's keys overridden as by ``--set``. Sums over the ranks; Linux only.
"""

import gc
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType

import numpy as np

from hpc_twin.case import load_case
from hpc_twin.fem import return_freed, sweep
from hpc_twin.parallel import hooked_abort, sum_over, world
from hpc_twin.run.cells import load_kernels
from hpc_twin.run.meshes import distributed, tissue
from hpc_twin.run.observers import elements_needed
from hpc_twin.run.problems import problem
from hpc_twin.run.record import Record
from hpc_twin.run.report import Timer

CASE = Path(__file__).parents[2] / "jobs" / "niederer" / "case.toml"
STEPS = 5
CODE = (FunctionType, BuiltinFunctionType, ModuleType, type)


def resident(what: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM the most since ``forget``."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return 1024 * int(line.split()[1])


def forget() -> None:
    """Let the high-water mark begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


class Watch(Timer):
    """A Timer that notes what each part left and its peak [bytes], on all ranks together."""

    def __init__(self, comm):
        super().__init__()
        self.comm, self.rows = comm, []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Collective."""
        forget()
        with super().part(name):
            yield
        gc.collect()
        sweep(self.comm)
        left, peak = sum_over(self.comm, np.array((resident("VmRSS"), resident("VmHWM")), float))
        self.rows.append((name, left, peak))


def buffers(root: object) -> dict[int, np.ndarray]:
    """Address -> every array that can be reached from ``root``, those of one buffer once; code is not followed."""
    found: dict[int, np.ndarray] = {}
    seen, stack = {id(root)}, [root]
    while stack:
        for item in _referents(stack.pop()):
            if id(item) not in seen and not isinstance(item, CODE):
                seen.add(id(item))
                stack.append(item)
                if isinstance(item, np.ndarray) and item.base is None:
                    found[item.ctypes.data] = item
    return found


def _referents(item: object) -> list[object]:
    """Also the base of a view, which the garbage collector does not see, and the variables of closures."""
    if isinstance(item, np.ndarray):
        return [] if item.base is None else [item.base]
    return gc.get_referents(item)


def holders(heart, record) -> dict[str, int]:
    """Bytes of arrays by who holds them, each counted where it is met first."""
    part, known, sizes = heart.part, set(), {}
    own = {f"part: {name}": (value,) for name, value in vars(part).items()}
    roots = {"states": (heart.populations,), **own, "matrix: stiffness": (heart.stiffness,),
             "matrices of solvers": (heart.solvers,), "V": (heart.V,), "stimuli": (heart.stimuli,),
             "output": (record,), "others of the problem": (heart,)}  # fmt: skip
    for name, root in roots.items():
        new = {k: array for k, array in buffers(root).items() if k not in known}
        known |= set(new)
        sizes[name] = sum(array.nbytes for array in new.values())
    return sizes


def overrides(n_nodes: float) -> list[str]:
    """A slab of 4 : 2 : 1 with about so many nodes, 0.2 mm apart."""
    side = 0.2 * round((n_nodes / 8) ** (1 / 3))
    size = ", ".join(f'"{side * k:g} mm"' for k in (4, 2, 1))
    return [f'mesh.shape={{size=[{size}], h="0.2 mm"}}', 'tissue.until="1 ms"', "probes={}"]


def measure(comm, words: list[str]) -> tuple[Watch, dict[str, int], int]:
    """The phases, the holders of this rank's arrays, and the number of nodes."""
    return_freed()
    loaded, watch = load_case(CASE, words), Watch(comm)
    case = loaded.case
    with watch.part("cell models"):
        kernels = load_kernels(case.cells, loaded.folder, comm)
    part = distributed(case, loaded.folder, comm, watch)
    heart = problem(case, tissue(case, part), kernels, watch)
    del part
    with watch.part("solver set-up"):
        heart.prepare(case.tissue.dt)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        with watch.part("output set-up"):
            record = Record(case, heart, Path(comm.bcast(folder)), {})
            if not elements_needed(case):
                heart.domain.let_go()
        with record, watch.part(f"{STEPS} steps"):
            for n in range(STEPS):
                for operator in ("reaction", "diffusion"):
                    heart.operators[operator](None, n * case.tissue.dt, case.tissue.dt)
                record.see(n, n * case.tissue.dt)
        return watch, holders(heart, record), heart.part.n_nodes


def show(n_nodes: float, words: list[str]) -> None:
    """Print both tables on rank 0."""
    comm = world()
    watch, sizes, n = measure(comm, [*overrides(n_nodes), *words])
    totals = {name: sum_over(comm, size) / n for name, size in sizes.items()}
    base = watch.rows[0][1]
    if comm.rank:
        return
    print(f"{n:,} nodes, {comm.size} rank(s); before the mesh {base / 1e6:.0f} MB, not in the figures below")
    print(f"{'phase':24}{'s':>8}{'peak':>8}{'left':>8}   [bytes per node]")
    for name, left, peak in watch.rows[1:]:
        print(f"{name:24}{watch.seconds[name]:8.1f}{(peak - base) / n:8.0f}{(left - base) / n:8.0f}")
    print(f"{'holder':32}{'':8}{'bytes per node':>16}")
    for name, size in totals.items():
        if size >= 0.5:
            print(f"{name:40}{size:16.0f}")
    print(f"{'PETSc, and not traced':40}{(watch.rows[-1][1] - base) / n - sum(totals.values()):16.0f}")


if __name__ == "__main__":
    hooked_abort(world())
    numbers = [word for word in sys.argv[1:] if "=" not in word]
    show(float(numbers[0]) if numbers else 1e6, [word for word in sys.argv[1:] if "=" in word])
