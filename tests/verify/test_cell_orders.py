"""Orders of the schemes of cells in dt, against CVODE at 1e-12, from both sides; what implicit Markov blocks keep."""

from functools import cache

import numpy as np
import pytest
from verify.cell_orders import MARKOV, STIFF, WINDOWS, error, exact

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.schemes import SCHEMES

CHANNEL = ("na.C2", "na.C1", "na.O", "na.I", "na.IC")
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
def end(where):
    """The function name -> V and states at the end of its window."""
    return cache(lambda name: exact(where(name), WINDOWS[name]))


@pytest.mark.parametrize(("name", "scheme"), RUNS)
def test_orders_from_both_sides(where, end, name, scheme):
    """The order in dt; a run of substeps is the run of their length."""
    kernel = load(where(name), scheme=scheme)
    first, second = (error(kernel, WINDOWS[name], factor, end(name)) for factor in (1, 2))
    low, high = {1: (0.9, 1.15), 2: (1.85, 2.25)}[SCHEMES[scheme].order]
    assert low < np.log2(first / second) < high
    assert error(kernel, WINDOWS[name], 1, end(name), substeps=4) == pytest.approx(first, rel=1e-6)


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
