"""Parameters as arguments, and compiled expressions: both against the equations themselves."""

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.kernels.evaluator import evaluator, rates
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.parallel import InputError

NAME, VARYING = "tentusscher_2006_epi", ("ikr.g", "ical.g")
V = np.linspace(-90, 40, 301)


def _states(kernel):
    return kernel.new_states(V.size) * np.random.default_rng(3).uniform(0.8, 1.2, V.size)


def test_rates_are_those_of_the_equations():
    equations = read(NAME)
    states = _states(load(NAME))
    found = rates(equations)(V, states, stimulus=np.full(V.size, 2.5))
    v_rate, others = equations.rhs(V, states, stimulus=2.5)
    np.testing.assert_allclose(found[0], v_rate, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[1:], others, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("factors", [(1.0, 1.0), (0.5, 1.7)])
def test_a_parameter_as_argument_is_the_parameter_folded_in(factors):
    folded = load(NAME, parameters=dict(zip(VARYING, (f"{f}x" for f in factors), strict=True)))
    free = load(NAME, varying=VARYING)
    values = free.defaults * factors
    a, b, c = (V.copy() for _ in range(3))
    sa, sb, sc = (_states(folded) for _ in range(3))
    folded.advance(a, sa, None, 0.0, 0.1, 5)
    free.advance(b, sb, None, 0.0, 0.1, 5, values)
    free.advance(c, sc, None, 0.0, 0.1, 5, np.repeat(values[:, None], V.size, axis=1))
    np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(b, c)
    np.testing.assert_array_equal(sb, sc)


def test_every_cell_has_its_own():
    kernel = load(NAME, varying=VARYING)
    parameters = kernel.new_parameters(V.size)
    parameters[1, ::2] = 0.0
    ours, plain, blocked = (V.copy() for _ in range(3))
    kernel.advance(ours, _states(kernel), None, 0.0, 0.1, 5, parameters)
    kernel.advance(plain, _states(kernel), None, 0.0, 0.1, 5)
    kernel.advance(blocked, _states(kernel), None, 0.0, 0.1, 5, kernel.defaults * (1, 0))
    np.testing.assert_array_equal(ours[1::2], plain[1::2])
    np.testing.assert_array_equal(ours[::2], blocked[::2])
    assert np.abs(blocked - plain).max() > 1e-3


def test_evaluates_with_parameters():
    equations = read(NAME, varying=["ikr.g"])
    states = _states(load(NAME))
    found = evaluator(equations, [equations.v_rate])(V, states, parameters=np.array([0.3]))
    np.testing.assert_allclose(found[0], equations.rhs(V, states, parameters={"ikr.g": 0.3})[0], rtol=1e-12, atol=1e-12)


def test_unknown_varying_parameters_are_named():
    with pytest.raises(InputError, match=r"ikr\.gg.*ikr\.g"):
        load(NAME, varying=["ikr.gg"])


def test_wrong_shapes_are_refused():
    kernel = load(NAME, varying=VARYING)
    with pytest.raises(ValueError, match="parameters"):
        kernel.advance(V.copy(), kernel.new_states(V.size), None, 0.0, 0.1, 1, np.zeros(3))
    with pytest.raises(ValueError, match="membrane potential"):
        kernel.advance(None, kernel.new_states(V.size), None, 0.0, 0.1)
