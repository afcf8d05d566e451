"""The pass that saves divisions: fewer of them, the same values, and nothing that may vanish is multiplied with."""

import numpy as np
import pytest

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, power, sub
from hpc_twin.cellmodels.expressions.bounds import bounds
from hpc_twin.cellmodels.expressions.divisions import flatten_fractions
from hpc_twin.cellmodels.expressions.ir import evaluate, num, ordered, var

V, X, TIME, DT = var("v"), var("x"), var("time"), var("dt")
VALUES = {"v": np.linspace(-120, 80, 201), "x": np.linspace(0.01, 2, 201), "time": 3.0, "dt": 0.02}


def exp(slope, offset=0.0, u=V):
    return call("exp", add(mul(num(slope), u), num(offset)))


def sigmoid(slope, offset=0.0, u=V):
    return div(num(1), add(num(1), exp(slope, offset, u)))


def count(outputs):
    return sum(node.op == "div" for node in ordered(outputs))


def assert_same(before, after):
    for a, b in zip(evaluate(before, VALUES), evaluate(after, VALUES), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-13)


TAU = add(num(0.5), div(num(9), add(exp(0.1, 2), exp(-0.05, -1))))
FRACTIONS = {
    "sum": ([call("exp", div(DT, TAU))], 1),
    "product of sums": ([div(X, add(mul(sigmoid(0.2), add(sigmoid(-0.1), sigmoid(0.07))), num(2)))], 1),
    "used twice": ([div(DT, TAU), TAU], 2),
    "inner one used twice": ([div(X, add(num(1), sigmoid(0.1))), sigmoid(0.1)], 2),
    "concentration": ([div(X, add(num(1), div(num(3), add(num(1), power(X, 2)))))], 1),
    "may vanish": ([div(V, add(num(1), div(num(3), add(num(0.1), X))))], 2),
    "may overflow": ([div(V, add(num(1), sigmoid(0.1, 0, TIME)))], 2),
    "difference": ([div(V, sub(num(-2), call("neg", sigmoid(0.1))))], 1),
}


@pytest.mark.parametrize("case", FRACTIONS)
def test_quotients_of_quotients(case):
    outputs, left = FRACTIONS[case]
    flat = flatten_fractions(outputs, "v")
    assert count(flat) == left
    assert_same(outputs, flat)


def test_deep_sums_need_no_recursion():
    total = div(num(1), X)
    for k in range(5000):
        total = add(total, div(num(k + 1), add(X, num(k))))
    assert count(flatten_fractions([div(V, total)], "v")) == 5001


def test_bounds_hold():
    """Every operation that has bounds, at the ends and inside."""
    a, b = add(mul(num(0.01), V), num(7)), sub(num(0.3), mul(num(0.005), V))
    nodes = [call(op, a, b) for op in ("add", "sub", "mul", "div")] + [mul(b, b), div(b, a)]
    nodes += [call(op, a) for op in ("neg", "exp", "sqrt", "abs")] + [call("abs", b), call("sqrt", b)]
    nodes += [call("select", call("lt", V, num(3)), a, b), call("sin", a), call("pow", a, b)]
    kept = bounds(nodes, "v")
    for node, values in zip(nodes, evaluate(nodes, {"v": np.linspace(-400, 400, 801)}), strict=True):
        low, high = kept[node]
        assert (np.isnan(values) | ((values >= low) & (values <= high))).all(), node.op
    assert kept[nodes[4]][0] == 0
    assert kept[call("exp", a)][1] < 1e5
