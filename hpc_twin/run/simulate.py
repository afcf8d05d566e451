"""Run one case: build, march, record, report."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hpc_twin.case.load import LoadedCase
from hpc_twin.parallel import RunError, TwinError, max_over, min_over, on_root
from hpc_twin.run.attributes import attributes
from hpc_twin.run.eikonal import activate
from hpc_twin.run.folder import check_folder, prepare_folder
from hpc_twin.run.kernels import load_kernels
from hpc_twin.run.prepace import prepaced
from hpc_twin.run.progress import Progress
from hpc_twin.run.record import Record, check_fields
from hpc_twin.run.report import Loop, Report, make_report
from hpc_twin.run.setup import set_up
from hpc_twin.run.timer import Timer
from hpc_twin.stepping import SPLITTINGS, make_step, march
from hpc_twin.tissue.problem import Problem

LISTEN_EVERY = 20  # steps between the ranks' agreements on whether somebody asked to stop


class StoppedError(TwinError):
    """The user or the batch system asked the run to stop; what was computed is on disk."""

    exit_code = 130


def simulate(loaded: LoadedCase, folder: Path, comm, overwrite: bool = False) -> Report:
    """Run ``loaded`` and write result.exo and traces.nc into ``folder``. Collective.

    Raises InputError before anything is computed, RunError when the run fails, StoppedError on SIGINT or SIGTERM; in
    the last two cases the results so far are closed and readable.
    """
    if loaded.case.tissue.model == "eikonal":
        return activate(loaded, folder, comm, overwrite)
    case, timer = loaded.case, Timer()
    with timer.part("cell models"):
        kernels = load_kernels(case.cells, loaded.folder, comm)
    check_fields(case, kernels)
    on_root(comm, lambda: check_folder(folder, overwrite))
    with timer.part("prepacing"):
        kernels = prepaced(case, kernels, comm)
    part, heart, start = set_up(loaded, kernels, comm, timer)
    words = attributes(loaded, part)
    on_root(comm, lambda: prepare_folder(folder, loaded.text))
    with timer.part("output files"):
        record = Record(case, heart, folder, words, timer)
    with Progress(comm, case.tissue.until, folder) as progress, record:
        report = make_report(part, timer, _loop(case.tissue, heart, record, timer, start, progress))
        return report.written(record.close(report.attributes()))


def _loop(tissue, heart: Problem, record: Record, timer: Timer, start: float, progress: Progress) -> Loop:
    """March from ``start`` to the end."""
    comm = heart.part.comm
    operators = {
        "reaction": timer.timed("cells", heart.operators["reaction"]),
        "diffusion": timer.communicating("solve", heart.operators["diffusion"], comm),
    }
    step = make_step(operators, SPLITTINGS[tissue.splitting])
    comm.barrier()
    begun, n, t = time.perf_counter(), 0, start
    record.see(0, start)
    progress.start(start)
    try:
        with _asked_to_stop(comm) as asked:
            for n, t in march(step, None, tissue.dt, tissue.until, start):
                record.see(n, t)
                progress.at(t)
                if n % LISTEN_EVERY == 0 and asked():
                    raise StoppedError(f"stopped at t = {t:g} ms; the results so far are in {record.result.path}")
    except RunError as error:
        raise RunError(f"{_where(heart, t + tissue.dt, error)}; frames so far are in {record.result.path}") from None
    finally:
        progress.close()
    return Loop(n, time.perf_counter() - begun, heart.iterations, *record.account())


@contextmanager
def _asked_to_stop(comm) -> Iterator:
    """Turn SIGINT and SIGTERM into a question that all ranks answer alike; a second signal ends the hard way."""
    heard: list[int] = []

    def hear(number, frame):
        if heard:
            raise KeyboardInterrupt
        heard.append(number)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: max_over(comm, len(heard)) > 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _where(heart: Problem, t: float, error: RunError) -> str:
    """Say where V is no longer a number, if it is that; collective, since a failed solve fails on all ranks."""
    part, V = heart.part, heart.V.owned
    bad = np.flatnonzero(~np.isfinite(V))
    none = np.iinfo(np.int64).max
    first = (int(part.node_ids[bad].min()), part.comm.rank) if len(bad) else (none, -1)
    node, rank = min_over(part.comm, first)
    if node == none:
        return f"at t = {t:g} ms: {error}"
    where = part.points[int(np.flatnonzero(part.node_ids == node)[0])] if rank == part.comm.rank else None
    x, y, z = part.comm.bcast(where, root=rank)
    return (
        f"V is not a number any more at t = {t:g} ms, first at node {node} ({x:.4g}, {y:.4g}, {z:.4g} mm): "
        "reduce tissue.dt, raise cells.substeps, or look at stimulus strength and cell parameters"
    )
