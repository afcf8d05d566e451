"""The expression graph: sharing, folding, derivatives."""

import numpy as np
import pytest

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, power, sub
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
from hpc_twin.cellmodels.expressions.ir import depends, evaluate, num, ordered, var

X, Y = var("x"), var("y")


def test_equal_expressions_are_one_object():
    assert add(mul(X, Y), num(1)) is add(mul(X, Y), num(1))
    assert add(X, Y) is not add(Y, X)
    assert len(ordered([mul(call("exp", X), call("exp", X))])) == 3


def test_an_expression_is_frozen():
    with pytest.raises(AttributeError):
        X.op = "num"


def test_positive_and_negative_zero_stay_apart():
    assert num(0.0) is not num(-0.0)


def test_a_deep_expression_needs_no_recursion():
    chain = X
    for _ in range(20000):
        chain = add(call("sin", chain), Y)
    assert len(ordered([chain])) == 40002
    assert depends([chain])[chain] == {"x", "y"}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (add(X, num(0)), X),
        (mul(num(1), X), X),
        (mul(X, num(0)), num(0)),
        (sub(X, call("neg", Y)), add(X, Y)),
        (call("neg", call("neg", X)), X),
        (mul(num(2), mul(num(3), X)), mul(num(6), X)),
        (div(X, num(4)), mul(num(0.25), X)),
        (call("pow", X, num(2)), Expr2 := mul(X, X)),
        (call("pow", X, num(4)), mul(Expr2, Expr2)),
        (call("pow", X, num(0.5)), call("sqrt", X)),
        (call("select", call("lt", num(1), num(2)), X, Y), X),
        (call("exp", num(0)), num(1)),
    ],
)
def test_folding(made, expected):
    assert made is expected


@pytest.mark.parametrize("n", [-7, -1, 0, 1, 2, 3, 13, 16])
def test_integer_powers(n):
    assert evaluate([power(X, n)], {"x": 1.3})[0] == pytest.approx(1.3**n, rel=1e-14)


FUNCTIONS = [
    div(call("exp", mul(X, Y)), add(num(2), call("sin", X))),
    call("pow", X, Y),
    call("log", add(call("sqrt", X), call("log10", X))),
    call("select", call("lt", X, num(1)), mul(X, X), sub(Y, call("cos", X))),
    add(call("atan", X), call("abs", sub(num(0.5), X))),
    call("tan", mul(X, num(0.3))),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_derivative_against_differences(function):
    h, values = 1e-6, {"x": np.array([1.3, 2.1]), "y": np.array([0.7, -0.4])}
    exact = evaluate([derivative(function, X)], values)[0]
    high, low = (evaluate([function], {**values, "x": values["x"] + d})[0] for d in (h, -h))
    np.testing.assert_allclose(exact, (high - low) / (2 * h), rtol=1e-7)


def test_what_has_no_derivative_says_so():
    with pytest.raises(NoDerivative):
        derivative(call("floor", X), X)
    assert derivative(call("floor", Y), X).value == 0


@pytest.mark.parametrize(("top", "bottom"), [(sub, add), (add, sub)], ids=["tanh", "coth"])
def test_hyperbolic_functions_survive_large_arguments(top, bottom):
    x = var("x")
    growth = call("exp", mul(num(2), x))
    values = np.array([-400.0, -3.0, -0.1, 0.3, 2.0, 400.0])
    found = evaluate([div(top(growth, num(1)), bottom(growth, num(1)))], {"x": values})[0]
    expected = np.tanh(values) if top is sub else 1 / np.tanh(values)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert found[-1] == 1 and found[0] == -1
