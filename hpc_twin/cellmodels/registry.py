"""The library: each name's model file, where it comes from, and the constants that make the variant.

Initial states of variants that differ from those of the file are in library/initial_states.toml.
"""

from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "library"
INITIAL_STATES = FOLDER / "initial_states.toml"


@dataclass(frozen=True)
class Entry:
    """A model of the library: ``file`` in library/, with ``parameters`` replaced."""

    file: str
    species: str = ""
    tissue: str = ""
    source: str = ""  # author, year, DOI of the paper that it was typed in from
    licence: str = ""  # of that paper; equations are facts, what is here was typed in anew
    parameters: dict[str, float] = field(default_factory=dict)


_TP06 = "ten Tusscher & Panfilov 2006, doi:10.1152/ajpheart.00109.2006"
_PUBLISHER = "article of the publisher, equations typed in"
_ORD = "O'Hara, Virag, Varro & Rudy 2011, doi:10.1371/journal.pcbi.1002061"
_CIPA = "Li et al. 2017, doi:10.1161/CIRCEP.116.004628; Dutta et al. 2017, doi:10.3389/fphys.2017.00616"
_TORORD = "Tomek et al. 2019, doi:10.7554/eLife.48890; chloride: Tomek et al. 2020, doi:10.1101/2020.06.01.127043"
_CC_BY = "CC BY 4.0 article, equations typed in"

LIBRARY = {
    "tentusscher_2006_epi": Entry(
        "tentusscher_2006.mmt", "human", "ventricle, epicardial", _TP06, _PUBLISHER, {"cell.type": 1}
    ),
    "tentusscher_2006_endo": Entry(
        "tentusscher_2006.mmt", "human", "ventricle, endocardial", _TP06, _PUBLISHER, {"cell.type": 0}
    ),
    "tentusscher_2006_m": Entry(
        "tentusscher_2006.mmt", "human", "ventricle, midmyocardial", _TP06, _PUBLISHER, {"cell.type": 2}
    ),
    "ohara_rudy_2011_endo": Entry(
        "ohara_rudy_2011.mmt", "human", "ventricle, endocardial", _ORD, _CC_BY, {"cell.type": 0}
    ),
    "ohara_rudy_2011_epi": Entry(
        "ohara_rudy_2011.mmt", "human", "ventricle, epicardial", _ORD, _CC_BY, {"cell.type": 1}
    ),
    "ohara_rudy_2011_m": Entry(
        "ohara_rudy_2011.mmt", "human", "ventricle, midmyocardial", _ORD, _CC_BY, {"cell.type": 2}
    ),
    "ohara_rudy_cipa_2017": Entry(
        "ohara_rudy_cipa_2017.mmt", "human", "ventricle, endocardial, drugs bind to hERG", _CIPA, _CC_BY
    ),
    "torord_2019_endo": Entry(
        "torord_2019.mmt", "human", "ventricle, endocardial, chloride dynamic", _TORORD, _CC_BY, {"cell.type": 0}
    ),
    "torord_2019_epi": Entry(
        "torord_2019.mmt", "human", "ventricle, epicardial, chloride dynamic", _TORORD, _CC_BY, {"cell.type": 1}
    ),
    "torord_2019_mid": Entry(
        "torord_2019.mmt", "human", "ventricle, midmyocardial, chloride dynamic", _TORORD, _CC_BY, {"cell.type": 2}
    ),
    "mitchell_schaeffer_2003": Entry(
        "mitchell_schaeffer_2003.mmt",
        "generic",
        "ventricle, two currents, scaled to mV",
        "Mitchell & Schaeffer 2003, doi:10.1016/S0092-8240(03)00041-7",
        _PUBLISHER,
    ),
}


def names() -> dict[str, str]:
    """Name -> one line of description, for every model of the library."""
    return {name: f"{e.species} {e.tissue} ({e.source})" for name, e in LIBRARY.items()}
