"""Units at the door: any unit of time to ms, V or any unit of potential to mV."""

import myokit

MILLISECOND, MILLIVOLT = myokit.units.ms, myokit.units.mV


def text(unit: myokit.Unit | None) -> str:
    """A unit as text without brackets, "" where the file gives none."""
    if unit is not None and unit == 1 / MILLISECOND:
        return "1/ms"  # Myokit writes mS/uF
    return "" if unit is None else str(unit).strip("[]")


def is_potential(unit: myokit.Unit | None) -> bool:
    """Whether a quantity in this unit is a potential."""
    return unit is not None and myokit.Unit.close_exponent(unit, MILLIVOLT)


def has_none(unit: myokit.Unit | None) -> bool:
    """Whether no unit is given, or "dimensionless" without a factor."""
    return unit is None or unit == myokit.units.dimensionless


def factor(unit: myokit.Unit | None, house: myokit.Unit) -> float | None:
    """How many of ``house`` one ``unit`` is: 1 where no unit is given, None where the two cannot be compared."""
    if has_none(unit):
        return 1.0
    try:
        return float(myokit.Unit.conversion_factor(unit, house).value())
    except myokit.IncompatibleUnitError:
        return None
