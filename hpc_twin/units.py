"""Units at the door: text such as ``"0.17 S/m"`` becomes a plain float in house units.

House units: mm, ms, mV, uA, uF, mS, mM. Then S/m = mS/mm, and ``Cm dV/dt``, ``div(sigma grad V)`` and
``I`` agree without a factor (uF/mm^2 * mV/ms = uA/mm^2; mS/mm * mV/mm^2 = uA/mm^3).
"""

import math
import re
from functools import cache

from hpc_twin.parallel import InputError
from hpc_twin.texts import shown

HOUSE = {
    "length": "mm",
    "area": "mm^2",
    "time": "ms",
    "voltage": "mV",
    "conductivity": "mS/mm",
    "capacitance per area": "uF/mm^2",
    "inverse length": "1/mm",
    "current per volume": "uA/mm^3",
    "current": "uA",
    "velocity": "mm/ms",
    "frequency": "Hz",
    "angle": "degree",
    "resistance": "kohm",
}

LONGEST = 200  # characters: the time to look at more would grow with their square
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
# Names, their powers of one digit, 1/ and * / ( ) between: pint would compute "9**9**9" and "m**9**9**9", for ever.
UNIT = r"(?:(?<=\s)1\s*/|(?:[^\W\d_]+(?![^\W\d_])|°)(?:\s*(?:\^|\*\*)\s*-?\d(?!\d)|[²³])?|[/().·\s]|\*(?!\*))*"
SHAPE = re.compile(rf"\s*(?:{NUMBER})\s*{UNIT}")


@cache
def _registry():
    import pint  # costs 0.3 s, so only those who read a case pay for it

    return pint.UnitRegistry()


def parse(text: object, kind: str) -> float:
    """Return ``text`` (for example ``"0.17 S/m"``) as a number in the house unit of ``kind``.

    ``kind`` is a key of HOUSE. Raises InputError when there is no unit, an unknown unit, or one of another dimension.
    """
    import pint

    unit, named = HOUSE[kind], f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    if not isinstance(text, str):
        found = shown(repr(text))
        raise InputError(f'found {found}, {named} needs a unit: write for example "{shown(str(text))} {unit}"')
    if len(text) > LONGEST or not SHAPE.fullmatch(text):
        raise InputError(
            f'found "{shown(text)}", cannot read it as {named}: write a number and a unit, as in "1 {unit}"'
        )
    try:
        value = float(_registry().Quantity(text).to(unit).magnitude)
    except pint.DimensionalityError:
        raise InputError(f'found "{text}", which is not {named}: use a unit like {unit}') from None
    except Exception as error:  # pint raises a dozen kinds, from tokenize errors to ZeroDivisionError
        raise InputError(f'found "{text}", cannot read it as {named} ({error}): write for example "1 {unit}"') from None
    if not math.isfinite(value):
        raise InputError(f'found "{text}", {named} must be finite')
    return value
