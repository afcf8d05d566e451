"""Orders of the schemes of cells in dt, against CVODE at 1e-12, from both sides; what implicit Markov blocks keep."""

from functools import cache

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.cellmodels.schemes import SCHEMES
from hpc_twin.singlecell.cvode import solve

# A sodium channel of five states with rates up to 400/ms, a delayed rectifier and a leak.
MARKOV = """[[model]]
membrane.V = -85
na.C2 = 0.9
na.C1 = 0.06
na.O  = 0
na.I  = 0.02
na.IC = 0.02
ca.c  = 0.01
k.n   = 0.05
[engine]
time = 0 [ms] bind time
    in [ms]
[membrane]
dot(V) = -(15 [mS/uF] * na.O * (V - 55 [mV]) + 0.5 [mS/uF] * k.n^2 * (V + 90 [mV]) + 0.05 [mS/uF] * (V + 85 [mV]))
    in [mV]
    label membrane_potential
[na]
use membrane.V
a = 400 [1/ms] / (1 + exp(-(V + 25 [mV]) / 9 [mV]))
    in [1/ms]
b = 150 [1/ms] / (1 + exp((V + 35 [mV]) / 11 [mV]))
    in [1/ms]
shut = 5 [1/ms] / (1 + exp(-(V + 50 [mV]) / 6 [mV]))
    in [1/ms]
free = 0.3 [1/ms] / (1 + exp((V + 65 [mV]) / 5 [mV]))
    in [1/ms]
dot(C2) = b * C1 + free * IC - (a + shut) * C2
dot(C1) = a * C2 + b * O - (b + a) * C1
dot(O) = a * C1 + 0.1 * free * I - (b + shut) * O
dot(I) = shut * O + a * IC - (0.1 * free + b) * I
dot(IC) = shut * C2 + b * I - (free + a) * IC
[ca]
dot(c) = 0.1 [1/ms] * na.O - 60 [1/ms] * c^2 / (0.02 + c)
[k]
dot(n) = (1 / (1 + exp(-(membrane.V + 20 [mV]) / 8 [mV])) - n) / 4 [ms]
"""
STIFF = "a stiff Markov channel"
CHANNEL = ("na.C2", "na.C1", "na.O", "na.I", "na.IC")

# model -> (V at the start, length in ms, steps per ms of the coarser of two runs): no branch is crossed on the way
WINDOWS = {
    "tentusscher_2006_epi": (-30.0, 3.0, 200),
    "luo_rudy_1991": (-30.0, 3.0, 500),
    "ohara_rudy_cipa_2017": (-30.0, 3.0, 400),
    STIFF: (-40.0, 2.0, 2000),
}
RUNS = [(name, scheme) for name in ("luo_rudy_1991", STIFF) for scheme in SCHEMES]
RUNS += [("tentusscher_2006_epi", scheme) for scheme in ("rush_larsen", "forward_euler", "grl2", "auto2")]
RUNS += [("ohara_rudy_cipa_2017", "auto")]


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    """The function name -> library name or path."""
    path = tmp_path_factory.mktemp("models") / "markov.mmt"
    path.write_text(MARKOV)
    return lambda name: path if name == STIFF else name


@pytest.fixture(scope="module")
def exact(where):
    """The function name -> V and states at the end of its window by CVODE, shape (1 + n_states,)."""

    @cache
    def run(name):
        equations, (v, until, _) = read(where(name)), WINDOWS[name]
        start = v, np.array(equations.initial)
        found = solve(equations, [0.0, until], initial=start, rtol=1e-12, atol=1e-15)
        return np.append(found.V[-1], found.states[:, -1])

    return run


def _error(kernel, window, factor, exact, substeps=1):
    """The largest error of V and states, relative to each one's size or to 1e-6."""
    v, until, per_ms = window
    V, states, dt = np.array([v]), kernel.new_states(1), substeps / (per_ms * factor)
    for k in range(round(until / dt)):
        kernel.advance(V, states, None, k * dt, dt, substeps)
    return (np.abs(np.append(V, states[:, 0]) - exact) / np.maximum(np.abs(exact), 1e-6)).max()


@pytest.mark.parametrize(("name", "scheme"), RUNS)
def test_orders_from_both_sides(where, exact, name, scheme):
    """The order in dt; a run of substeps is the run of their length."""
    kernel, end = load(where(name), scheme=scheme), exact(name)
    first, second = (_error(kernel, WINDOWS[name], factor, end) for factor in (1, 2))
    low, high = {1: (0.9, 1.15), 2: (1.85, 2.25)}[SCHEMES[scheme].order]
    print(f"| {name} | {scheme} | {np.log2(first / second):.2f} | {second:.1e} |")
    assert low < np.log2(first / second) < high
    assert _error(kernel, WINDOWS[name], 1, end, substeps=4) == pytest.approx(first, rel=1e-6)


def _beats(kernel, dt):
    """V and states at all times of two stimulated beats of 50 ms in 7 cells, shape (1 + n_states, n)"""
    V, found = np.linspace(-95.0, 40.0, 7), []
    states, stimulus = kernel.new_states(7), np.full(7, 40.0)
    for k in range(round(100 / dt)):
        kernel.advance(V, states, stimulus if k * dt % 50 < 1 else None, k * dt, dt)
        found.append(np.vstack([V, states]))
    return np.hstack(found)


@pytest.mark.parametrize("dt", [0.02, 0.05, 0.2])
def test_a_stiff_markov_channel_stays_a_distribution(where, dt):
    """Rates of 400/ms: forward Euler and Rush-Larsen leave [0, 1], the implicit block does not, at any dt."""
    kernel = load(where(STIFF))
    rows = [1 + kernel.state_names.index(name) for name in CHANNEL]
    assert {m.method for m in kernel.methods if m.state in CHANNEL} == {"implicit"}
    found = _beats(kernel, dt)
    occupancies = found[rows]
    assert np.abs(found[0]).max() < 100
    assert occupancies.min() > -1e-12 and occupancies.max() < 1 + 1e-12
    np.testing.assert_allclose(occupancies.sum(axis=0), 1, atol=1e-12)
    explicit = _beats(load(where(STIFF), scheme="forward_euler"), dt)[rows]
    assert not (np.isfinite(explicit).all() and explicit.min() > -1 and explicit.max() < 2)


def test_two_stages_keep_the_sum_and_stay_bounded(where):
    """ROS2 damps what is stiff; it may undershoot 0 by a little."""
    kernel = load(where(STIFF), scheme="auto2")
    occupancies = _beats(kernel, 0.05)[[1 + kernel.state_names.index(name) for name in CHANNEL]]
    np.testing.assert_allclose(occupancies.sum(axis=0), 1, atol=1e-12)
    assert occupancies.min() > -0.2 and occupancies.max() < 1.2
