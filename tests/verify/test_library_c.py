"""Grandi 2010, Mahajan 2008, Stewart 2009 and Fabbri 2017 against reference files."""

import numpy as np
import pytest
from verify.library_rhs import (
    assert_close,
    by_numpy,
    check,
    check_smooth,
    random_states,
    reference_model,
    right_hand_side,
)

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.reading.reader import read


def _named(pairs: str, theirs: str) -> dict[str, str]:
    """'component.a=b' -> {component.a: theirs.b}."""
    return {ours: f"{theirs}.{last}" for ours, last in (pair.split("=") for pair in pairs.split())}


GRANDI = {
    **_named("ikr.x=x_kr", "I_Kr"),
    **_named("iks.x=x_ks", "I_Ks"),
    **_named("ito.xs=x_to_s ito.ys=y_to_s ito.xf=x_to_f ito.yf=y_to_f", "I_to"),
    **_named("ical.bound_j=f_Ca_Bj ical.bound_sl=f_Ca_Bsl", "I_Ca"),
    **_named("ryr.r=Ry_Rr ryr.o=Ry_Ro ryr.i=Ry_Ri", "SR_Fluxes"),
    **_named("sodium.buffer_j=Na_Bj sodium.buffer_sl=Na_Bsl", "Na_Buffers"),
    **_named("sodium.naj=Na_j sodium.nasl=Na_sl sodium.nai=Na_i", "Na_Concentrations"),
    **_named("cytosol.tnc_low=Tn_CL cytosol.tnc_ca=Tn_CHc cytosol.tnc_mg=Tn_CHm", "Cytosolic_Ca_Buffers"),
    **_named("cytosol.myo_ca=Myo_c cytosol.myo_mg=Myo_m cytosol.sr=SRB", "Cytosolic_Ca_Buffers"),
    **_named("cleft.low=SLL_j cleft.high=SLH_j", "Junctional_and_SL_Ca_Buffers"),
    **_named("subspace.low=SLL_sl subspace.high=SLH_sl", "Junctional_and_SL_Ca_Buffers"),
    **_named("calcium.csqn=Csqn_b calcium.casr=Ca_sr", "SR_Ca_Concentrations"),
    **_named("calcium.caj=Ca_j calcium.casl=Ca_sl calcium.cai=Ca_i", "Ca_Concentrations"),
}
MAHAJAN = {
    **_named("ina.m=xm ina.h=xh ina.j=xj", "INa"),
    **_named("ical.i1_ca=xi1ca ical.i1_ba=xi1ba ical.i2_ca=xi2ca ical.i2_ba=xi2ba", "ICaL"),
    **_named("ikr.x=xr", "IKr"),
    **_named("iks.x1=xs1 iks.x2=xs2", "IKs"),
    **_named("ito.xs=xtos ito.ys=ytos ito.xf=xtof ito.yf=ytof", "Ito"),
    **_named("release.cajsr=Ca_JSR release.j=xir", "Irel"),
    **_named("sodium.nai=Na_i", "Na"),
    **_named("calcium.cap=Ca_dyad calcium.cas=Ca_submem calcium.cai=Ca_i calcium.cansr=Ca_NSR", "Ca"),
}
STEWART = {
    **_named("calcium.cai=Ca_i calcium.casr=Ca_SR calcium.cass=Ca_ss calcium.rprime=R_prime", "calcium_dynamics"),
    **_named("sodium.nai=Na_i", "sodium_dynamics"),
    **_named("potassium.ki=K_i", "potassium_dynamics"),
}
FABBRI = {
    "membrane.V": "Membrane.V_ode",
    **_named("ical.d=dL", "i_CaL_dL_gate"),
    **_named("ical.f=fL", "i_CaL_fL_gate"),
    **_named("icat.d=dT", "i_CaT_dT_gate"),
    **_named("icat.f=fT", "i_CaT_fT_gate"),
    **_named("ikur.r=r_Kur", "i_Kur_rKur_gate"),
    **_named("ikur.s=s_Kur", "i_Kur_sKur_gate"),
    **_named("ito.r=r", "i_to_r_gate"),
    **_named("ikr.slow=paS ikr.fast=paF", "i_Kr_pa_gate"),
    **_named("ikr.pi=piy", "i_Kr_pi_gate"),
    **_named("ryr.r=R ryr.o=O ryr.i=I ryr.ri=RI", "Ca_SR_release"),
    **_named("buffers.tmm=fTMM buffers.tmc=fTMC buffers.tc=fTC", "Ca_buffering"),
    **_named("buffers.cam_i=fCMi buffers.cam_s=fCMs buffers.csqn=fCQ", "Ca_buffering"),
    **_named("calcium.cas=Ca_sub calcium.cansr=Ca_nsr calcium.cajsr=Ca_jsr", "Ca_dynamics"),
    **_named("sodium.nai=Nai_", "Nai_concentration"),
}
CHAIN = [("ical.c1", "ical.c2", "ical.i1_ca", "ical.i1_ba", "ical.i2_ca", "ical.i2_ba")]


@pytest.mark.parametrize("layer", ["epi", "endo"])
def test_grandi_pasqualini_bers_2010(layer):
    check(
        f"grandi_pasqualini_bers_2010_{layer}",
        "grandi_pasqualini_bers_2010_ss.cellml",
        GRANDI,
        v="membrane_potential.V_m",
        stimulus="membrane_potential.i_Stim",
        constants={"parameters.epi": layer == "epi"},
        held=["K_Concentration.K_i"],
    )


@pytest.mark.parametrize("name", ["mahajan_shiferaw_2008", "mahajan_shiferaw_2008_slow_ito"])
def test_mahajan_shiferaw_2008(name):
    """The file has the conductances of the transient outward current the other way round, and says so."""
    paper = {} if name.endswith("slow_ito") else {"Ito.gtof": 0.11, "Ito.gtos": 0.04}
    options = {"v": "cell.V", "stimulus": "cell.i_Stim", "occupancies": CHAIN, "constants": paper}
    check(name, "Mahajan2008.cellml", MAHAJAN, **options)


def test_stewart_2009():
    check("stewart_2009", "stewart_zhang_model_2008_ss.cellml", STEWART)


def test_fabbri_2017():
    limit = {"i_KACh_a_gate.alpha_a": 0.025641}  # without acetylcholine, where the file divides by 0
    check("fabbri_2017", "fabbri_2017.cellml", FABBRI, v="Membrane.V_ode", time="s", constants=limit)


def test_fabbri_2017_under_modulation():
    """Acetylcholine and isoprenaline, and sodium let free, as in the reference file."""
    model = reference_model("fabbri_2017.cellml")
    theirs = [FABBRI.get(s) or _alike(model, s) for s in ("membrane.V", *read("fabbri_2017").states)]
    order = [[s.qname() for s in model.states()].index(s) for s in theirs]
    for ach, iso in ((1e-5, 0), (0.02, 0), (1e-5, 1)):
        model.set_value("Rate_modulation_experiments.ACh", ach)
        model.set_value("Rate_modulation_experiments.Iso_1_uM", iso)
        model.set_value("Nai_concentration.Nai_clamp", 0)
        ours = read("fabbri_2017", {"modulation.ach": ach, "modulation.iso": iso, "sodium.free": 1})
        V, y = random_states(ours, 100)
        their_y = np.empty((len(order), V.size))
        their_y[order] = np.vstack([V, y])
        assert_close((ours.v, *ours.states), by_numpy(ours, V, y), right_hand_side(model, their_y)[order] / 1000, V)


def _alike(model, state: str) -> str:
    """The state of the file with the same last name."""
    return next(s.qname() for s in model.states() if s.qname().split(".")[-1].lower() == state.split(".")[-1])


SINGULAR = {
    "grandi_pasqualini_bers_2010_epi": [0, -5],
    "mahajan_shiferaw_2008": [0, -7, -10, -30, -47.13],
    "stewart_2009": [15],
    "fabbri_2017": [0, -1.8, -6.8, -41, -41.8, -87.3, -148.8],
}


@pytest.mark.parametrize("name", SINGULAR)
def test_singular_points_are_smooth(name):
    check_smooth(name, SINGULAR[name])


def test_fabbri_2017_beats():
    """The paper's cycle length, 814 ms; from -58.9 mV to 26.4 mV, as by CVODE."""
    kernel, dt, every = load("fabbri_2017"), 0.02, 0.2
    V, y, path = np.array([kernel.v_initial]), kernel.new_states(1), []
    for k in range(25000):
        kernel.advance(V, y, None, k * every, every, round(every / dt))
        path.append(V[0])
    path = np.array(path[5000:])
    (upstrokes,) = np.nonzero((path[:-1] < -20) & (path[1:] >= -20))
    assert np.diff(upstrokes) * every == pytest.approx(814, rel=0.005)
    assert (path.min(), path.max()) == pytest.approx((-58.9, 26.4), abs=0.1)
