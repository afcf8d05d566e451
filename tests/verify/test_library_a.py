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


def test_luo_rudy_1991():
    check("luo_rudy_1991", "LuoRudy1991.cellml", stimulus="membrane.I_stim")
    check_smooth("luo_rudy_1991", [-47.13, -77])


def _rate(c1, c2, c3, c6):
    """A rate of Table 1 of Beeler & Reuter with C4 = 0 and C7 = 1."""
    return f"{c1} * exp({c2} * (membrane.V + {c3})) / (1 + exp({c6} * (membrane.V + {c3})))"


# The paper's constants; the file has reciprocals of the slopes, rounded: 12.1 mV for 1/0.083.
BEELER_REUTER = {
    "slow_inward_current_d_gate.alpha_d": _rate(0.095, -0.01, -5, -0.072),
    "slow_inward_current_d_gate.beta_d": _rate(0.07, -0.017, 44, 0.05),
    "slow_inward_current_f_gate.alpha_f": _rate(0.012, -0.008, 28, 0.15),
    "slow_inward_current_f_gate.beta_f": _rate(0.0065, -0.02, 30, -0.2),
    "time_dependent_outward_current_x1_gate.alpha_x1": _rate(0.0005, 0.083, 50, 0.057),
    "time_dependent_outward_current_x1_gate.beta_x1": _rate(0.0013, -0.06, 20, -0.04),
}


def test_beeler_reuter_1977():
    check(
        "beeler_reuter_1977",
        "beeler_reuter_model_1977.cellml",
        stimulus="stimulus_protocol.Istim",
        constants=BEELER_REUTER,
    )
    check_smooth("beeler_reuter_1977", [-47, -23])


def test_hodgkin_huxley_1952():
    """The file has the paper's sign and counts from rest."""
    check("hodgkin_huxley_1952", "hh_1952.cellml", v=("membrane.V", -1, -65), stimulus="membrane.i_Stim")
    check_smooth("hodgkin_huxley_1952", [-40, -55])


def test_noble_1962():
    check("noble_1962", "noble_1962.cellml")
    check_smooth("noble_1962", [-48, -8, -50])
