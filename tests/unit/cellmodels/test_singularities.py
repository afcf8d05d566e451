"""Limits of quotients that are 0/0 at some V."""

import numpy as np
import pytest

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.calculus import derivative
from hpc_twin.cellmodels.expressions.ir import evaluate, num, ordered, var
from hpc_twin.cellmodels.expressions.singularities import guard_singularities

V, X, P = var("V"), var("x"), var("p")


def _z(v0=-40.0, k=10.0):
    return div(sub(V, num(v0)), num(k))


def _expm1(z):
    return sub(call("exp", z), num(1))


def _exact(v, v0=-40.0, k=10.0):
    """z/(exp(z) - 1)."""
    z = np.asarray((v - v0) / k)
    return np.where(z == 0, 1.0, z / np.where(z == 0, 1.0, np.expm1(z)))


def _near(v0=-40.0):
    d = np.concatenate([[0.0], np.geomspace(1e-12, 50, 400)])
    return np.concatenate([v0 + d, v0 - d])


@pytest.mark.parametrize(
    ("quotient", "limit"),
    [
        (div(_z(), _expm1(_z())), _exact),
        (div(mul(num(0.32), sub(V, num(-40))), sub(num(1), call("exp", mul(num(-0.1), sub(V, num(-40)))))),
         lambda v: 3.2 * _exact(v, k=-10.0)),
        (mul(_z(), mul(num(3), div(num(1), _expm1(_z())))), lambda v: 3 * _exact(v)),
        (mul(div(X, _expm1(_z())), mul(num(2), _z())), lambda v: 2 * 0.7 * _exact(v)),
        (div(num(1), div(_expm1(_z()), _z())), _exact),
        (div(_expm1(_z()), _z()), lambda v: 1 / _exact(v)),
        (call("neg", div(call("neg", _z()), call("neg", _expm1(_z())))), lambda v: -_exact(v)),
        (call("exp", div(_z(), _expm1(_z()))), lambda v: np.exp(_exact(v))),
    ],
)  # fmt: skip
def test_the_limit_is_exact_to_ten_digits(quotient, limit):
    (guarded,) = guard_singularities([quotient], "V", {})
    v = _near()
    found = evaluate([guarded], {"V": v, "x": 0.7})[0]
    np.testing.assert_allclose(found, limit(v), rtol=2e-10)
    assert not np.isfinite(evaluate([quotient], {"V": -40.0, "x": 0.7})[0])


def test_the_goldman_flux_whose_numerator_is_a_sum():
    """V (c_i e^z - c_o)/(e^z - 1), also with V multiplied out, at c_i = x."""
    z = div(V, num(12.5))
    driving = sub(mul(X, call("exp", z)), num(1.8))
    expanded = sub(mul(mul(V, X), call("exp", z)), mul(num(1.8), V))
    for numerator in (mul(V, driving), expanded):
        (guarded,) = guard_singularities([div(numerator, _expm1(z))], "V", {})
        v = _near(0.0)
        exact = (0.7 * np.exp(v / 12.5) - 1.8) * 12.5 * _exact(v, 0.0, 12.5)
        np.testing.assert_allclose(evaluate([guarded], {"V": v, "x": 0.7})[0], exact, rtol=2e-9, atol=1e-9)


def test_poles_stay_and_safe_quotients_are_left_alone():
    for quotient in (
        div(num(1), _expm1(_z())),
        div(X, _expm1(_z())),
        div(sub(V, num(-39)), _expm1(_z())),
        div(_z(), add(call("exp", _z()), num(1))),
        div(V, X),
        div(num(1), call("sin", V)),
    ):
        assert guard_singularities([quotient], "V", {}) == [quotient]


def test_what_the_model_guards_itself_is_left_alone():
    quotient = div(_z(), _expm1(_z()))
    own = call("select", call("lt", call("abs", sub(V, num(-40))), num(1e-6)), num(1), quotient)
    assert guard_singularities([own], "V", {}) == [own]
    other = call("select", call("lt", V, num(-60)), num(1), quotient)
    assert guard_singularities([other], "V", {}) != [other]


def test_shared_quotients_are_guarded_once_and_the_derivative_is_finite():
    quotient = div(_z(), _expm1(_z()))
    outputs = guard_singularities([mul(X, quotient), mul(num(3), quotient), add(quotient, X)], "V", {})
    assert sum(node.op == "select" for node in ordered(outputs)) == 1
    slope = evaluate([derivative(outputs[2], V)], {"V": -40.0, "x": 0.0})[0]
    assert slope == pytest.approx(-0.05, rel=1e-4)


def test_varying_parameters_may_scale_the_width_but_not_the_place():
    z = mul(P, sub(V, num(-40)))
    (guarded,) = guard_singularities([div(z, _expm1(z))], "V", {"p": 0.1})
    for p in (0.05, 0.1, 0.3):
        found = evaluate([guarded], {"V": _near(), "p": p})[0]
        np.testing.assert_allclose(found, _exact(_near(), k=1 / p), rtol=2e-9)
    moved = div(sub(V, P), _expm1(sub(V, P)))
    assert guard_singularities([moved], "V", {"p": -40.0}) == [moved]


def test_plateaus_and_waves_cost_nothing():
    step = call("select", call("lt", V, num(0)), num(0), V)
    assert guard_singularities([div(V, step)], "V", {}) == [div(V, step)]
    wave = div(V, call("sin", mul(num(5), V)))
    assert guard_singularities([wave], "V", {}) == [wave]
