"""Field types of a case: text with a unit outside, a float in house units inside."""

import math
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from hpc_twin.parallel import InputError
from hpc_twin.units import parse


def _of(kind: str, **words: float):
    """A quantity of this kind, or one of ``words``, which stand for numbers."""
    others = "".join(f', or "{word}"' for word in words)

    def read(value: object) -> float:
        if isinstance(value, str) and value in words:
            return words[value]
        try:
            return parse(value, kind)
        except InputError as error:
            raise ValueError(f"{error}{others}") from None  # pydantic adds the key

    return BeforeValidator(read)


def _positive(value: float) -> float:
    if not value > 0:
        raise ValueError(f"found {value:g}, it must be greater than 0")
    return value


def _not_negative(value: float) -> float:
    if not value >= 0:
        raise ValueError(f"found {value:g}, it must not be negative")
    return value


POSITIVE, NOT_NEGATIVE = AfterValidator(_positive), AfterValidator(_not_negative)

Length = Annotated[float, _of("length")]
PositiveLength = Annotated[float, _of("length"), POSITIVE]
PositiveArea = Annotated[float, _of("area"), POSITIVE]
Time = Annotated[float, _of("time"), NOT_NEGATIVE]
PositiveTime = Annotated[float, _of("time"), POSITIVE]
TimeOrNever = Annotated[float, Field(allow_inf_nan=True), _of("time", never=math.inf), POSITIVE]
Voltage = Annotated[float, _of("voltage")]
Conductivity = Annotated[float, _of("conductivity"), NOT_NEGATIVE]
Capacitance = Annotated[float, _of("capacitance per area"), POSITIVE]
InverseLength = Annotated[float, _of("inverse length"), POSITIVE]
CurrentDensity = Annotated[float, _of("current per volume")]
Current = Annotated[float, _of("current")]
Velocity = Annotated[float, _of("velocity"), POSITIVE]
Frequency = Annotated[float, _of("frequency"), POSITIVE]
Resistance = Annotated[float, _of("resistance"), POSITIVE]
Angle = Annotated[float, _of("angle")]
Point = tuple[Length, Length, Length]
