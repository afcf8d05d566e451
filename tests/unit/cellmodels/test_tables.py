"""Tables over V: their error is checked, and where they do not hold the exact loop takes over."""

import ctypes
import re

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul
from hpc_twin.cellmodels.expressions.ir import evaluate, num, var
from hpc_twin.cellmodels.expressions.tables import FEWEST, HIGH, LOW, column, fitted, sample_points, tabulated
from hpc_twin.cellmodels.kernels import tables
from hpc_twin.compiling import report

V, X, DT = var("v"), var("x"), var("dt")
MODEL, N = "tentusscher_2006_epi", 300


def _sigmoid(half: float, slope: float):
    return div(num(1), add(num(1), call("exp", mul(num(1 / slope), add(V, num(half))))))


SMOOTH = [_sigmoid(half, 7.0) for half in range(FEWEST)]


@pytest.fixture(scope="module")
def kernels():
    """The same model exact and with tables."""
    return load(MODEL, scheme="rush_larsen"), load(MODEL, scheme="rush_larsen", tables=True)


def _stepped(kernel, V, dt=0.02, steps=1):
    V, states = V.copy(), kernel.new_states(V.size)
    for k in range(steps):
        kernel.advance(V, states, None, k * dt, dt)
    return np.vstack([V, states])


def test_smooth_columns_are_taken_and_others_stay_exact():
    steep, jump = _sigmoid(20.0, 0.05), call("select", call("lt", V, num(-40.3)), SMOOTH[0], SMOOTH[9])
    sharp = call("select", call("lt", V, num(-40.0)), SMOOTH[1], SMOOTH[8])  # a jump between two rows
    outputs = [mul(X, node) for node in (*SMOOTH, steep, jump, sharp)]
    new, columns = tabulated(outputs, "v")
    assert set(columns) == {*SMOOTH, sharp}
    assert new[-3] is outputs[-3]
    assert new[-2] is not outputs[-2], "its branches are columns"
    assert new[-1] is mul(X, column(columns.index(sharp)))


def test_a_narrower_tolerance_takes_fewer_columns():
    outputs = [mul(X, node) for node in SMOOTH]
    assert len(tabulated(outputs, "v")[1]) == len(SMOOTH)
    assert tabulated(outputs, "v", 1e-12) == (outputs, [])


def test_few_columns_and_other_variables_are_left_alone():
    outputs = [mul(X, SMOOTH[0]), call("exp", add(V, X)), call("exp", mul(V, var("time")))]
    assert tabulated(outputs, "v") == (outputs, [])


def test_the_error_found_is_that_between_the_nodes():
    """Against all V, not only those where the error is looked for."""
    points = sample_points()
    (values,) = evaluate([SMOOTH[5]], {"v": points})
    coefficients, (error,) = fitted(values[None])
    V = np.random.default_rng(1).uniform(LOW, HIGH, 20_000)
    place = (V - LOW) * (points.shape[1] / (HIGH - LOW))
    row = place.astype(int)
    found = np.polynomial.polynomial.polyval(place - row, coefficients[0][:, row], tensor=False)
    (exact,) = evaluate([SMOOTH[5]], {"v": V})
    worst = np.max(np.abs(found - exact) / np.maximum(exact, 1e-3))
    assert 0.5 * error < worst <= 1.1 * error < 1e-6


def test_the_steps_agree_to_the_tolerance(kernels):
    V = np.random.default_rng(2).uniform(-100, 50, N)
    exact, found = (_stepped(kernel, V) for kernel in kernels)
    assert not np.array_equal(exact, found)
    np.testing.assert_allclose(found, exact, rtol=2e-6)


@pytest.mark.parametrize("odd", [np.nan, -128.1, 80.0, np.inf])
def test_a_tile_outside_the_table_is_exact(kernels, odd):
    V = np.full(N, -60.0)
    V[tables.TILE + 1] = odd
    exact, found = (_stepped(kernel, V) for kernel in kernels)
    tile = slice(tables.TILE, 2 * tables.TILE)
    np.testing.assert_array_equal(found[:, tile], exact[:, tile])
    assert not np.array_equal(found[:, : tables.TILE], exact[:, : tables.TILE])


def test_each_step_has_its_own_table(kernels):
    V = np.linspace(-90, 40, N)
    for dt in (0.02, 0.005, 0.02, 0.1):
        exact, found = (_stepped(kernel, V, dt) for kernel in kernels)
        np.testing.assert_allclose(found, exact, rtol=2e-6)


def test_a_table_that_does_not_hold_is_not_used():
    made = []

    def sample(n, step, V, out):
        made.append(step)
        ctypes.memset(out, 255, 8 * n)  # NaN

    several = tables.Tables(1, sample)
    assert several.at(0.1) is None
    assert several.at(0.1) is None
    assert made == [0.1]


def test_all_cells_of_any_number_are_stepped(kernels):
    for n in (1, 7, 8, 129):
        exact, found = (_stepped(kernel, np.full(n, -50.0)) for kernel in kernels)
        np.testing.assert_allclose(found, exact, rtol=2e-6)


def test_both_loops_are_vectorised(kernels):
    exact, tabled = (
        set(re.findall(r"c:(\d+):.*loop vectorized using (?:64|32) byte", report(k.library))) for k in kernels
    )
    if not exact:
        pytest.skip("no vectors here, or another compiler")
    assert len(tabled) >= len(exact) + 2  # the loop with tables, and that of the columns


def test_few_columns_give_the_exact_kernel():
    exact, tabled = (load("hodgkin_huxley_1952", tables=t) for t in (False, True))
    assert exact.library == tabled.library
