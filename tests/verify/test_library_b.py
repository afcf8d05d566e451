"""Human ventricular models for drug safety, against reference files."""

import numpy as np
import pytest
from scipy.integrate import trapezoid
from verify.library_rhs import (
    assert_close,
    by_numpy,
    check,
    check_smooth,
    random_states,
    reference_model,
    right_hand_side,
)

from hpc_twin.cellmodels.kernels.evaluator import evaluator
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.singlecell.cvode import solve

ORD = {
    "camk.trapped": "CaMK.CaMKt",
    **{f"ina.{gate}": f"INa.{gate}" for gate in ("m", "hf", "hs", "j", "hsp", "jp")},
    **{f"inal.{gate}": f"INaL.{theirs}" for gate, theirs in {"m": "mL", "h": "hL", "hp": "hLp"}.items()},
    **{f"ito.{'i' + speed + p}": f"Ito.i{speed[0].upper()}{p}" for speed in ("fast", "slow") for p in ("", "p")},
    "ical.n": "ICaL.nca",
    "ikr.xf": "IKr.xrf",
    "ikr.xs": "IKr.xrs",
    "iks.x1": "IKs.xs1",
    "iks.x2": "IKs.xs2",
    "ik1.x": "IK1.xk1",
    "ryr.jnp": "ryr.Jrelnp",
    "ryr.jp": "ryr.Jrelp",
}
TORORD = {
    **ORD,
    **{f"ina.{gate}": f"INa.{gate}" for gate in ("m", "h", "hp", "j", "jp")},
    "ical.n_ss": "ICaL.nca_ss",
    "ical.n_cyt": "ICaL.nca_i",
    "ikr.inact": "IKr.I",
    "ryr.jnp": "ryr.Jrel_np",
    "ryr.jp": "ryr.Jrel_p",
}
RELEASE = {"ryr.jnp": (0, 1), "ryr.jp": (0, 1)}
SINGULAR = [0]  # mV, of the driving forces of constant field type
HERG = [f"ikr.{state}" for state in ("ic1", "ic2", "c1", "c2", "o", "io", "iobound", "obound", "cbound")]
TRAPPING = {"IKr.Kt": 3.5e-5}  # the reference file says 0, for the control


@pytest.mark.parametrize("layer", ["endo", "epi"])
def test_ohara_rudy_2011(layer):
    name = f"ohara_rudy_2011_{layer}"
    options = {"v": "membrane.v", "stimulus": "membrane.Istim", "ranges": RELEASE}
    check(name, f"{name}.cellml", ORD, **options, initial=False)  # ours: after pacing


def test_ohara_rudy_2011_midmyocardial():
    check(
        "ohara_rudy_2011_m",
        "ohara_rudy_2011_endo.cellml",
        ORD,
        v="membrane.v",
        stimulus="membrane.Istim",
        constants={"environment.celltype": 2},  # there is no file of this layer
        ranges=RELEASE,
        initial=False,
    )


def test_ohara_rudy_cipa_2017():
    check(
        "ohara_rudy_cipa_2017",
        "ohara_rudy_cipa_v1_2017.cellml",
        ORD,
        v="membrane.v",
        stimulus="membrane.Istim",
        constants=TRAPPING,
        ranges=RELEASE,
        occupancies=[HERG],
        initial=False,
    )


def test_drug_that_binds_to_herg():
    """Dofetilide at its free Cmax, with the parameters of the FDA's CiPA data."""
    drug = {"kmax": 35.1, "ku": 1.816e-5, "n": 1.08, "halfmax": 216.6, "vhalf": -1.0, "concentration": 2.0}
    theirs = {"Kmax": 35.1, "Ku": 1.816e-5, "n": 1.08, "halfmax": 216.6, "Vhalf": -1.0, "D": 2.0}
    model = reference_model("ohara_rudy_cipa_v1_2017.cellml")
    for key, value in {**{f"IKr.{key}": value for key, value in theirs.items()}, **TRAPPING}.items():
        model.get(key).set_rhs(value)
    V, y = random_states(read("ohara_rudy_cipa_2017"), 100, RELEASE, [HERG])
    ours = read("ohara_rudy_cipa_2017", {f"ikr.{key}": value for key, value in drug.items()})
    theirs_y = np.array([np.full(100, value) for value in model.initial_values(as_floats=True)])
    rows = [model.get(f"IKr.{s}").index() for s in ("IC1", "IC2", "C1", "C2", "O", "IO", "IObound", "Obound", "Cbound")]
    theirs_y[model.get("membrane.v").index()] = V
    theirs_y[rows] = y[[ours.states.index(state) for state in HERG]]
    expected = right_hand_side(model, theirs_y)[rows]
    found = by_numpy(ours, V, y)[[1 + ours.states.index(state) for state in HERG]]
    assert_close(HERG, found, expected, V)


def test_net_charge_of_cipa_without_a_drug():
    """qNet, 69.67 nC/uF per beat at 2000 ms in the FDA's results (github.com/FDA/CiPA)."""
    model = read("ohara_rudy_cipa_2017")
    times = np.unique([*np.linspace(0, 20, 401), *np.linspace(20, 2000, 2000)])
    beat = solve(model, times, stimulus=[(0, 0.5, 80.0)])
    currents = evaluator(model, [model.variables[f"{name}.i"] for name in ("inal", "ical", "ito", "ikr", "iks", "ik1")])
    net = currents(np.ascontiguousarray(beat.V), np.ascontiguousarray(beat.states)).sum(axis=0)
    assert trapezoid(net, times) == pytest.approx(69.67, abs=0.02)


@pytest.mark.parametrize("layer", ["endo", "epi", "mid"])
def test_torord_2019(layer):
    check(
        f"torord_2019_{layer}",
        f"ToRORd_dynCl_{layer}.cellml",
        TORORD,
        v="membrane.v",
        stimulus="membrane.Istim",
        ranges={**RELEASE, "ical.d": (0, 1)},
        occupancies=[["ikr.c3", "ikr.c2", "ikr.c1", "ikr.o", "ikr.inact"]],
    )


@pytest.mark.parametrize(
    "name", ["ohara_rudy_2011_endo", "ohara_rudy_2011_epi", "ohara_rudy_cipa_2017", "torord_2019_endo"]
)
def test_is_smooth(name):
    check_smooth(name, SINGULAR)
