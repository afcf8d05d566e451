"""The library: each name's model file, the constants that make the variant, and its own initial state if it has one."""

from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "library"


@dataclass(frozen=True)
class Entry:
    """A model of the library: ``file`` in library/, with ``parameters`` and ``initial`` values replaced."""

    file: str
    description: str
    parameters: dict[str, float] = field(default_factory=dict)
    initial: dict[str, float] = field(default_factory=dict)


# States after pacing at 1 Hz, as in the authors' own code (models.cellml.org, ten Tusscher & Panfilov 2006).
_TP06_ENDO = {
    **{"membrane.V": -86.709, "ikr.xr1": 0.00448, "ikr.xr2": 0.476, "iks.xs": 0.0087},
    **{"ina.m": 0.00155, "ina.h": 0.7573, "ina.j": 0.7225, "ito.s": 0.3212, "ito.r": 2.235e-8},
    **{"ical.d": 3.164e-5, "ical.f": 0.8009, "ical.f2": 0.9778, "ical.fcass": 0.9953},
    **{"calcium.cai": 0.00013, "calcium.casr": 3.715, "calcium.cass": 0.00036, "calcium.rprime": 0.9068},
    **{"sodium.nai": 10.355, "potassium.ki": 138.4},
}
_TP06_M = {
    **{"membrane.V": -85.423, "ikr.xr1": 0.0165, "ikr.xr2": 0.473, "iks.xs": 0.0174},
    **{"ina.m": 0.00165, "ina.h": 0.749, "ina.j": 0.6788, "ito.s": 0.999998, "ito.r": 2.347e-8},
    **{"ical.d": 3.288e-5, "ical.f": 0.7026, "ical.f2": 0.9526, "ical.fcass": 0.9942},
    **{"calcium.cai": 0.000153, "calcium.casr": 4.272, "calcium.cass": 0.00042, "calcium.rprime": 0.8978},
    **{"sodium.nai": 10.132, "potassium.ki": 138.52},
}

LIBRARY = {
    "tentusscher_2006_epi": Entry(
        "tentusscher_2006.mmt", "human ventricle, epicardial (ten Tusscher & Panfilov 2006)", {"cell.type": 1}
    ),
    "tentusscher_2006_endo": Entry(
        "tentusscher_2006.mmt",
        "human ventricle, endocardial (ten Tusscher & Panfilov 2006)",
        {"cell.type": 0},
        _TP06_ENDO,
    ),
    "tentusscher_2006_m": Entry(
        "tentusscher_2006.mmt",
        "human ventricle, midmyocardial (ten Tusscher & Panfilov 2006)",
        {"cell.type": 2},
        _TP06_M,
    ),
    "mitchell_schaeffer_2003": Entry(
        "mitchell_schaeffer_2003.mmt", "ventricle, two currents (Mitchell & Schaeffer 2003), scaled to mV"
    ),
}


def names() -> dict[str, str]:
    """Name -> one line of description, for every model of the library."""
    return {name: entry.description for name, entry in LIBRARY.items()}
