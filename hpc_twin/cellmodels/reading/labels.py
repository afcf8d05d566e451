"""What tissue asks for, found in a model: by annotation, by name, by dimension, by structure, in this order."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import myokit

from hpc_twin.cellmodels.reading import units
from hpc_twin.parallel import InputError, nearest

V, CURRENT, CLOCK, CALCIUM, FORCE = LABELS = (
    "membrane_potential",
    "stimulus_current",
    "time",
    "intracellular_calcium",
    "contraction_force",
)
SHORT = {"v": V, "i_stim": CURRENT, "stimulus": CURRENT, "t": CLOCK, "calcium": CALCIUM, "cai": CALCIUM, "force": FORCE}
_SAID = {label: label.replace("_", " ") for label in LABELS}

# Labels of Myokit and terms of the Oxford metadata (https://chaste.comlab.ox.ac.uk/cellml/ns/oxford-metadata)
_TERMS = {
    V: ("membrane_potential", "membrane_voltage"),
    CURRENT: ("stimulus_current", "membrane_stimulus_current"),
    CALCIUM: ("intracellular_calcium", "Ca_i", "cytosolic_calcium", "cytosolic_calcium_concentration"),
    FORCE: ("contraction_force", "active_tension", "tension"),
}

# Names, in small letters without underscores
_POTENTIALS = r"(trans)?membrane(potential|voltage)|voltage|v(m|mem|memb|membrane|ode)?|em?"
_PLAIN_POTENTIALS = r"(trans)?membrane(potential|voltage)|voltage|v(m|mem|memb|membrane)?|u"
_STIMULI = (
    r"[ij]?(mem)?stim(ulus|ulation)?(current)?|(current)?stim(ulus)?|[ij](st|app|applied|ext|external|inj|injected)"
)
_CALCIUMS = r"(free)?ca(2|2\+)?(i|in|cyto?(sol(ic)?)?|myo|i?bulk|c)|(intracellular|cytosolic|cytoplasmic)(calcium|ca)"
_FORCES = r"(active|contraction|total|isometric)?(tension|force)|(tension|force)(active|total)?"
_SHORT_FORCES = r"t(a|act|active|tot|total)|f(a|act|active|contr|tot|total)"
_ELECTRIC = re.compile(r"nagumo|panfilov|fenton|karma|schaeffer|bueno|hindmarsh|morris|membran|action|potential|cell")


def plain(name: str) -> str:
    """A name as the patterns compare it."""
    return name.lower().replace("_", "")


def looks_like_stimulus(variable: myokit.Variable) -> bool:
    """Whether the name is one that stimulus currents bear."""
    return re.fullmatch(_STIMULI, plain(variable.name())) is not None


def looks_like_calcium(name: str) -> bool:
    """Whether the name is one that the calcium in the cytosol bears."""
    return re.fullmatch(_CALCIUMS, plain(name)) is not None


@dataclass
class Labels:
    """Label -> variable, notes on what was guessed, and the labels that the user set."""

    found: dict[str, myokit.Variable] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    fixed: frozenset[str] = frozenset()

    def put(self, label: str, variable: myokit.Variable, why: str = "") -> None:
        """Take the variable for the label; ``why`` tells how it was guessed."""
        self.found[label] = variable
        if why:
            self.notes.append(f"{_SAID[label]}: {variable.qname()}, by its {why}")

    def names(self) -> dict[str, str]:
        """Label -> qualified name."""
        return {label: self.found[label].qname() for label in LABELS if label in self.found}


def find(model: myokit.Model, annotations: Mapping[str, str], fixed: Mapping[str, str] | None, path) -> Labels:
    """All labels but the stimulus current's, which takes the equation of V to find; raises InputError."""
    labels = Labels()
    _fix(labels, model, fixed or {}, path)
    _annotated(labels, model, annotations, path)
    if model.time() is not None and CLOCK not in labels.fixed:
        labels.put(CLOCK, model.time())
    for label, guess in ((V, _potential), (CALCIUM, _calcium), (FORCE, _force)):
        if label not in labels.found and label not in labels.fixed:
            guess(labels, model)
    return labels


def _fix(labels: Labels, model: myokit.Model, fixed: Mapping[str, str], path) -> None:
    names = {v.qname(): v for v in model.variables(deep=True)}
    for key, name in fixed.items():
        label = SHORT.get(key, key)
        if label not in LABELS:
            raise InputError(f"{path}: no label '{key}'{nearest(key, [*LABELS, *SHORT])} (known: {', '.join(LABELS)})")
        labels.fixed |= {label}
        if name in ("", "none"):
            continue
        if name not in names:
            raise InputError(f"{path}: label {label}: no variable '{name}'{nearest(name, names)}")
        if label == V and not names[name].is_state():
            states = ", ".join(s.qname() for s in model.states())
            raise InputError(f"{path}: label {label}: {name} is no state{nearest(name, names)} (states: {states})")
        labels.put(label, names[name])


def _annotated(labels: Labels, model: myokit.Model, annotations: Mapping[str, str], path) -> None:
    given = {**{term: v for term, v in model.labels()}, **{t: model.get(n) for t, n in annotations.items()}}
    for label, terms in _TERMS.items():
        variable = next((given[term] for term in terms if term in given), None)
        if variable is None or label in labels.fixed:
            continue
        if label == V and not variable.is_state():
            labels.notes.append(f"{variable.qname()} has the label {label} but is no state: it is given, not computed")
            labels.fixed |= {V}  # a clamped V is none
        else:
            labels.put(label, variable)


def _first(candidates: Iterable[myokit.Variable], pattern: str, fits: Callable) -> myokit.Variable | None:
    """The first whose name and unit fit; states before others, short names first."""
    named = [v for v in candidates if re.fullmatch(pattern, plain(v.name())) and fits(v.unit())]
    return min(named, key=lambda v: (not v.is_state(), len(plain(v.name()))), default=None)


def _potential(labels: Labels, model: myokit.Model) -> None:
    states = list(model.states())
    named = sorted(
        (s for s in states if re.fullmatch(_POTENTIALS, plain(s.name())) and units.is_potential(s.unit())),
        key=lambda s: (plain(s.name()) in ("e", "em"), "membrane" not in s.parent().name().lower()),
    )
    measured = [s for s in states if units.is_potential(s.unit())]
    if named:
        labels.put(V, named[0], "name and unit")
    elif measured:
        labels.put(V, max(measured, key=_is_fed), "unit")
        if len(measured) > 1:
            labels.notes.append("other potentials among the states: " + ", ".join(s.qname() for s in measured))
    else:
        _potential_without_unit(labels, model)


def _potential_without_unit(labels: Labels, model: myokit.Model) -> None:
    """A state without unit that is named like a potential, in a model that looks electrical."""
    alike = [s for s in model.states() if re.fullmatch(_PLAIN_POTENTIALS, plain(s.name()))]
    named = [s for s in alike if units.has_none(s.unit())]
    if not named:
        labels.notes += [f"{s.qname()} is in {s.unit()}, no unit of potential: a model without V" for s in alike]
        return
    best = min(named, key=lambda s: (not _is_fed(s), plain(s.name()) == "v", plain(s.name()) == "u"))
    words = f"{model.name()} {best.parent().name()}".lower()
    sure = len(plain(best.name())) > 1 or _is_fed(best) or _ELECTRIC.search(words)
    if sure or (best.name() in ("u", "v") and model.count_states() > 1):
        labels.put(V, best, "name (it has no unit: what it counts is taken for mV)")
    else:
        labels.notes.append(f"{best.qname()} has no unit and nothing looks electrical: a model without V")


def _is_fed(state: myokit.Variable) -> bool:
    """Whether a stimulus current stands in the equation of this state."""
    return any(looks_like_stimulus(lhs.var()) for lhs in state.rhs().references())


def _calcium(labels: Labels, model: myokit.Model) -> None:
    def fits(unit):
        return units.has_none(unit) or myokit.Unit.close_exponent(unit, myokit.units.M)

    found = _first(model.variables(deep=True, const=False), _CALCIUMS, fits)
    if found is not None:
        labels.put(CALCIUM, found, "name" if found.unit() is None else "name and unit")


def _force(labels: Labels, model: myokit.Model) -> None:
    def measured(unit):
        return unit is not None and any(
            myokit.Unit.close_exponent(unit, known) for known in (myokit.units.Pa, myokit.units.N)
        )

    variables = list(model.variables(deep=True, const=False))
    found = _first(variables, _FORCES, lambda unit: units.has_none(unit) or measured(unit))
    if found is None:
        found = _first(variables, _SHORT_FORCES, measured)
    if found is not None:
        labels.put(FORCE, found, "name" if found.unit() is None else "name and unit")


def stimulus_candidates(labels: Labels, model: myokit.Model) -> list[tuple[myokit.Variable, str]]:
    """(variable, how it was guessed) of what may be the stimulus current, best first."""
    if CURRENT in labels.found:
        return [(labels.found[CURRENT], "")]
    if CURRENT in labels.fixed:
        return []
    others = [v for v in model.variables(deep=True, state=False) if v.binding() is None]
    named = [v for v in others if looks_like_stimulus(v)]
    driven = [v for v in others if v not in named and _is_driven(v)]
    return [*((v, "name") for v in named), *((v, "place: it is driven by time alone") for v in driven)]


def _is_driven(variable: myokit.Variable) -> bool:
    """Whether the variable is a function of time (or of the pacing signal), directly."""
    return any(lhs.var().binding() in ("time", "pace") for lhs in variable.rhs().references())
