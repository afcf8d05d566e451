"""What runs on the ranks of a measurement: an ordinary run of the case, shortened, whose account is printed as JSON.

Whatever a run does at its start, in each step and at its end is in the figures, since it is a run (run.simulate).
Times are those of the ranks' processors, which work or spin as long as a run lasts: on a machine that others use they
are much nearer to what a free one would take than the clock is.
"""

import contextlib
import io
import json
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from hpc_twin.case.load import LoadedCase, load_case
from hpc_twin.case.section import Section
from hpc_twin.parallel import sum_over, world
from hpc_twin.run import simulate
from hpc_twin.run.cells import load_kernels

TRIAD = 2_000_000  # numbers in each of three arrays: 48 MB a rank


def measure(request: dict) -> None:
    """Run what ``request`` (launch.Request) asks for and print the fields of launch.Sample; collective."""
    comm = world()
    launch = sum_over(comm, time.process_time()) / comm.size
    triad = _triad(comm)
    loaded = shortened(load_case(request["case"], request["overrides"]), request["until"])
    with tempfile.TemporaryDirectory() as name:
        begin = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            report = simulate(loaded, Path(comm.bcast(name)) / "run", comm)
        share = (time.process_time() - begin[1]) / (time.perf_counter() - begin[0])
        busy = min(1.0, sum_over(comm, share) / comm.size)
        kernels = load_kernels(loaded.case.cells, loaded.folder, comm)
        memory = comm.gather(_peak())
    if comm.rank == 0:
        case = loaded.case
        frames = 1 + int(case.tissue.until / case.output.every) if report.steps else 1
        found = {
            "ranks": comm.size, "nodes": report.nodes, "elements": report.elements, "steps": report.steps,
            "frames": frames, "states": max(k.storage.n_rows for k in kernels),
            "seconds": {name: busy * value for name, value in report.seconds.items()},
            "loop": busy * report.loop.seconds, "iterations": report.iterations_per_step, "memory": memory,
            "bytes": report.bytes_written, "launch": launch, "triad": triad, "busy": busy,
        }  # fmt: skip
        print(json.dumps(found), flush=True)


def shortened(loaded: LoadedCase, until: float | None) -> LoadedCase:
    """The case up to ``until`` [ms] at most, on its mesh and not on splits of it, which have one size only.

    What it would do later is left as it is and never comes.
    """
    case = loaded.case
    changes: dict[str, Section] = {"mesh": case.mesh.model_copy(update={"split": None})}
    if until is not None and until < case.tissue.until:
        changes["tissue"] = case.tissue.model_copy(update={"until": until})
    return replace(loaded, case=case.model_copy(update=changes))


def _peak() -> float:
    """MB of this rank, at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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
