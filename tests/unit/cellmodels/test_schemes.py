"""Gates found by structure, and their exact steps."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.cellmodels.schemes import plan

GATES = {
    "(0.5 - x) / tau": True,
    "0.3 [1/ms] * exp(membrane.V / 20 [mV]) * (1 - x) - 0.2 [1/ms] * x": True,
    "if(membrane.V < -40 [mV], (1 - x) / tau, -x / tau)": True,
    "-x / tau": True,
    "-x^2 / tau": False,
    "-x / (tau + x)": False,
    "0.1 [1/ms]": False,
    "if(x < 0.5, (1 - x) / tau, -x / tau)": False,
    "-floor(x)": False,
}


def _methods(path, scheme="rush_larsen"):
    return {m.state: m.method for m in plan(read(path), scheme).methods}


@pytest.mark.parametrize(("rate", "is_gate"), GATES.items())
def test_gates_are_found_by_structure(toy, rate, is_gate):
    assert _methods(toy(rate)) == {
        "membrane.V": "forward_euler",
        "gate.x": "rush_larsen" if is_gate else "forward_euler",
    }


@pytest.mark.parametrize("rate", [rate for rate, is_gate in GATES.items() if is_gate])
def test_rush_larsen_is_exact_while_v_rests(toy, rate):
    """With V at its reversal potential it stays there, and a step of any length is the exact solution."""
    kernel = load(toy(rate))
    equations = read(toy(rate))
    V, states = np.full(3, -80.0), kernel.new_states(3)
    kernel.advance(V, states, None, 0.0, 7.0)
    exact = solve_ivp(lambda t, y: equations.rhs(-80.0, y)[1], (0, 7), [0.2], rtol=1e-11, atol=1e-13).y[0, -1]
    np.testing.assert_allclose(states, exact, rtol=1e-8)
    np.testing.assert_array_equal(V, -80.0)


def test_a_gate_that_stands_still_is_no_division_by_zero(toy):
    """alpha = beta = 0: f/b would be 0/0."""
    rate = "if(membrane.V < 0 [mV], 0 [1/ms], 1 [1/ms]) * (1 - x) - 0 [1/ms] * x"
    kernel = load(toy(rate))
    states = kernel.new_states(2)
    kernel.advance(np.full(2, -80.0), states, None, 0.0, 1.0)
    assert kernel.methods[1].method == "rush_larsen"
    np.testing.assert_array_equal(states, 0.2)


@pytest.mark.parametrize("k", ["1e-12", "1e-15", "1e-17"])
def test_a_slow_decay_keeps_its_digits(toy, k):
    """x' = 1 - k x with k dt below a rounding error: x = 0.2 + t to 1e-7, by Rush-Larsen."""
    kernel = load(toy(f"1 [1/ms] - {k} [1/ms] * x"))
    states = kernel.new_states(1)
    kernel.advance(np.full(1, -80.0), states, None, 0.0, 100.0, 5000)
    assert kernel.methods[1].method == "rush_larsen"
    assert states[0, 0] == pytest.approx(100.2, rel=1e-7)
