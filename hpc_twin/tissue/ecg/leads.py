"""From potentials of named electrodes to the leads of an electrocardiogram."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpc_twin.parallel import InputError

LIMBS = ("RA", "LA", "LL")
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
GROUND = "RL"
STANDARD = (*LIMBS, GROUND, *CHEST)
LIMB_LEADS: dict[str, dict[str, float]] = {
    "I": {"LA": 1, "RA": -1},
    "II": {"LL": 1, "RA": -1},
    "III": {"LL": 1, "LA": -1},
    "aVR": {"RA": 1, "LA": -1 / 2, "LL": -1 / 2},
    "aVL": {"LA": 1, "RA": -1 / 2, "LL": -1 / 2},
    "aVF": {"LL": 1, "RA": -1 / 2, "LA": -1 / 2},
}  # Einthoven 1908, Goldberger 1942; e.g. Malmivuo & Plonsey, Bioelectromagnetism (1995), ch. 15
TERMINAL = dict.fromkeys(LIMBS, 1 / 3)  # Wilson's central terminal, 1934: the reference of V1 to V6
TWELVE = (*LIMB_LEADS, *CHEST)


@dataclass(frozen=True)
class Leads:
    """names of the leads; matrix (n_leads, n_electrodes), lead = matrix . potentials; reference of what is no lead."""

    names: tuple[str, ...]
    matrix: np.ndarray
    reference: str


def leads_of(electrodes: Sequence[str], reference: str) -> Leads:
    """The leads that ``electrodes`` allow, in the order of an ECG, then the potentials of all other electrodes.

    With RA, LA and LL: I, II, III, aVR, aVL, aVF and those of V1 to V6 that are there, against Wilson's terminal.
    Without them every electrode gives its potential, against RL where there is one, else against ``reference``.
    Raises InputError when an electrode is called like a limb lead, or in small letters like one of the 12 leads', or
    when there is nothing but RL.
    """
    rows: dict[str, dict[str, float]] = {}
    against = {limb: -share for limb, share in TERMINAL.items()}
    if set(LIMBS) <= set(electrodes):
        rows |= LIMB_LEADS
        rows |= {name: {name: 1.0} | against for name in CHEST if name in electrodes}
    others = [name for name in electrodes if name not in rows and name != GROUND and not (rows and name in LIMBS)]
    grounded = GROUND in electrodes
    rows |= {name: {name: 1.0, GROUND: -1.0} if grounded else {name: 1.0} for name in others}
    _sensible(electrodes, rows)
    matrix = np.array([[row.get(name, 0.0) for name in electrodes] for row in rows.values()])
    return Leads(tuple(rows), matrix, GROUND if grounded else reference)


def _sensible(electrodes: Sequence[str], rows: dict) -> None:
    for name in electrodes:
        if name not in STANDARD and name.upper() in STANDARD:
            raise InputError(f"ecg.electrodes.{name}: did you mean '{name.upper()}'? Else call the electrode otherwise")
    for name in LIMB_LEADS:
        if name in electrodes:
            raise InputError(
                f"ecg.electrodes.{name}: '{name}' is a lead made of RA, LA and LL; call the electrode else"
            )
    if not rows:
        raise InputError(f"ecg.electrodes: found {', '.join(electrodes) or 'none'}; a lead needs two, a potential one")
