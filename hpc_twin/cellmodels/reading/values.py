"""What a user gives a parameter: a number, or a factor of the published value."""

import math
from collections.abc import Callable

from hpc_twin.parallel import InputError


def value_of(key: str, given: float | str, published: Callable[[], float], unit: str = "") -> float:
    """The number, or ``"0.5x"`` as that factor of ``published()``. Raises InputError for any other text.

    Negative factors too: they would turn a conductance, a concentration or a time constant into what there is not.
    """
    relative = isinstance(given, str) and given.strip().endswith("x")
    try:
        number = float(given.strip()[:-1] if isinstance(given, str) and relative else given)
        value = number * float(published()) if relative else number
    except (TypeError, ValueError):
        number = value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"parameter {key}: found {given!r}, give a finite number in {unit or 'its unit'} or a factor as '0.5x'"
        )
    if relative and number < 0:
        raise InputError(
            f"parameter {key}: found {given!r}, a factor must not be negative, as a conductance is not: '0x' blocks "
            "it; give a number where another sign is meant"
        )
    return value
