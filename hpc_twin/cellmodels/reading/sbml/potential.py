"""Which symbols of a file are what tissue asks for: the membrane potential, and labels that the user gives."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import libsbml

from hpc_twin.cellmodels.equations import STIMULUS, TIME, Equations
from hpc_twin.cellmodels.expressions.algebra import add, div, mul
from hpc_twin.cellmodels.expressions.ir import depends, num, var
from hpc_twin.cellmodels.expressions.singularities import guard_singularities
from hpc_twin.cellmodels.expressions.substitution import substituted
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.labels import CALCIUM, LABELS, SHORT, V, looks_like_calcium, plain
from hpc_twin.cellmodels.reading.sbml.mathml import symbol
from hpc_twin.cellmodels.reading.sbml.units import millivolts
from hpc_twin.parallel import nearest

_POTENTIAL = 259  # SBO:0000259, electric potential
# conductances: a state V without a unit beside two of them is a potential, not a volume or a velocity
_CONDUCTANCE = re.compile(r"g_?(bar|max)?_?(Na|K|Ca|Cl|L|l|leak)([A-Z_]\w*|dr)?")
_NAMES = r"vm(em|emb|embrane)?|(trans)?membrane(potential|voltage)|voltage"


def named(labels: Mapping[str, str], equations: Equations) -> dict[str, str]:
    """The user's labels with their long names; "none" says that there is no such symbol. Raises Unsupported."""
    symbols = [*equations.states, *equations.variables, *equations.parameters]
    found = {}
    for key, name in labels.items():
        label = SHORT.get(key, key)
        if label not in LABELS:
            raise Unsupported(f"no label '{key}'{nearest(key, [*LABELS, *SHORT])} (known: {', '.join(LABELS)})")
        known = equations.states if label == V else symbols
        if name not in ("", "none") and name not in known:
            what = "state" if label == V else "symbol"
            raise Unsupported(f"label {label}: no {what} '{name}'{nearest(name, known)}")
        found[label] = name
    return found


def with_potential(equations: Equations, model: libsbml.Model, labels: Mapping[str, str]) -> Equations:
    """The Equations with V in mV, where there is one, and with labels. Raises Unsupported."""
    labels = named(labels, equations)
    v, note = (labels[V], "") if V in labels else _guessed(model, equations.states)
    rest = {label: name for label, name in labels.items() if label != V and name not in ("", "none")}
    notes = (*equations.notes, note) if note else equations.notes
    calcium = "" if CALCIUM in labels else _calcium(equations, model)
    if calcium:
        rest, notes = {**rest, CALCIUM: calcium}, (*notes, f"intracellular calcium: {calcium}, by its name")
    if v in ("", "none"):
        return replace(equations, labels=rest, notes=notes)
    scale = _scales(model).get(v)
    if scale is None:
        notes = (*notes, f"{v} has no unit of potential: taken for mV")
    found = _split(equations, v, scale or 1.0)
    if found.v_rate is not None and TIME in depends([found.v_rate])[found.v_rate]:
        notes = (*notes, "stimulus: dV/dt depends on time, what the file applies flows on beside the stimulus")
    return replace(found, labels={V: v, **rest}, notes=notes)


def _calcium(equations: Equations, model: libsbml.Model) -> str:
    """The calcium in the cytosol by id or name, states before what rules compute; "" if there is none."""
    elements = [*model.getListOfSpecies(), *model.getListOfParameters()]
    said = {symbol(x.getId()): x.getName().replace(" ", "") for x in elements}
    symbols = (s for s in (*equations.states, *equations.variables) if s in said)
    return next((s for s in symbols if looks_like_calcium(s) or looks_like_calcium(said[s])), "")


def _split(equations: Equations, v: str, millivolt: float) -> Equations:
    """The state ``v`` taken out of the others, in mV, with the stimulus added to its rate."""
    outputs = [*equations.rates, *equations.variables.values()]
    if millivolt != 1:
        outputs = substituted(outputs, {var(v): div(var(v), num(millivolt))})
    outputs = guard_singularities(outputs, v, {name: equations.parameters[name].value for name in equations.varying})
    n, k = len(equations.states), equations.states.index(v)
    others = [i for i in range(n) if i != k]
    return replace(
        equations,
        v=v,
        v_rate=add(mul(num(millivolt), outputs[k]), var(STIMULUS)),
        v_initial=millivolt * equations.initial[k],
        states=tuple(equations.states[i] for i in others),
        rates=tuple(outputs[i] for i in others),
        initial=tuple(equations.initial[i] for i in others),
        variables=dict(zip(equations.variables, outputs[n:], strict=True)),
        units={**equations.units, v: "mV"},
    )


def _scales(model: libsbml.Model) -> dict[str, float]:
    """Parameter -> its unit in mV, of those that are potentials."""
    scales = {symbol(p.getId()): _unit(model, p.getUnits()) for p in model.getListOfParameters()}
    return {name: scale for name, scale in scales.items() if scale is not None}


def _unit(model: libsbml.Model, name: str) -> float | None:
    return 1000.0 if name == "volt" else millivolts(model.getUnitDefinition(name))


def _guessed(model: libsbml.Model, states: Sequence[str]) -> tuple[str, str]:
    """(the membrane potential, how it was found), by its name, by its unit or by its term of the ontology SBO."""
    scales = _scales(model)
    termed = {symbol(p.getId()) for p in model.getListOfParameters() if p.getSBOTerm() == _POTENTIAL}
    measured = [s for s in states if s in scales] or [s for s in states if s in termed]
    bare = {symbol(p.getId()): not p.getUnits() for p in model.getListOfParameters()}
    called = [s for s in states if re.fullmatch(_NAMES, plain(s)) and (s in scales or bare.get(s))]
    if not called and not measured and sum(1 for name in bare if _CONDUCTANCE.fullmatch(name)) >= 2:
        called = [s for s in states if plain(s) == "v" and bare.get(s)]
    if called:
        return called[0], f"membrane potential: {called[0]}, by its name"
    if len(measured) == 1:
        return measured[
            0
        ], f"membrane potential: {measured[0]}, by its {'unit' if measured[0] in scales else 'SBO term'}"
    if measured:
        return "", f"potentials among the states: {', '.join(measured)}; none is taken, a label can name it"
    return "", ""
