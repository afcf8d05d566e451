"""What ``hpc-twin models`` does on rank 0."""

import json
import re
from collections.abc import Mapping

from rich.table import Table

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.registry import LIBRARY, checks
from hpc_twin.cellmodels.schemes import Method, plan
from hpc_twin.cli.cell_tables import show
from hpc_twin.parallel import RunError
from hpc_twin.singlecell.biomarkers import differences
from hpc_twin.singlecell.experiment import Experiment, Outcome, perform, read, reference

AGREES = 1.0  # per cent
TRIED = (("auto", 1.0), ("auto2", 1.0), ("auto2", 0.25))  # scheme, share of dt


def library_table() -> None:
    """Print the library."""
    table = Table(*("name", "species, tissue", "states", "source", "its licence", "check"), show_edge=False)
    table.columns[0].no_wrap = True
    found = checks()
    for name, entry in LIBRARY.items():
        check = found.get(name)
        states, status = (str(check["states"]), _status(check)) if check else ("", "not yet")
        paper = re.sub(r",? doi:[^\s;]+", "", entry.source)  # models show has the DOI
        table.add_row(name, f"{entry.species}, {entry.tissue}", states, paper, entry.licence, status)
    show(table)
    show("check: largest difference of a biomarker from CVODE, by this scheme and time step (docs/cellmodels.md)")
    show("next: hpc-twin models show NAME, or hpc-twin cell NAME --plot")


def _status(check: Mapping) -> str:
    return f"{check['difference']:.2f} %, {check['scheme']} at {check['dt']:g} ms"


def show_model(model: str, scheme: str, parameters: Mapping, labels: Mapping, as_json: bool) -> None:
    """Print what is in a model."""
    equations = read(Experiment(model, parameters, labels))
    methods = plan(equations, scheme).methods
    if as_json:
        show(json.dumps(described(equations, methods, scheme), indent=2))
        return
    show(f"{equations.name}: {len(equations.states) + (equations.v is not None)} states, scheme {scheme}")
    if equations.name in LIBRARY:
        entry = LIBRARY[equations.name]
        show(f"{entry.species}, {entry.tissue}; {entry.source} ({entry.licence})")
    show(_states(equations, methods))
    show(_parameters(equations))
    for label, name in equations.labels.items():
        show(f"{label}: {name}")
    show(f"own stimulus: {_stimulus(equations)}")
    for note in equations.notes:
        show(f"note: {note}")


def described(equations: Equations, methods: tuple[Method, ...], scheme: str) -> dict:
    """All of it as plain data."""
    how = {method.state: method for method in methods}
    own = equations.own_stimulus
    return {
        "name": equations.name,
        "scheme": scheme,
        "states": [
            {"name": name, "unit": unit, "initial": value, "method": how[name].method, "reason": how[name].reason}
            for name, unit, value in _all_states(equations)
        ],
        "parameters": {name: {"value": p.value, "unit": p.unit} for name, p in equations.parameters.items()},
        "labels": dict(equations.labels),
        "own_stimulus": None if own is None else vars(own),
        "notes": list(equations.notes),
    }


def check_model(file: str, labels: Mapping[str, str], dt: float, beats: int) -> int:
    """Print what is found; 0 when a run by one of TRIED agrees with CVODE, 2 when none does."""
    told = False
    for scheme, share in TRIED:
        how = f"{scheme} at dt = {share * dt:g} ms"
        try:
            outcome = perform(Experiment(file, labels=labels, scheme=scheme, dt=share * dt, beats=beats))
        except RunError as error:
            show(f"{how}: {error}")
            continue
        if not told:
            _tell_import(outcome)
            told = True
        try:
            worst = _compared(outcome)
        except RunError as error:
            show(f"verdict: open, since CVODE itself stops: {error}")
            return 2
        if worst <= AGREES:
            show(f"verdict: agrees with CVODE by {how} (largest difference {worst:.2g} %)")
            return 0
        show(f"{how}: largest difference {worst:.2g} %, {AGREES:g} % is allowed")
    show("verdict: differs from CVODE: try a smaller --dt")
    return 2


def _tell_import(outcome: Outcome) -> None:
    equations = outcome.equations
    show(f"{equations.name}: imported, {len(equations.states) + (equations.v is not None)} states; compiled")
    unitless = [name for name in equations.states if not equations.units.get(name)]
    show(f"units: {'all states have one' if not unitless else f'{len(unitless)} states without (gates have none)'}")
    for label, name in equations.labels.items():
        show(f"{label}: {name}")
    for note in equations.notes or ("nothing had to be guessed",):
        show(f"note: {note}")
    show(f"stimulus: {outcome.protocol_source}")


def _compared(outcome: Outcome) -> float:
    """Largest difference from CVODE [%], each biomarker printed; for a model without V that of its states."""
    exact, traces = reference(outcome)
    if not outcome.beats:
        difference = abs(traces.states - outcome.paced.traces.states).max(axis=0)
        size = abs(traces.states).max(axis=0)
        return float(100 * (difference[size > 0] / size[size > 0]).max(initial=0.0))
    table = Table("", "here", "CVODE", "difference", show_edge=False)
    found = differences(outcome.beats[-1], exact[-1])
    for name, percent in found.items():
        table.add_row(name, *(f"{getattr(b, name):.5g}" for b in (outcome.beats[-1], exact[-1])), f"{percent:+.2f} %")
    show(table)
    return max(map(abs, found.values()))


def _all_states(equations: Equations) -> list[tuple[str, str, float]]:
    """(name, unit, initial value), V first."""
    rows = list(zip(equations.states, equations.initial, strict=True))
    if equations.v is not None and equations.v_initial is not None:
        rows.insert(0, (equations.v, equations.v_initial))
    return [(name, "mV" if name == equations.v else equations.units.get(name, ""), value) for name, value in rows]


def _states(equations: Equations, methods: tuple[Method, ...]) -> Table:
    how = {method.state: method for method in methods}
    table = Table("state", "unit", "initial", "method", "why", show_edge=False)
    for name, unit, value in _all_states(equations):
        table.add_row(name, unit, f"{value:.6g}", how[name].method, how[name].reason)
    return table


def _parameters(equations: Equations) -> Table:
    table = Table("parameter", "value", "unit", show_edge=False)
    for name, parameter in equations.parameters.items():
        table.add_row(name, f"{parameter.value:.8g}", parameter.unit)
    return table


def _stimulus(equations: Equations) -> str:
    own = equations.own_stimulus
    if own is None:
        return "none"
    again = f", every {own.period:g} ms" if own.period else ""
    return f"{own.amplitude:.4g} mV/ms for {own.duration:g} ms from {own.start:g} ms{again}"
