"""Models of the library against reference files, and against their papers where there is no file."""

import pytest
from verify.library_rhs import check, check_smooth

TP06 = {
    "tentusscher_2006_epi": "TenTusscher2006Epi.cellml",
    "tentusscher_2006_endo": "ten_tusscher_model_2006_endo.cellml",
    "tentusscher_2006_m": "ten_tusscher_model_2006_M.cellml",
}


@pytest.mark.parametrize("name", TP06)
def test_tentusscher_2006(name):
    ions = {"cai": "Ca_i", "casr": "Ca_SR", "cass": "Ca_ss", "rprime": "R_prime"}
    calcium = {f"calcium.{ours}": f"calcium_dynamics.{theirs}" for ours, theirs in ions.items()}
    others = {"sodium.nai": "sodium_dynamics.Na_i", "potassium.ki": "potassium_dynamics.K_i"}
    check(name, TP06[name], {**calcium, **others})


def test_tentusscher_2006_is_smooth():
    check_smooth("tentusscher_2006_epi", [15])
