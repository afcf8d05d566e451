"""Leads of an electrocardiogram from potentials."""

import numpy as np
import pytest

from hpc_twin.parallel import InputError
from hpc_twin.tissue.ecg.leads import CHEST, LIMBS, TWELVE, leads_of

PHI = dict(zip((*LIMBS, *CHEST, "RL", "apex"), np.random.default_rng(1).normal(size=11), strict=True))


def values(electrodes):
    found = leads_of(electrodes, "infinity")
    return dict(zip(found.names, found.matrix @ [PHI[name] for name in electrodes], strict=True)), found


def test_twelve_leads():
    lead, found = values([*LIMBS, *CHEST])
    assert found.names == TWELVE == ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    terminal = (PHI["RA"] + PHI["LA"] + PHI["LL"]) / 3
    assert lead["I"] == pytest.approx(PHI["LA"] - PHI["RA"]) and lead["II"] == pytest.approx(PHI["LL"] - PHI["RA"])
    assert lead["II"] == pytest.approx(lead["I"] + lead["III"])
    for name, limb in (("aVR", "RA"), ("aVL", "LA"), ("aVF", "LL")):
        assert lead[name] == pytest.approx(1.5 * (PHI[limb] - terminal))
    for name in CHEST:
        assert lead[name] == pytest.approx(PHI[name] - terminal)


def test_leads_do_not_see_a_common_potential():
    assert leads_of([*LIMBS, *CHEST], "mean").matrix.sum(axis=1) == pytest.approx(np.zeros(12))


def test_order_of_electrodes_does_not_matter():
    assert values([*LIMBS, *CHEST])[0] == pytest.approx(values([*reversed(CHEST), "LL", "RA", "LA"])[0])


def test_other_electrodes_are_potentials():
    lead, found = values([*LIMBS, "V2", "apex"])
    assert found.names[6:] == ("V2", "apex") and found.reference == "infinity"
    assert lead["apex"] == pytest.approx(PHI["apex"])


def test_right_leg_is_the_reference_of_potentials():
    lead, found = values([*LIMBS, "RL", "apex"])
    assert found.reference == "RL" and "RL" not in lead
    assert lead["apex"] == pytest.approx(PHI["apex"] - PHI["RL"])


def test_without_all_limbs_there_are_potentials_only():
    lead, found = values(["RA", "LA", "V1"])
    assert found.names == ("RA", "LA", "V1") and lead["V1"] == pytest.approx(PHI["V1"])


@pytest.mark.parametrize(
    ("electrodes", "words"),
    [(["II", "RA"], "'II' is a lead"), (["ra", "LA"], "did you mean 'RA'"), (["RL"], "found RL"), ([], "none")],
)
def test_refused(electrodes, words):
    with pytest.raises(InputError, match=words):
        leads_of(electrodes, "mean")
