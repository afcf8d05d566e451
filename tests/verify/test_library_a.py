"""Models of the library against reference files, and against their papers where there is no file."""

import myokit
import numpy as np
import pytest
from verify.library_rhs import assert_close, by_numpy, check, check_smooth, compiled, random_states

from hpc_twin.cellmodels import load, names
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.cellmodels.registry import FOLDER

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


def check_paper(name, paper, v_zero, v_scale, t_scale=1.0):
    """``paper(u, states)`` gives the dimensionless rates of u = (V - v_zero)/v_scale and of the states."""
    equations = read(name)
    V, y = random_states(equations, 1000)
    expected = np.array(paper((V - v_zero) / v_scale, *y)) / t_scale
    expected[0] *= v_scale
    rows = (equations.v, *equations.states)
    assert_close(rows, compiled(name)(V, y), expected, V)
    assert_close(rows, by_numpy(equations, V, y), expected, V)


def test_mitchell_schaeffer_2003():
    """Equations 2.1-2.7."""

    def paper(u, h):
        return h * u**2 * (1 - u) / 0.3 - u / 6, np.where(u < 0.13, (1 - h) / 120, -h / 150)

    check_paper("mitchell_schaeffer_2003", paper, -80, 100)


def test_fitzhugh_nagumo_1961():
    """Equations 1 and 2, in FitzHugh's x = -u, whose equilibrium for a = 0.7, b = 0.8 is (1.1994, -0.6243)."""

    def paper(u, y):
        x = -u
        return -3 * (y + x - x**3 / 3), -(x - 0.7 + 0.8 * y) / 3

    check_paper("fitzhugh_nagumo_1961", paper, -23, 35)
    rest = read("fitzhugh_nagumo_1961")
    assert np.abs(by_numpy(rest, np.array([rest.v_initial]), np.array([rest.initial]))).max() < 1e-10
    assert [(-23 - rest.v_initial) / 35, *rest.initial] == pytest.approx([1.1994, -0.6243], abs=5e-5)


def test_aliev_panfilov_1996():
    """Equations 1 and 2, above the pole of eps at -110 mV."""

    def paper(u, v):
        eps = 0.002 + 0.2 * v / (u + 0.3)
        return -8 * u * (u - 0.15) * (u - 1) - u * v, eps * (-v - 8 * u * (u - 0.15 - 1))

    check_paper("aliev_panfilov_1996", paper, -80, 100, 12.9)


# Table 1 of Bueno-Orovio et al. but for u_o = 0, all of which share tau_v+ = 1.4506, tau_s1, k_s and u_s.
BUENO_OROVIO = {
    "epi": "1.55 .3 .13 .006 .006 60 1150 60 15 65 .03 200 .11 400 6 30.0181 .9957 2.0458 .65 16 1.8875 .07 .94",
    "endo": "1.56 .3 .13 .2 .006 75 10 6 140 200 .016 280 .1 470 6 40 1.2 2 .65 2 2.9013 .0273 .78",
    "m": "1.61 .3 .13 .1 .005 80 1.4506 70 8 200 .016 280 .078 410 7 91 .8 2.1 .6 4 3.3849 .01 .5",
    "pb": "1.45 .35 .13 .175 .006 10 1150 140 6.25 65 .015 326 .105 400 6 30.0181 .9957 2.0458 .65 16 1.8875 .175 .9",
    "tnnp": "1.58 .3 .015 .015 .006 60 1150 70 20 65 .03 280 .11 6 6 43 .2 2 .65 3 2.8723 .07 .94",
}


def _smooth_step(x):
    return (1 + np.tanh(x)) / 2


@pytest.mark.parametrize("column", BUENO_OROVIO)
def test_bueno_orovio_2008_is_the_paper(column):
    """Equations 1-11."""
    c = [float(number) for number in BUENO_OROVIO[column].split()]
    u_u, th_v, th_w, th_vm, th_o, tau_v1, tau_v2, tau_w1, tau_w2, k_w, u_w, tau_wp, tau_fi = c[:13]
    tau_o1, tau_o2, tau_so1, tau_so2, k_so, u_so, tau_s2, tau_si, tau_winf, w_star = c[13:]

    def paper(u, v, w, s):
        H_v, H_w, H_vm, H_o = (np.heaviside(u - threshold, 1) for threshold in (th_v, th_w, th_vm, th_o))
        tau_v, tau_s = (1 - H_vm) * tau_v1 + H_vm * tau_v2, (1 - H_w) * 2.7342 + H_w * tau_s2
        tau_w = tau_w1 + (tau_w2 - tau_w1) * _smooth_step(k_w * (u - u_w))
        tau_so = tau_so1 + (tau_so2 - tau_so1) * _smooth_step(k_so * (u - u_so))
        v_inf, w_inf = np.where(u < th_vm, 1, 0), (1 - H_o) * (1 - u / tau_winf) + H_o * w_star
        J_fi, J_si = -v * H_v * (u - th_v) * (u_u - u) / tau_fi, -H_w * w * s / tau_si
        J_so = u * (1 - H_w) / ((1 - H_o) * tau_o1 + H_o * tau_o2) + H_w / tau_so
        return (
            -(J_fi + J_so + J_si),
            (1 - H_v) * (v_inf - v) / tau_v - H_v * v / 1.4506,
            (1 - H_w) * (w_inf - w) / tau_w - H_w * w / tau_wp,
            (_smooth_step(2.0994 * (u - 0.9087)) - s) / tau_s,
        )

    check_paper(f"bueno_orovio_2008_{column}", paper, -84, 85.7)


@pytest.mark.parametrize("column", ["epi", "endo"])
def test_bueno_orovio_2008(column):
    """The files are of an earlier version: w switches at theta_o (r), not at theta_w (p), and two numbers differ."""
    w = "slow_inward_current_w_gate"
    final = {f"{w}.w": f"(1 - p.p) * ({w}.w_inf - {w}.w) / {w}.tau_w_minus - p.p * {w}.w / {w}.tau_w_plus"}
    if column == "endo":
        final |= {"q.u_q": 0.2, "fast_inward_current.tau_fi": 0.1}
    pairs = {"gates.v": "fast_inward_current_v_gate.v"}
    v = ("membrane.V", 85.7, -84)
    file = f"bueno_2007_{column}.cellml"
    check(f"bueno_orovio_2008_{column}", file, pairs, v=v, stimulus="membrane.i_stim", constants=final)


def test_courtemanche_1998():
    ions = "intracellular_ion_concentrations"
    pairs = {
        "ical.fca": "L_type_Ca_channel_f_Ca_gate.f_Ca",
        "sodium.nai": f"{ions}.Na_i",
        "potassium.ki": f"{ions}.K_i",
        **{f"calcium.ca{ours}": f"{ions}.Ca_{ours}" for ours in ("i", "rel", "up")},
    }
    check("courtemanche_1998", "courtemanche_ramirez_nattel_1998.cellml", pairs, stimulus="membrane.i_st")
    start = read("courtemanche_1998")
    half_open = [0.5 if "release" in name else y for name, y in zip(start.states, start.initial, strict=True)]
    check_smooth("courtemanche_1998", [-47.13, -14.1, 3.3328, 19.9, -10, 7.9], half_open)


def test_difrancesco_noble_1985():
    pairs = {"calcium.caup": "intracellular_calcium_concentration.Ca_up"}
    pairs |= {"calcium.carel": "intracellular_calcium_concentration.Ca_rel"}
    check("difrancesco_noble_1985", "DiFrancescoNoble1985.cellml", pairs, time="s")
    check_smooth("difrancesco_noble_1985", [-42, -10, -41, 50, -19, -34])


def _pairs(theirs, text):
    """'ours=last theirs=last ...' -> states of a component of the file."""
    return {ours: f"{theirs}.{last}" for ours, last in (pair.split("=") for pair in text.split())}


MALECKAR = {
    **_pairs("L_type_Ca_channel_d_L_gate", "ical.d=d_L"),
    **_pairs("L_type_Ca_channel_f_L1_gate", "ical.f1=f_L1"),
    **_pairs("L_type_Ca_channel_f_L2_gate", "ical.f2=f_L2"),
    **_pairs("ultra_rapid_K_current_aur_gate", "ikur.opened=a_ur"),
    **_pairs("ultra_rapid_K_current_iur_gate", "ikur.available=i_ur"),
    **_pairs("intracellular_Ca_buffering", "buffer.calmodulin=O_C buffer.troponin=O_TC"),
    **_pairs("intracellular_Ca_buffering", "buffer.troponin_ca=O_TMgC buffer.troponin_mg=O_TMgMg"),
    **_pairs("Ca_handling_by_the_SR", "buffer.calsequestrin=O_Calse calcium.carel=Ca_rel calcium.caup=Ca_up"),
    **_pairs("intracellular_ion_concentrations", "sodium.nai=Na_i calcium.cai=Ca_i calcium.cad=Ca_d potassium.ki=K_i"),
    **_pairs("cleft_space_ion_concentrations", "sodium.nac=Na_c calcium.cac=Ca_c potassium.kc=K_c"),
}


def test_maleckar_2009():
    """Their IKr has a factor of the drug AZD, which is 1.000007 without the drug; nothing depends on their state O."""
    check(
        "maleckar_2009",
        "Maleckar2008.cellml",
        MALECKAR,
        time="s",
        stimulus="membrane.i_Stim",
        constants={"delayed_rectifier_K_currents.factorAZD": 1},
        held=["intracellular_Ca_buffering.O"],
    )
    check_smooth("maleckar_2009", [0])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.mmt")), ids=lambda path: path.stem)
def test_units_agree(path):
    """Both sides of every equation have the unit that the model states, factors of ten included."""
    myokit.load_model(str(path)).check_units(myokit.UNIT_STRICT)


def _trace(name, until, dt=0.02, every=25):
    """V every 0.5 ms of one cell under the first pulse of the model's own stimulus, if it has one."""
    kernel, own = load(name), read(name).own_stimulus
    V, y, found = np.array([kernel.v_initial]), kernel.new_states(1), []
    for t in np.arange(0, until, every * dt):
        pulse = own is not None and own.start <= t < own.start + own.duration
        kernel.advance(V, y, np.array([own.amplitude]) if pulse else None, t, every * dt, every)
        found.append(V[0])
    return np.array(found)


@pytest.mark.parametrize("name", [name for name in names() if read(name).own_stimulus is not None])
def test_own_stimulus_fires(name):
    """The pulse that the file gives has the right sign and strength for an action potential."""
    start = read(name).own_stimulus.start
    V = _trace(name, start + 40)
    assert V[: int(2 * start)].max(initial=-100) < -50
    assert V[int(2 * start) :].max() > 0


def test_purkinje_fibres_drive_themselves():
    for name in ("noble_1962", "difrancesco_noble_1985"):
        V = _trace(name, 4000)
        upstrokes = np.flatnonzero((V[1:] > -20) & (V[:-1] <= -20)) / 2
        assert upstrokes.size >= 2, f"{name}: {upstrokes}"
