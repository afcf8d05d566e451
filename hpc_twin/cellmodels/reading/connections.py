"""CellML's connections convert units: of the variables that states start at, and of time, which Myokit leaves out."""

from collections.abc import Mapping
from pathlib import Path

import myokit
import myokit.formats.cellml as namespaces

from hpc_twin.cellmodels.reading import units
from hpc_twin.parallel import InputError

_EQ, _APPLY, _DIFF, _BVAR, _CI = (f"{{{namespaces.NS_MATHML}}}{tag}" for tag in ("eq", "apply", "diff", "bvar", "ci"))


def clocks(root) -> dict[str, set[str]]:
    """Component -> the variables that it takes derivatives by."""
    found: dict[str, set[str]] = {}
    for component in root.findall("{*}component"):
        for diff in component.iter(_DIFF):
            bound = diff.getparent().find(f"{_BVAR}/{_CI}")
            if bound is not None and bound.text:
                found.setdefault(component.get("name", ""), set()).add(bound.text.strip())
    return found


def connect_initial_values(model: myokit.Model) -> None:
    """CellML 2.0: a state may start at a variable of another component than that of its equation."""
    for state in model.states():
        start = state.initial_value()
        foreign = [lhs for lhs in start.references() if not isinstance(lhs.var(), myokit.Variable)]
        if foreign:
            state.set_initial_value(start.clone(subst={lhs: _at_its_source(lhs.var(), model) for lhs in foreign}))


def _at_its_source(variable, model: myokit.Model) -> myokit.Expression:
    """A variable of Myokit's CellML model as an expression of its model, in the variable's own unit."""
    source = variable.rhs_variable()
    name = myokit.Name(model.get(f"{source.component().name()}.{source.name()}"))
    found, wanted = (v.units().myokit_unit() for v in (source, variable))
    if found == wanted:
        return name
    return myokit.Multiply(name, myokit.Number(myokit.Unit.conversion_factor(found, wanted)))


def connect_time(model: myokit.Model, parsed, clocks: Mapping[str, set[str]], path: Path) -> list[str]:
    """Rates of components whose time has another unit than the model's, per unit of the model's; notes on that.

    With t_c = f t, dx/dt = f dx/dt_c. Raises InputError where such a component uses a derivative on the right, too.
    """
    if model.time() is None:
        return []
    notes = []
    for component, names in clocks.items():
        factors = {_factor(model.time().unit(), parsed[component][name].units().myokit_unit()) for name in names}
        if factors <= {None, 1.0}:
            continue
        used = any(lhs.is_derivative() for v in model.get(component).variables() for lhs in v.rhs().references())
        if len(factors) > 1 or used:
            raise InputError(f"{path}: component {component} takes derivatives by time in another unit than the model")
        for state in model.get(component).variables(state=True):
            state.set_rhs(myokit.Multiply(state.rhs(), myokit.Number(*factors)))
        notes.append(f"rates of component {component}: its time is in another unit than the model's, converted")
    return notes


def _factor(model: myokit.Unit | None, local: myokit.Unit | None) -> float | None:
    """How many units of the local time one of the model's is; None where the two cannot be compared."""
    if units.has_none(model) or units.has_none(local) or local is None:
        return None
    return units.factor(model, local)
