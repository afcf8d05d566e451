"""What runs on the ranks of a measurement: an ordinary run of the case, shortened, whose account is printed as JSON.

Whatever a run does at its start, in each step and at its end is in the figures, since it is a run (run.simulate).
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
from hpc_twin.parallel import max_over, sum_over, world
from hpc_twin.run import simulate
from hpc_twin.run.kernels import load_kernels

TRIAD = 2_000_000  # numbers in each of three arrays: 48 MB a rank


def measure(request: dict) -> None:
    """Run what ``request`` (launch.Request) asks for and print the fields of launch.Sample; collective."""
    comm = world()
    launch = max_over(comm, time.time() - request["started"])
    triad = _triad(comm)
    loaded = shortened(load_case(request["case"], request["overrides"]), request["until"])
    with tempfile.TemporaryDirectory() as name:
        begin = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            report = simulate(loaded, Path(comm.bcast(name)) / "run", comm)
        busy = (time.process_time() - begin[1]) / (time.perf_counter() - begin[0])
        kernels = load_kernels(loaded.case.cells, loaded.folder, comm)
        memory = comm.gather(_peak())
    if comm.rank == 0:
        case = loaded.case
        frames = 1 + int(case.tissue.until / case.output.every) if report.steps else 1
        found = {
            "ranks": comm.size, "nodes": report.nodes, "elements": report.elements, "steps": report.steps,
            "frames": frames, "states": max(k.storage.n_rows for k in kernels), "seconds": report.seconds,
            "loop": report.loop.seconds, "iterations": report.iterations_per_step, "memory": memory,
            "bytes": report.bytes_written, "launch": launch, "triad": triad,
            "busy": busy,
        }  # fmt: skip
        print(json.dumps(found), flush=True)


def shortened(loaded: LoadedCase, until: float | None) -> LoadedCase:
    """The case up to ``until`` [ms] at most; what it would do later is left as it is and never comes."""
    if until is None or until >= loaded.case.tissue.until:
        return loaded
    tissue = loaded.case.tissue.model_copy(update={"until": until})
    return replace(loaded, case=loaded.case.model_copy(update={"tissue": tissue}))


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
