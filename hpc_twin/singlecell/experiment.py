"""One model, one protocol: read, compile, pace, measure, and the same by CVODE."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import nan
from pathlib import Path

import numpy as np

from hpc_twin.cellmodels import Kernel
from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.kernels.kernel import compiled
from hpc_twin.parallel import InputError, alone
from hpc_twin.singlecell.biomarkers import Biomarkers, biomarkers, cycle_of
from hpc_twin.singlecell.cvode import solve
from hpc_twin.singlecell.pacing import Cells, Paced, Traces, pace
from hpc_twin.singlecell.protocol import Protocol, protocol_of

MOST_ROWS = 200_000  # of recorded traces
RECORDED = 2  # beats: the last, and the one before it for alternans
RECORDED_ALONE = 4  # of cells that drive themselves, so that whole cycles are among them


@dataclass(frozen=True)
class Experiment:
    """What is done to a cell. None: as the model or ``protocol_of`` say. Times in ms, strength in mV/ms.

    ``initial`` is (V, states by name) to begin with.
    """

    model: str | Path
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "auto"
    dt: float = 0.02
    period: float | None = None
    beats: int = 10
    duration: float | None = None
    strength: float | None = None
    until_steady: float | None = None
    initial: tuple[float | None, Mapping[str, float]] | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of it; ``beats`` are the biomarkers of the recorded beats, the last one last."""

    experiment: Experiment
    equations: Equations
    kernel: Kernel
    protocol: Protocol | None
    protocol_source: str
    paced: Paced
    beats: tuple[Biomarkers, ...]

    @property
    def alternans(self) -> float:
        """APD90 of the last beat less that of the one before [ms]; NaN where there is none."""
        return self.beats[-1].APD90 - self.beats[-2].APD90 if len(self.beats) > 1 else nan


def read(experiment: Experiment) -> Equations:
    """The equations of the experiment's model. Raises InputError."""
    from hpc_twin.cellmodels.reading.reader import read as from_file  # Myokit takes 0.3 s to import

    return from_file(experiment.model, experiment.parameters, labels=experiment.labels)


def perform(
    experiment: Experiment,
    tell: Callable[[int, float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Do it, on this rank alone; ``tell`` and ``stop`` as in ``pace``. Raises InputError and RunError."""
    if experiment.until_steady is not None and not experiment.until_steady > 0:
        raise InputError(f"until_steady: found {experiment.until_steady:g}, it must be greater than 0")
    equations = read(experiment)
    kernel = compiled(equations, experiment.scheme, alone())
    if experiment.initial is not None:
        kernel = kernel.starting(*experiment.initial)
    protocol, source, period = protocol_of(
        equations, kernel, experiment.dt, experiment.period, experiment.duration, experiment.strength
    )
    if protocol is None and experiment.until_steady is not None:
        raise InputError(f"{kernel.name}: --until-steady compares beats, but nothing paces this cell: give --beats")
    cells = Cells(kernel, protocol=protocol, period=period, dt=experiment.dt)
    record = RECORDED if protocol else RECORDED_ALONE
    every = experiment.dt * max(1, -(-record * cells.steps // MOST_ROWS))
    paced = pace(
        cells, experiment.beats, record=record, every=every, until_steady=experiment.until_steady, tell=tell, stop=stop
    )
    return Outcome(experiment, equations, kernel, protocol, source, paced, measured(equations, protocol, paced.traces))


def measured(equations: Equations, protocol: Protocol | None, traces: Traces) -> tuple[Biomarkers, ...]:
    """Biomarkers of each recorded beat; of a cell that drives itself those of its last whole cycle."""
    if traces.V is None:
        return ()
    t, V, calcium = traces.t, traces.V[:, 0], _calcium(equations, traces)
    if protocol is not None:
        beats = [traces.beat(n) for n in range(traces.beats)]
        return tuple(biomarkers(t[b], V[b], None if calcium is None else calcium[b]) for b in beats)
    found = cycle_of(t, V)
    if found is None:
        return (Biomarkers(rest=float(V[-1])),)
    rows, length = found
    return (biomarkers(t[rows], V[rows], None if calcium is None else calcium[rows], length),)


def _calcium(equations: Equations, traces: Traces) -> np.ndarray | None:
    name = equations.labels.get("intracellular_calcium", "")
    if name in equations.states:
        return traces.states[:, equations.states.index(name), 0]
    if name in equations.variables:
        from hpc_twin.singlecell.quantities import quantities

        return quantities(equations, traces, [name])[name]
    return None


def reference(outcome: Outcome, rtol: float = 1e-7) -> tuple[tuple[Biomarkers, ...], Traces]:
    """The same experiment by CVODE from the same initial state: biomarkers and traces. Raises RunError."""
    traces = outcome.paced.traces
    rows = traces.start + traces.t
    times = rows if traces.start == 0 else np.concatenate([[0.0], rows])
    initial = (outcome.kernel.v_initial, outcome.kernel.initial)
    found = solve(outcome.equations, times, stimulus=outcome.protocol, initial=initial, rtol=rtol)
    kept = slice(len(times) - len(rows), None)
    V = None if found.V is None else np.ascontiguousarray(found.V[kept, None])
    exact = Traces(traces.t, V, np.ascontiguousarray(found.states.T[kept, :, None]), traces.rows_per_beat, traces.start)
    return measured(outcome.equations, outcome.protocol, exact), exact
