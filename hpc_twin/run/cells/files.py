"""The files of single cells: their state to begin with, the state that pacing leaves, their traces."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hpc_twin.cellmodels import Kernel
from hpc_twin.cellmodels.equations import Equations
from hpc_twin.io.cellstate import CellState, read_cell_state, write_cell_state
from hpc_twin.io.traces import TraceWriter
from hpc_twin.parallel import InputError, alone
from hpc_twin.singlecell.experiment import Outcome
from hpc_twin.singlecell.quantities import quantities

MOST_ROWS = 20_000  # of a file of traces


def begun(kernel: Kernel, path: Path, key: str) -> tuple[float | None, dict[str, float], str]:
    """V and the states of the file ``path``, and a warning where its model had other parameters ("" for none).

    Raises InputError naming ``key`` when the file cannot be read or holds the states of another model.
    """
    try:
        state = read_cell_state(path)
        kernel.starting(state.V, state.states)
    except InputError as error:
        raise InputError(f"{key}.initial: {error}") from None
    warning = ""
    if state.digest != kernel.digest:
        changed = ", ".join(f"{name} = {value:g}" for name, value in state.parameters.items()) or "none changed"
        warning = f"{key}.initial: {path} was paced with other parameters ({state.model}, {changed})"
    return state.V, state.states, warning


def initial_state(path: Path) -> tuple[float | None, dict[str, float]]:
    """V and states by name of a file that ``save_state`` wrote."""
    state = read_cell_state(path)
    return state.V, state.states


def save_state(outcome: Outcome, path: Path) -> None:
    """Write the state after the last beat."""
    paced, equations, kernel = outcome.paced, outcome.equations, outcome.kernel
    changed = {name: equations.parameters[name].value for name in outcome.experiment.parameters}
    state = CellState(
        model=str(outcome.experiment.model),
        V=None if paced.V is None else float(paced.V[0]),
        states=dict(zip(kernel.state_names, paced.states[:, 0].tolist(), strict=True)),
        digest=equations.digest,
        parameters=changed,
        period=paced.period if outcome.protocol else None,
        beats=paced.beats,
        change=float(paced.changes[-1]) if len(paced.changes) else float("nan"),
    )
    write_cell_state(path, state)


def save_traces(outcomes: Mapping[str, Outcome], path: Path, names: Sequence[str]) -> None:
    """Write ``names`` (states, variables, V) of the recorded beats, one column a label.

    By default V and all states, of several models those that all of them have.
    """
    first = next(iter(outcomes.values()))
    names = names or _common([outcome.equations for outcome in outcomes.values()])
    every = max(1, len(first.paced.traces.t) // MOST_ROWS)
    columns = [quantities(o.equations, o.paced.traces, names, o.protocol, every) for o in outcomes.values()]
    t = first.paced.traces.t[::every]
    if any(len(column[names[0]]) != len(t) for column in columns):
        raise InputError("--out: the traces have different lengths: give --period, or run the models one by one")
    units = {name: ("mV" if name == "V" else first.equations.units.get(name, "")) for name in names}
    fields = {_key(name): (units[name], name) for name in names}
    attributes = {"model": ", ".join(outcomes), "beats": first.paced.beats, "period": first.paced.period}
    with TraceWriter(alone(), path, list(outcomes), fields, attributes=attributes) as writer:
        for k, now in enumerate(t):
            writer.append(now, {_key(name): np.array([c[name][k] for c in columns]) for name in names})


def _common(models: Sequence[Equations]) -> list[str]:
    """V and the states that all models have. Raises InputError where there is none."""
    found = [["V", *e.states] if e.v is not None else list(e.states) for e in models]
    names = [name for name in found[0] if all(name in others for others in found)]
    if not names:
        raise InputError("--out: the models have no state in common: run them one by one")
    return names


def _key(name: str) -> str:
    """A name that netCDF takes and that is no dimension of the file."""
    return name.replace("/", "_") + ("_" if name in ("time", "name", "characters") else "")
