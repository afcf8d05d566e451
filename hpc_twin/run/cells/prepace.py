"""Cell models paced to their limit cycle before the tissue runs, each once, kept on disk from run to run."""

import hashlib
import time
from collections.abc import Sequence
from math import isnan
from pathlib import Path

from hpc_twin import __version__
from hpc_twin.case import Case
from hpc_twin.case.cells import CellModelCase, PrepaceCase
from hpc_twin.cellmodels import Kernel
from hpc_twin.compiling import cache_folder
from hpc_twin.io.cellstate import CellState, read_cell_state, write_cell_state
from hpc_twin.parallel import InputError, on_root, say, together, warn
from hpc_twin.singlecell.pacing import Cells, pace
from hpc_twin.singlecell.protocol import LIFTED, MARGIN, Protocol, own_cycle, paced, threshold

TELL_EVERY = 5.0  # seconds
FOLDER = "prepaced"  # in the cache folder
UNSTEADY = 0.1  # of itself, changed in the last beat: no limit cycle


def prepaced(case: Case, kernels: Sequence[Kernel], comm) -> list[Kernel]:
    """``kernels``, as ``load_kernels`` gives them, at the states in which ``prepace`` leaves their cells. Collective.

    Equal models are paced once, different ones at the same time on different ranks, and none that the cache knows.
    Parameters that differ from cell to cell are those of the model here.
    """
    dt = case.tissue.dt / case.cells.substeps
    wishes = [_wish(model, case.cells) for model in case.cells.models.values()]
    keys = [None if w is None else _key(k, w, dt) for k, w in zip(kernels, wishes, strict=True)]
    wanted = {key: (k, w) for key, k, w in zip(keys, kernels, wishes, strict=True) if key is not None and w is not None}
    states = limit_cycles(wanted, dt, comm)
    _tell_unsteady(states, comm)
    return [
        k if key is None else k.starting(states[key].V, states[key].states)
        for key, k in zip(keys, kernels, strict=True)
    ]


def limit_cycles(wanted: dict[str, tuple[Kernel, PrepaceCase]], dt: float, comm) -> dict[str, CellState]:
    """The states at the end of the last beat, by the keys of ``wanted``; from the cache where they are. Collective."""
    folder = cache_folder() / FOLDER
    found = comm.bcast(on_root(comm, lambda: _kept(folder, wanted)))
    missing = [key for key in wanted if key not in found]
    if not missing:
        return found
    begin = time.perf_counter()
    names = ", ".join(dict.fromkeys(wanted[key][0].name for key in missing))
    say(comm, f"prepacing {len(missing)} cell model{'s' if len(missing) > 1 else ''} ({names})")
    made = {}
    with together(comm):
        for key in missing[comm.rank :: comm.size]:
            made[key] = _paced(*wanted[key], dt, loud=comm.rank == 0)
    made = {key: state for part in comm.allgather(made) for key, state in part.items()}
    changes = max((s.change for s in made.values() if not isnan(s.change)), default=None)
    told = "" if changes is None else f"; largest change of a state in the last beat {changes:.1e}"
    say(comm, f"prepaced in {time.perf_counter() - begin:.1f} s{told}")
    trouble = comm.bcast(on_root(comm, lambda: _keep(folder, made)))
    if trouble:
        warn(comm, f"prepaced states cannot be kept for the next run: {trouble}")
    return {**found, **made}


def _tell_unsteady(states: dict[str, CellState], comm) -> None:
    """Warn of cells that are at no limit cycle: too few beats, or alternans. A single beat is wanted as it is."""
    found = [f"{s.model} ({s.change:.1e})" for s in states.values() if s.beats > 1 and s.change > UNSTEADY]
    if found:
        warn(
            comm,
            f"prepaced cells differ much from beat to beat: {', '.join(dict.fromkeys(found))}; give prepace "
            "more beats, or a longer cycle_length where cells alternate or skip pulses",
        )


def _wish(model: CellModelCase, general: CellModelCase) -> PrepaceCase | None:
    """A section's own, or that of [cells] where the section does not say what its cells begin with."""
    return model.prepace or (None if model.initial is not None else general.prepace)


def _key(kernel: Kernel, wish: PrepaceCase, dt: float) -> str:
    """Digest of all that decides the outcome; the library's name is one of the equations, scheme, flags and CPU."""
    start = (kernel.v_initial, kernel.initial.tolist(), kernel.defaults.tolist())
    pulse = (wish.cycle_length, wish.beats, wish.duration, MARGIN, LIFTED)
    facts = (__version__, kernel.library.stem, kernel.digest, start, dt, *pulse)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def pulses_of(kernel: Kernel, cycle_length: float, duration: float, dt: float) -> Protocol | None:
    """Pulses of twice the diastolic threshold; None for a cell that drives itself."""
    if own_cycle(kernel, dt) is not None:
        return None
    return paced(cycle_length, MARGIN * threshold(kernel, dt, duration), duration)


def _paced(kernel: Kernel, wish: PrepaceCase, dt: float, loud: bool) -> CellState:
    protocol = pulses_of(kernel, wish.cycle_length, wish.duration, dt)
    cells = Cells(kernel, protocol=protocol, period=wish.cycle_length, dt=dt)
    last = [time.perf_counter()]

    def tell(beat: int, change: float) -> None:
        if loud and time.perf_counter() - last[0] > TELL_EVERY:
            last[0] = time.perf_counter()
            print(f"{kernel.name}: beat {beat} of {wish.beats}, change {change:.1e}", flush=True)

    done = pace(cells, wish.beats, record=1, every=wish.cycle_length, tell=tell)
    V = None if done.V is None else float(done.V[0])
    states = dict(zip(kernel.state_names, done.states[:, 0].tolist(), strict=True))
    change = float("nan") if protocol is None else float(done.changes[-1])  # who drives itself has a period of its own
    return CellState(kernel.name, V, states, kernel.digest, {}, wish.cycle_length, wish.beats, change)


def _kept(folder: Path, wanted: dict[str, tuple[Kernel, PrepaceCase]]) -> dict[str, CellState]:
    """Those of the cache; a file that cannot be read is as good as none."""
    found = {}
    for key, (kernel, _) in wanted.items():
        try:
            state = read_cell_state(folder / f"{key}.nc")
            kernel.starting(state.V, state.states)
        except InputError:
            continue
        found[key] = state
    return found


def _keep(folder: Path, made: dict[str, CellState]) -> str:
    """Write them; what went wrong, in words."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for key, state in made.items():
            write_cell_state(folder / f"{key}.nc", state)
    except (OSError, InputError) as error:
        return str(error)
    return ""
