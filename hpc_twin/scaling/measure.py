"""What runs on the ranks of a measurement: an ordinary run of the case, shortened, whose account is printed as JSON.

Whatever a run does at its start, in each step and at its end is in the figures, since it is a run (run.simulate).
Times are those of the ranks' processors, which work or spin as long as a run lasts: on a machine that others use they
are much nearer to what a free one would take than the clock is.
"""

import contextlib
import io
import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from hpc_twin.case.load import LoadedCase, load_case
from hpc_twin.case.section import Section
from hpc_twin.parallel import sum_over, world
from hpc_twin.run import simulate
from hpc_twin.run.cells import load_kernels
from hpc_twin.run.report import Report, peak_memory
from hpc_twin.scaling.frames import looked_at, sent
from hpc_twin.scaling.watch import PARTS, Watch, Window

TRIAD = 2_000_000  # numbers in each of three arrays: 48 MB a rank


def measure(request: dict) -> None:
    """Run what ``request`` (launch.Request) asks for and print the fields of launch.Sample; collective."""
    comm = world()
    launch = sum_over(comm, time.process_time()) / comm.size
    loaded = shortened(load_case(request["case"], request["overrides"]), request["until"])
    watch = Watch(comm, request["seconds"], loaded.case.output.every)
    begin = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        report = simulate(loaded, Path(request["folder"]) / "run", comm, watch=watch)
    end = time.perf_counter(), time.process_time()
    busy = min(1.0, sum_over(comm, (end[1] - begin[1]) / (end[0] - begin[0])) / comm.size)
    found = {
        **_account(report, busy), "launch": launch, "busy": busy, "memory": comm.gather(peak_memory()),
        "states": max(kernel.storage.n_rows for kernel in load_kernels(loaded.case.cells, loaded.folder, comm)),
        "windows": [asdict(window) for window in watch.windows() or _whole(report, busy, loaded)],
        "triad": _triad(comm), "written": None,
    }  # fmt: skip
    message = sent(comm)
    if comm.rank == 0:
        pieces = looked_at(Path(request["folder"]) / "run" / "result.exo", message)
        found["written"] = pieces and asdict(pieces)
    after = sum_over(comm, time.process_time() - end[1]) / comm.size
    if comm.rank == 0:
        print(json.dumps({**found, "after": after}), flush=True)


def _account(report: Report, busy: float) -> dict:
    """Fields of launch.Sample that the run itself tells."""
    return {
        "ranks": report.ranks, "nodes": report.nodes, "elements": report.elements, "steps": report.steps,
        "frames": report.loop.frames if report.steps else 1,
        "seconds": {name: busy * value for name, value in report.seconds.items()}, "loop": busy * report.loop.seconds,
        "iterations": report.iterations_per_step, "bytes": report.bytes_written,
    }  # fmt: skip


def _whole(report: Report, busy: float, loaded: LoadedCase) -> list[Window]:
    """A run of so few steps that no window was seen is one."""
    if not report.steps:
        return []
    seconds = {name: busy * report.seconds.get(name, 0.0) for name in PARTS[:-1]}
    rest = max(busy * report.loop.seconds - sum(seconds.values()), 0.0)
    until = loaded.case.tissue.until
    return [Window(until, report.steps, report.loop.frames, report.iterations_per_step, {**seconds, "rest": rest})]


def shortened(loaded: LoadedCase, until: float | None) -> LoadedCase:
    """The case up to ``until`` [ms] at most, on its mesh and not on splits of it, which have one size only.

    What it would do later is left as it is and never comes.
    """
    case = loaded.case
    changes: dict[str, Section] = {"mesh": case.mesh.model_copy(update={"split": None})}
    if until is not None and until < case.tissue.until:
        changes["tissue"] = case.tissue.model_copy(update={"until": until})
    return replace(loaded, case=case.model_copy(update=changes))


def _triad(comm) -> float:
    """GB/s of all ranks together, a = b + c on arrays beyond any cache, the best of 5."""
    a, b, c = np.zeros(TRIAD), np.ones(TRIAD), np.ones(TRIAD)
    best = np.inf
    for _ in range(5):
        comm.barrier()
        begin = time.perf_counter()
        np.add(b, c, out=a)
        best = min(best, time.perf_counter() - begin)
    return sum_over(comm, 24e-9 * TRIAD / best)
