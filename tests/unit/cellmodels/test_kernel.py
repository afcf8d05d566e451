"""Compiled kernels against the reference files and against their own equations."""

import time

import numpy as np
import pytest
from verify.library_rhs import assert_close, by_numpy, random_states

from hpc_twin.cellmodels import load, load_all, names
from hpc_twin.cellmodels.kernels.evaluator import rates
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.parallel import InputError


@pytest.mark.parametrize("name", names())
def test_kernels_agree_with_their_equations_and_stay_finite(compiled_rhs, name):
    """Odd numbers of cells (remainder loops), V = 15 mV (0/0 in the Goldman current) and extremes among them."""
    kernel, equations = load(name), read(name)
    V, states = random_states(equations, 1003)
    V[:8] = 15.0, 15.0 + 1e-9, 15.0 - 1e-6, -40.0, -200.0, 200.0, 0.0, -80.0
    ours, expected = compiled_rhs(name, V, states), by_numpy(equations, V, states)
    assert np.isfinite(ours).all()
    assert_close([equations.v, *equations.states], ours, expected, V)
    kernel.advance(V, states, None, 0.0, 0.01)
    assert np.isfinite(V).all() and np.isfinite(states).all()


def test_the_goldman_current_is_smooth_where_it_is_0_by_0(compiled_rhs):
    """dV/dt within 0.01 mV of V = 15 mV is a parabola to ten digits, on both sides of the switch to the series."""
    kernel, d = load("tentusscher_2006_epi"), np.linspace(-0.01, 0.01, 4001)
    states = kernel.new_states(d.size)
    states[kernel.state_names.index("ical.d")] = 1.0
    rate = compiled_rhs("tentusscher_2006_epi", 15.0 + d, states)[0]
    smooth = np.polyval(np.polyfit(d, rate, 2), d)
    np.testing.assert_allclose(rate, smooth, rtol=1e-9)


def test_stimulus_adds_to_v_and_its_ions_to_potassium():
    kernel = load("tentusscher_2006_epi")
    runs = []
    for stimulus in (None, np.zeros(5), np.full(5, 2.0)):
        V, states = np.full(5, kernel.v_initial), kernel.new_states(5)
        kernel.advance(V, states, stimulus, 0.0, 0.01)
        runs.append((V, states[kernel.state_names.index("potassium.ki")]))
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_allclose(runs[2][0] - runs[0][0], 0.02, rtol=1e-9)
    np.testing.assert_allclose(runs[2][1] - runs[0][1], 0.02 * 0.185 / (0.016404 * 96485.3415), rtol=1e-6)


def test_a_model_without_stimulus_takes_one(toy):
    kernel = load(toy("-x / tau"))
    V = np.array([-80.0])
    kernel.advance(V, kernel.new_states(1), np.array([3.0]), 0.0, 0.1)
    assert V[0] == pytest.approx(-79.7)


def test_many_models_load_at_once():
    requests = [
        {"name_or_path": "mitchell_schaeffer_2003"},
        {"name_or_path": "beeler_reuter_1977", "scheme": "forward_euler"},
    ]
    kernels = load_all(requests)
    assert [k.name for k in kernels] == [request["name_or_path"] for request in requests]
    assert kernels[1].scheme == "forward_euler" and kernels[1].library == load(**requests[1]).library
    with pytest.raises(InputError, match="beeler_reuter_1977"):
        load_all([requests[0], {"name_or_path": "beeler_reuter_1976"}])


def test_substeps_are_steps():
    kernel = load("tentusscher_2006_epi")
    V, states = random_states(read("tentusscher_2006_epi"), 600)
    V2, states2 = V.copy(), states.copy()
    kernel.advance(V, states, None, 0.0, 0.08, substeps=4)
    for k in range(4):
        kernel.advance(V2, states2, None, k * 0.02, 0.02)
    np.testing.assert_allclose(V, V2, rtol=1e-14)
    np.testing.assert_allclose(states, states2, rtol=1e-14)


def test_nan_stays_nan_and_in_its_cell():
    kernel = load("tentusscher_2006_epi")
    V, states = np.full(40, -80.0), kernel.new_states(40)
    V[3], states[0, 17], states[12, 30] = np.nan, np.nan, np.nan
    kernel.advance(V, states, None, 0.0, 0.01, substeps=2)
    assert set(np.flatnonzero(np.isnan(V))) == {3, 17, 30}
    assert not np.isnan(np.delete(states, [3, 17, 30], axis=1)).any()


@pytest.mark.parametrize("n", [1, 511, 512, 4096])
def test_rows_do_not_lie_whole_pages_apart(n):
    kernel = load("tentusscher_2006_epi")
    states = kernel.new_states(n)
    assert states.shape == (kernel.n_states, n) and states.strides[0] % 4096
    np.testing.assert_array_equal(states, np.repeat(kernel.initial[:, None], n, axis=1))
    V = np.full(n, -20.0)
    found = rates(read("tentusscher_2006_epi"))(V, states)
    np.testing.assert_allclose(found, np.repeat(found[:, :1], n, axis=1), rtol=1e-12)  # but for the order of rounding


def test_rows_may_be_farther_apart_than_cells():
    kernel = load("mitchell_schaeffer_2003")
    wide = np.full((1, 16), 0.5)
    kernel.advance(np.full(10, -80.0), wide[:, :10], None, 0.0, 1.0)
    assert (wide[0, :10] != 0.5).all() and (wide[0, 10:] == 0.5).all()


@pytest.mark.parametrize("wrong", ["shape", "type", "strided"])
def test_arrays_that_do_not_fit_are_refused(wrong):
    kernel = load("mitchell_schaeffer_2003")
    V, states = np.full(6, -80.0), kernel.new_states(6)
    states = {"shape": states[:, :5], "type": states.astype(np.float32), "strided": np.ones((6, 2)).T[:1]}[wrong]
    with pytest.raises(ValueError, match="states"):
        kernel.advance(V, states, None, 0.0, 0.01)


def _apd90(times, V):
    """From the crossing of 90 % repolarisation upwards to that downwards, linearly interpolated."""
    level = V.max() - 0.9 * (V.max() - V[0])
    crossed = np.flatnonzero(np.diff(V > level))
    at = times[crossed] + (level - V[crossed]) / (V[crossed + 1] - V[crossed]) * (times[1] - times[0])
    return at[-1] - at[0]


def test_one_beat_against_an_accurate_integrator(accurate):
    """Rush-Larsen at dt = 0.01 ms against LSODA at 1e-10: APD90 within 0.1 %, V within 0.5 mV from 5 ms on."""
    kernel, times = load("tentusscher_2006_epi"), np.arange(0.0, 400.0, 0.5)
    exact = accurate("tentusscher_2006_epi", ((0.0, 1.0, 52.0), (1.0, 400.0, 0.0)), times)[0, :-1]
    V, states, ours = np.array([kernel.v_initial]), kernel.new_states(1), []
    for t in times:
        ours.append(V[0])
        kernel.advance(V, states, np.array([52.0]) if t < 1 else None, t, 0.5, 50)
    assert _apd90(times, np.array(ours)) == pytest.approx(_apd90(times, exact), rel=1e-3)
    assert np.abs(np.array(ours) - exact)[times > 5].max() < 0.5


def test_a_call_costs_less_than_20_microseconds():
    kernel = load("mitchell_schaeffer_2003")
    V, states = np.full(1, -80.0), kernel.new_states(1)
    best = np.inf
    for _ in range(20):
        start = time.perf_counter()
        for _ in range(100):
            kernel.advance(V, states, None, 0.0, 0.01)
        best = min(best, (time.perf_counter() - start) / 100)
    assert best < 20e-6


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("tentuscher_2006_epi", {}, ["did you mean 'tentusscher_2006_epi'?", "mitchell_schaeffer_2003"]),
        ("tentusscher_2006_epi", {"scheme": "rush_larson"}, ["did you mean 'rush_larsen'?", "forward_euler"]),
        ("tentusscher_2006_epi", {"parameters": {"ical.gg": 1}}, ["did you mean 'ical.g'?", "ikr.g"]),
        ("tentusscher_2006_epi", {"parameters": {"ical.g": "-1x"}}, ["ical.g", "'-1x'", "must not be negative"]),
        ("tentusscher_2006_epi", {"parameters": {"ical.g": "half"}}, ["ical.g", "'half'", "0.5x"]),
        ("tentusscher_2006_epi", {"parameters": {"ical.g": float("nan")}}, ["ical.g", "finite"]),
        ("nowhere/model.mmt", {}, ["nowhere/model.mmt", "No such file"]),
    ],
)
def test_what_is_unknown_is_named(name, options, words):
    with pytest.raises(InputError) as error:
        load(name, **options)
    assert all(word in str(error.value) for word in words)


def test_parameters_scale_or_replace():
    base = read("tentusscher_2006_epi")
    half = read("tentusscher_2006_epi", {"ikr.g": "0.5x"})
    same = read("tentusscher_2006_epi", {"ikr.g": 0.0765})
    none = read("tentusscher_2006_epi", {"ikr.g": 0})
    rates = [e.rhs(-20.0, e.initial)[0] for e in (base, half, same, none)]
    assert rates[1] == rates[2]
    assert rates[3] - rates[0] == pytest.approx(2 * (rates[1] - rates[0]), rel=1e-9)
