"""Units of a file: what its time is in ms, what a potential is in mV, and names for the others."""

import libsbml

from hpc_twin.cellmodels.reading.sbml.mathml import symbol
from hpc_twin.cellmodels.reading.sbml.species import amount_of, concentration_of, is_concentration

SECOND = 1000.0  # in ms
_DEFAULTS = {"substance": "mole", "volume": "litre", "area": "metre^2", "length": "metre", "time": "second"}


def time_unit(model: libsbml.Model) -> tuple[float, str | None]:
    """(ms in one unit of the file's time, a note where it had to be guessed).

    Levels 1 and 2: seconds, or the unit definition with the id ``time``. Level 3: the model's ``timeUnits``.
    """
    name = model.getTimeUnits() if model.getLevel() > 2 else "time"
    if not name:
        return SECOND, "the file gives no timeUnits: its time is taken to be in seconds"
    definition = model.getUnitDefinition(name)
    if definition is None:
        return (SECOND, None) if model.getLevel() < 3 or name == "second" else _no_time(name)
    scale = _scale(definition, libsbml.UNIT_KIND_SECOND)
    return _no_time(text(definition)) if scale is None else (scale * SECOND, None)


def _no_time(name: str) -> tuple[float, str]:
    return SECOND, f"the file's time unit is '{name}', which is no time: taken to be seconds"


def millivolts(definition: libsbml.UnitDefinition | None) -> float | None:
    """The unit in mV, None for another kind of unit."""
    scale = None if definition is None else _scale(definition, libsbml.UNIT_KIND_VOLT)
    return None if scale is None else 1000 * scale


def text(definition: libsbml.UnitDefinition | None) -> str:
    """A unit in words, as '1e-3 mole litre^-1'; "" where there is none."""
    if definition is None:
        return ""
    return " ".join(_unit_text(definition.getUnit(k)) for k in range(definition.getNumUnits()))


def symbol_units(model: libsbml.Model) -> dict[str, str]:
    """The declared units of compartments, parameters and species (of concentrations: amount/size)."""
    found = {symbol(x.getId()): _said(model, x.getUnits()) for x in model.getListOfCompartments()}
    found |= {symbol(x.getId()): _said(model, x.getUnits()) for x in model.getListOfParameters()}
    for species in model.getListOfSpecies():
        name = symbol(species.getId())
        amount = _said(model, species.getSubstanceUnits() or model.getSubstanceUnits() or "substance")
        size = found.get(symbol(species.getCompartment())) or _said(model, model.getVolumeUnits() or "volume")
        concentration = f"{amount}/{size}" if amount and size else ""
        found |= {amount_of(name): amount, concentration_of(name): concentration}
        found[name] = concentration if is_concentration(model, species) else amount
    return {name: unit for name, unit in found.items() if unit}


def _said(model: libsbml.Model, name: str) -> str:
    """A unit by the name that a file gives it: in words where the file defines it."""
    definition = model.getUnitDefinition(name)
    if definition is not None:
        return text(definition)
    return _DEFAULTS.get(name, name) if model.getLevel() < 3 else "" if name in _DEFAULTS else name


def _scale(definition: libsbml.UnitDefinition, kind: int) -> float | None:
    """The factor to the base unit of this kind, None where the unit is of another kind."""
    factor, power = 1.0, 0.0
    for k in range(definition.getNumUnits()):
        unit = definition.getUnit(k)
        exponent = unit.getExponentAsDouble()
        if unit.getKind() not in (kind, libsbml.UNIT_KIND_DIMENSIONLESS) or not abs(exponent) < 10:
            return None
        factor *= _multiplier(unit) ** exponent
        power += exponent if unit.getKind() == kind else 0
    return factor if power == 1 and 1e-30 < factor < 1e30 else None


def _multiplier(unit: libsbml.Unit) -> float:
    """Positive; 1 where the file gives nonsense."""
    value = unit.getMultiplier() * 10.0 ** max(-100, min(100, unit.getScale()))
    return value if 1e-200 < value < 1e200 else 1.0


def _unit_text(unit: libsbml.Unit) -> str:
    exponent, multiplier = unit.getExponentAsDouble(), _multiplier(unit)
    name = libsbml.UnitKind_toString(unit.getKind())
    base = name if multiplier == 1 else f"({multiplier:g} {name})"
    return base if exponent == 1 else f"{base}^{exponent:g}"
