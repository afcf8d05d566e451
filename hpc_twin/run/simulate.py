"""Run one case: build, march, record, report."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpc_twin.case.load import LoadedCase
from hpc_twin.case.tissue import TissueCase
from hpc_twin.io.checkpoint import Checkpoint
from hpc_twin.parallel import RunError, min_over, on_root
from hpc_twin.run.cells import begin, load_kernels, prepaced, tell_unreachable
from hpc_twin.run.eikonal import activate
from hpc_twin.run.observers import elements_needed
from hpc_twin.run.record import Record, check_fields
from hpc_twin.run.report import Loop, Progress, Report, Timer, attributes, make_report
from hpc_twin.run.restart import (
    FROM_SCHEDULERS,
    FROM_USERS,
    STOPS,
    Checkpoints,
    Requests,
    Wish,
    alone_in,
    check_folder,
    facts_of,
    found_in,
    prepare_folder,
    require_mesh,
    require_models,
    require_torso,
)
from hpc_twin.run.setup import set_up, to_record
from hpc_twin.stepping import SPLITTINGS, make_step, march
from hpc_twin.tissue.problem import Problem

# of a step its number and time, of the loop so far iterations and seconds by part -> enough; on all ranks alike
Watch = Callable[[int, float, int, Mapping[str, float]], bool]

LISTEN_EVERY = 20  # steps between the ranks' agreements on whether somebody asks for something


@dataclass(frozen=True)
class Run:
    """All that takes part in the time loop; step 0 was at ``start`` ms, ``found`` is what the run goes on from."""

    tissue: TissueCase
    heart: Problem
    record: Record
    checkpoints: Checkpoints
    requests: Requests
    timer: Timer
    progress: Progress
    start: float
    found: Checkpoint | None
    watch: Watch


def to_the_end(step: int, t: float, iterations: int, seconds: Mapping[str, float]) -> bool:
    """Never enough."""
    return False


def simulate(
    loaded: LoadedCase,
    folder: Path,
    comm,
    overwrite: bool = False,
    again: bool = False,
    watch: Watch = to_the_end,
) -> Report:
    """Run ``loaded`` and write result.exo and traces.nc into ``folder``; ``again``: go on from its newest checkpoint.

    ``watch`` sees every step and may end the loop before the case does, which is then as if it had been that short.
    Collective. Raises InputError before anything is computed, RunError when the run fails, StoppedError on SIGINT or
    SIGTERM, HandedOverError on SIGUSR1; in the last three cases the results so far are closed and readable.
    """
    with alone_in(comm, folder):
        return _simulated(loaded, folder, comm, overwrite, again, watch)


def _simulated(loaded: LoadedCase, folder: Path, comm, overwrite: bool, again: bool, watch: Watch) -> Report:
    case, timer, requests = loaded.case, Timer(), Requests(comm)
    found = found_in(comm, folder, case) if again else None
    if case.tissue.model == "eikonal":
        return activate(loaded, folder, comm, overwrite)
    with requests.hearing(FROM_SCHEDULERS):
        kernels = _kernels(loaded, folder, comm, timer, overwrite, found)
        part, heart = set_up(loaded, kernels, comm, timer)
        if found is not None:
            require_mesh(found, part)
        start = begin(case, loaded.folder, heart) if found is None else found.facts["start"]
        with timer.part("output files"):
            leads = to_record(loaded, heart)
        torso = "" if leads is None else leads.torso
        if found is not None:
            require_torso(found, torso)
        words, facts = attributes(loaded, part), facts_of(case, start, kernels, part, torso)
        on_root(comm, lambda: prepare_folder(folder, loaded, comm.size, found))
        with timer.part("output files"):
            record = Record(case, heart, folder, words, timer, again, leads)
        if not elements_needed(case):
            heart.domain.let_go()
        with Progress(comm, case.tissue.until, folder) as progress, record:
            checkpoints = Checkpoints(case, folder, heart, record, facts, timer)
            run = Run(case.tissue, heart, record, checkpoints, requests, timer, progress, start, found, watch)
            report = make_report(part, timer, _loop(run))
            written = record.close(report.attributes())
        checkpoints.drop()
        return report.written(written)


def _kernels(loaded: LoadedCase, folder: Path, comm, timer: Timer, overwrite: bool, found: Checkpoint | None):
    """The cell models, paced; what is wrong with them or the folder is told before that."""
    with timer.part("cell models"):
        kernels = load_kernels(loaded.case.cells, loaded.folder, comm)
    check_fields(loaded.case, kernels)
    if found is None:
        on_root(comm, lambda: check_folder(folder, overwrite))
    else:
        require_models(comm, found, kernels)
    if found is None:
        tell_unreachable(loaded.case, kernels, comm)
    with timer.part("prepacing"):
        return prepaced(loaded.case, kernels, comm)


def _loop(run: Run) -> Loop:
    """March to the end."""
    tissue, heart, timer, comm = run.tissue, run.heart, run.timer, run.heart.part.comm
    operators = {
        "reaction": timer.timed("cells", heart.operators["reaction"]),
        "diffusion": timer.communicating("solve", heart.operators["diffusion"], comm),
    }
    step = make_step(operators, SPLITTINGS[tissue.splitting])
    comm.barrier()
    begun, n, t = time.perf_counter(), 0, run.start
    try:
        with run.requests.hearing(FROM_USERS):
            done = _begun(run)
            n, t = done, run.start + done * tissue.dt
            for n, t in march(step, None, tissue.dt, tissue.until, run.start, done):
                run.record.see(n, t)
                run.progress.at(t)
                _heed(run, n, t)
                if run.watch(n, t, heart.iterations, timer.seconds):
                    break
            run.checkpoints.end(n, t)
    except RunError as error:
        path = run.record.result.path
        raise RunError(f"{_where(heart, t + tissue.dt, error)}; frames so far are in {path}") from None
    finally:
        run.progress.close()
    return Loop(n - done, time.perf_counter() - begun, heart.iterations, *run.record.account())


def _begun(run: Run) -> int:
    """Steps that are done: none, and the start is on record, or those of the checkpoint that is taken up."""
    done = 0 if run.found is None else run.found.step
    if run.found is None:
        run.record.see(0, run.start)
    else:
        with run.timer.part("restore"):
            run.checkpoints.restore(run.found)
    run.progress.start(run.start + done * run.tissue.dt)
    return done


def _heed(run: Run, n: int, t: float) -> None:
    """Write a checkpoint if one is due or wanted, and stop if that is; all ranks alike."""
    wish = run.requests.agreed(run.checkpoints.late) if n % LISTEN_EVERY == 0 else Wish.NOTHING
    if wish == Wish.NOTHING and not run.checkpoints.rings(n):
        return
    kept = run.checkpoints.write(n, t)
    run.requests.met()
    if wish in STOPS:
        path = run.record.result.path
        raise STOPS[wish](f"stopped at t = {t:g} ms; the results so far are in {path}{_go_on(run, kept)}")


def _go_on(run: Run, kept: bool) -> str:
    """How to go on with a run that stops, after its last checkpoint was ``kept`` or not."""
    verb, last = f"hpc-twin resume {run.record.result.path.parent} goes on", run.checkpoints.newest
    if last is None:
        return ", and there is no checkpoint to go on from"
    return f"; {verb}" if kept else f"; {verb} from an earlier step: {last}"


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
