"""The library: each name's model file, where it comes from, and the constants that make the variant.

Initial states of variants that differ from those of the file are in library/initial_states.toml.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "library"
INITIAL_STATES = FOLDER / "initial_states.toml"
CHECKS = FOLDER / "checks.json"  # written by tests/verify/library_table.py


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
_PUBLISHER = "publisher's article"
_ORD = "O'Hara, Virag, Varro & Rudy 2011, doi:10.1371/journal.pcbi.1002061"
_CIPA = "Li et al. 2017, doi:10.1161/CIRCEP.116.004628; Dutta et al. 2017, doi:10.3389/fphys.2017.00616"
_TORORD = "Tomek et al. 2019, doi:10.7554/eLife.48890; chloride: Tomek et al. 2020, doi:10.1101/2020.06.01.127043"
_CC_BY = "CC BY 4.0"
_MAHAJAN = "Mahajan et al. 2008, doi:10.1529/biophysj.106.98160"
_GPB = "Grandi, Pasqualini & Bers 2010, doi:10.1016/j.yjmcc.2009.09.019"
_BOCF = "Bueno-Orovio, Cherry & Fenton 2008, doi:10.1016/j.jtbi.2008.03.029"

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
        "ohara_rudy_cipa_2017.mmt",
        "human",
        "ventricle, endocardial, drugs bind to hERG",
        _CIPA,
        "publisher's article; CC BY 4.0",
    ),
    "grandi_pasqualini_bers_2010_epi": Entry(
        "grandi_pasqualini_bers_2010.mmt", "human", "ventricle, epicardial", _GPB, _PUBLISHER, {"cell.epi": 1}
    ),
    "grandi_pasqualini_bers_2010_endo": Entry(
        "grandi_pasqualini_bers_2010.mmt", "human", "ventricle, endocardial", _GPB, _PUBLISHER, {"cell.epi": 0}
    ),
    "mahajan_shiferaw_2008": Entry(
        "mahajan_shiferaw_2008.mmt", "rabbit", "ventricle, at rapid rates", _MAHAJAN, _PUBLISHER
    ),
    "mahajan_shiferaw_2008_slow_ito": Entry(
        "mahajan_shiferaw_2008.mmt",
        "rabbit",
        "ventricle, at rapid rates; transient outward current mostly slow, as in Chaste",
        _MAHAJAN,
        _PUBLISHER,
        {"ito.g_fast": 0.04, "ito.g_slow": 0.11},
    ),
    "stewart_2009": Entry(
        "stewart_2009.mmt",
        "human",
        "Purkinje fibre, drives itself",
        "Stewart et al. 2009, doi:10.1098/rsta.2008.0283",
        _PUBLISHER,
    ),
    "fabbri_2017": Entry(
        "fabbri_2017.mmt",
        "human",
        "sinoatrial node, drives itself",
        "Fabbri, Fantini, Wilders & Severi 2017, doi:10.1113/JP273259",
        _PUBLISHER,
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
    "luo_rudy_1991": Entry(
        "luo_rudy_1991.mmt", "guinea pig", "ventricle", "Luo & Rudy 1991, doi:10.1161/01.RES.68.6.1501", _PUBLISHER
    ),
    "beeler_reuter_1977": Entry(
        "beeler_reuter_1977.mmt",
        "mammal",
        "ventricle",
        "Beeler & Reuter 1977, doi:10.1113/jphysiol.1977.sp011853",
        _PUBLISHER,
    ),
    "hodgkin_huxley_1952": Entry(
        "hodgkin_huxley_1952.mmt",
        "squid",
        "giant axon",
        "Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764",
        _PUBLISHER,
    ),
    "noble_1962": Entry(
        "noble_1962.mmt",
        "mammal",
        "Purkinje fibre, drives itself",
        "Noble 1962, doi:10.1113/jphysiol.1962.sp006849",
        _PUBLISHER,
    ),
    "fitzhugh_nagumo_1961": Entry(
        "fitzhugh_nagumo_1961.mmt",
        "generic",
        "excitable membrane, scaled to mV and ms",
        "FitzHugh 1961, doi:10.1016/S0006-3495(61)86902-6",
        _PUBLISHER,
    ),
    "aliev_panfilov_1996": Entry(
        "aliev_panfilov_1996.mmt",
        "generic",
        "ventricle, two variables, scaled to mV and ms",
        "Aliev & Panfilov 1996, doi:10.1016/0960-0779(95)00089-5",
        _PUBLISHER,
    ),
    "bueno_orovio_2008_epi": Entry(
        "bueno_orovio_2008.mmt", "human", "ventricle, epicardial, four variables", _BOCF, _PUBLISHER, {"cell.type": 0}
    ),
    "bueno_orovio_2008_endo": Entry(
        "bueno_orovio_2008.mmt", "human", "ventricle, endocardial, four variables", _BOCF, _PUBLISHER, {"cell.type": 1}
    ),
    "bueno_orovio_2008_m": Entry(
        "bueno_orovio_2008.mmt",
        "human",
        "ventricle, midmyocardial, four variables",
        _BOCF,
        _PUBLISHER,
        {"cell.type": 2},
    ),
    "bueno_orovio_2008_pb": Entry(
        "bueno_orovio_2008.mmt",
        "human",
        "ventricle, as Priebe & Beuckelmann's, four variables",
        _BOCF,
        _PUBLISHER,
        {"cell.type": 3},
    ),
    "bueno_orovio_2008_tnnp": Entry(
        "bueno_orovio_2008.mmt",
        "human",
        "ventricle, as ten Tusscher's of 2004, four variables",
        _BOCF,
        _PUBLISHER,
        {"cell.type": 4},
    ),
    "courtemanche_1998": Entry(
        "courtemanche_1998.mmt",
        "human",
        "atrium",
        "Courtemanche, Ramirez & Nattel 1998, doi:10.1152/ajpheart.1998.275.1.H301",
        _PUBLISHER,
    ),
    "difrancesco_noble_1985": Entry(
        "difrancesco_noble_1985.mmt",
        "mammal",
        "Purkinje fibre, drives itself",
        "DiFrancesco & Noble 1985, doi:10.1098/rstb.1985.0001",
        _PUBLISHER,
    ),
    "maleckar_2009": Entry(
        "maleckar_2009.mmt", "human", "atrium", "Maleckar et al. 2009, doi:10.1152/ajpheart.00411.2009", _PUBLISHER
    ),
    "mitchell_schaeffer_2003": Entry(
        "mitchell_schaeffer_2003.mmt",
        "generic",
        "ventricle, two currents, scaled to mV",
        "Mitchell & Schaeffer 2003, doi:10.1016/S0092-8240(03)00041-7",
        _PUBLISHER,
    ),
}


def checks() -> dict[str, dict]:
    """Name -> number of states, and the largest difference from CVODE [%] by a scheme at a dt [ms], as measured."""
    return json.loads(CHECKS.read_text())


def names() -> dict[str, str]:
    """Name -> one line of description, for every model of the library."""
    return {name: f"{e.species} {e.tissue} ({e.source})" for name, e in LIBRARY.items()}
