"""CVODE against exact solutions: a decay with a pulse, and a model that ends in finite time."""

import numpy as np
import pytest

from hpc_twin.cellmodels.equations import Equations, Parameter
from hpc_twin.cellmodels.expressions.ir import Expr, num, var
from hpc_twin.parallel import InputError, RunError
from hpc_twin.singlecell.cvode import solve
from hpc_twin.singlecell.protocol import paced


def decay() -> Equations:
    """dV/dt = -k V + stimulus, ds/dt = V."""
    rate = Expr("add", (Expr("neg", (Expr("mul", (var("k"), var("V"))),)), var("stimulus")))
    parameters = {"k": Parameter(0.5)}
    return Equations("decay", "V", rate, 0.0, ("s",), (var("V"),), (0.0,), ("k",), parameters)


def exact(t, k, on, off, strength):
    """V of ``decay`` under one pulse."""
    grown = strength / k * (1 - np.exp(-k * (np.clip(t, on, off) - on)))
    return grown * np.exp(-k * (np.maximum(t, off) - off))


@pytest.mark.parametrize("compiled", [True, False])
def test_solution_is_exact_across_the_edges_of_the_stimulus(compiled):
    t = np.array([0.0, 2.3, 2.7, 3.0, 9.0])
    found = solve(decay(), t, stimulus=[(2.5, 3.5, 40.0)], parameters={"k": 0.2}, compiled=compiled)
    assert found.V == pytest.approx(exact(t, 0.2, 2.5, 3.5, 40.0), rel=1e-6, abs=1e-6)
    assert found.states.shape == (1, 5)


def test_a_train_adds_up():
    t = np.linspace(0, 25, 11)
    found = solve(decay(), t, stimulus=paced(10.0, 40.0, 1.0, 1.0, beats=2))
    assert found.V == pytest.approx(exact(t, 0.5, 1, 2, 40) + exact(t, 0.5, 11, 12, 40), rel=1e-6, abs=1e-6)


def test_a_pulse_that_ends_at_a_wanted_time_and_one_that_is_on_at_the_start():
    found = solve(decay(), [1.0, 2.0, 3.0], stimulus=[(0.0, 2.0, 40.0)])
    assert found.V == pytest.approx([0.0, *exact(np.array([2.0, 3.0]), 0.5, 1, 2, 40)], rel=1e-6, abs=1e-6)


def test_blow_up_is_told(capfd):
    square = Equations("grows", None, None, None, ("x",), (Expr("mul", (var("x"), var("x"))),), (1.0,))
    assert solve(square, [0.0, 0.5]).states[0, 1] == pytest.approx(2.0, rel=1e-6)
    with pytest.raises(RunError, match="grows: the model blew up at t = 1 ms"):
        solve(square, [0.0, 2.0])
    assert capfd.readouterr() == ("", "")


def test_nan_is_told():
    with pytest.raises(RunError, match="blew up at t = 0"):
        solve(Equations("root", None, None, None, ("x",), (Expr("sqrt", (num(-1.0),)),), (1.0,)), [0.0, 1.0])


def test_unknown_parameter():
    with pytest.raises(InputError, match="'kk' is no varying parameter; did you mean 'k'"):
        solve(decay(), [0, 1], parameters={"kk": 1})
