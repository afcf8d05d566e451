"""The tables that ``hpc-twin cell`` prints."""

import sys

from rich.console import Console
from rich.table import Table

from hpc_twin.singlecell.biomarkers import Biomarkers
from hpc_twin.singlecell.experiment import Outcome

WORDS = {  # biomarker -> (words, unit; None: that of calcium)
    "rest": ("V at rest", "mV"),
    "peak": ("peak V", "mV"),
    "amplitude": ("amplitude", "mV"),
    "upstroke": ("largest dV/dt", "mV/ms"),
    "APD30": ("APD30", "ms"),
    "APD50": ("APD50", "ms"),
    "APD90": ("APD90", "ms"),
    "calcium_diastolic": ("calcium, diastolic", None),
    "calcium_systolic": ("calcium, systolic", None),
    "CaTD50": ("CaTD50", "ms"),
    "CaTD90": ("CaTD90", "ms"),
    "cycle_length": ("cycle length", "ms"),
}


def show(what) -> None:
    """Print for a terminal, or plainly for a file."""
    terminal = sys.stdout.isatty()
    if isinstance(what, str):
        print(what)
    else:
        Console(width=None if terminal else 160, markup=False, emoji=False, highlight=False).print(what)


def header(label: str, outcome: Outcome) -> str:
    """What was run, in a few lines."""
    paced, experiment = outcome.paced, outcome.experiment
    done = f"{paced.beats} beats of {paced.period:g} ms, dt {experiment.dt:g} ms, scheme {outcome.kernel.scheme}"
    words = [f"{label}: {done}" + ("" if paced.complete else ", interrupted")]
    stimulus = outcome.protocol_source
    if outcome.protocol is not None:
        stimulus = f"{outcome.protocol.strength:.4g} mV/ms for {outcome.protocol.pulses.duration:g} ms ({stimulus})"
    words.append(f"stimulus: {stimulus}")
    if len(paced.changes) and outcome.protocol is not None:
        change = f"largest change of a state in the last beat: {paced.changes[-1]:.2e}"
        words.append(change + _verdict(experiment.until_steady, float(paced.changes[-1])))
    return "\n".join(words)


def _verdict(wanted: float | None, found: float) -> str:
    if wanted is None:
        return ""
    return " (steady)" if found < wanted else f" (not yet steady: {wanted:g} was wanted, give more --beats)"


def table_of(outcome: Outcome, exact: Biomarkers | None) -> Table:
    """The biomarkers of the last beat, beside those of CVODE where there are some."""
    table = Table("", "", "last beat", show_edge=False, pad_edge=False)
    for words in ("CVODE", "difference") if exact else ():
        table.add_column(words)
    for column in table.columns[2:]:
        column.justify = "right"
    unit = outcome.equations.units.get(outcome.equations.labels.get("intracellular_calcium", ""), "")
    for name, value in outcome.beats[-1].values().items():
        words, of = WORDS[name]
        other = exact.values().get(name) if exact else None
        compared = () if other is None else (f"{other:.5g}", f"{value - other:+.2g} ({percent(value, other)})")
        table.add_row(words, unit if of is None else of, f"{value:.5g}", *compared)
    if outcome.alternans == outcome.alternans:
        table.add_row("APD90 less that of the beat before", "ms", f"{outcome.alternans:+.3g}")
    return table


def percent(value: float, exact: float) -> str:
    """How far a value is from the exact one."""
    return f"{100 * (value - exact) / abs(exact):+.2f} %" if exact else "exact is 0"


def states_of(outcome: Outcome) -> Table:
    """The states of a model without V."""
    table = Table("state", "unit", "at the end", "least", "largest", show_edge=False, pad_edge=False)
    traces = outcome.paced.traces.states[:, :, 0]
    for k, name in enumerate(outcome.kernel.state_names):
        numbers = (outcome.paced.states[k, 0], traces[:, k].min(), traces[:, k].max())
        table.add_row(name, outcome.equations.units.get(name, ""), *(f"{x:.5g}" for x in numbers))
    return table
