"""Blocks of states: how they are found, and the written-out solver against numpy's."""

import numpy as np
import pytest

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.ir import evaluate, num, ordered, var
from hpc_twin.cellmodels.expressions.substitution import substituted
from hpc_twin.cellmodels.schemes.implicit import GAMMA, cost, elimination, implicit_euler, rosenbrock2
from hpc_twin.cellmodels.schemes.structure import coupled, jacobian, linear_blocks

V, X, Y, Z, C = (var(name) for name in ("V", "x", "y", "z", "c"))


def _channel(n, seed):
    """The generator (n, n) of a random Markov chain with rates from 0.01 to 1000/ms, sparse but for a ring."""
    random = np.random.default_rng(seed)
    rates = 10 ** random.uniform(-2, 3, (n, n)) * (random.random((n, n)) < 2 / n)
    rates += np.roll(np.eye(n), 1, axis=0)
    np.fill_diagonal(rates, 0)
    return rates - np.diag(rates.sum(axis=0))


def _linear(matrix):
    """States s0, s1, ... and their rates M s."""
    x = [var(f"s{k}") for k in range(len(matrix))]
    f = []
    for row in matrix:
        rate = num(0)
        for weight, s in zip(row, x, strict=True):
            rate = add(rate, mul(num(weight), s))
        f.append(rate)
    return x, f


def _values(outputs, x, start, dt):
    return np.array(evaluate(outputs, {**{s.args[0]: v for s, v in zip(x, start, strict=True)}, "dt": dt}))


@pytest.mark.parametrize("n", [2, 7, 20])
@pytest.mark.parametrize("dt", [1e-3, 0.05, 10.0])
def test_a_linear_block_takes_backward_euler(n, dt):
    matrix, start = _channel(n, seed=n), np.random.default_rng(n).dirichlet(np.ones(n))
    x, f = _linear(matrix)
    gains = _values(implicit_euler(x, f), x, start, dt)
    np.testing.assert_allclose(start + gains, np.linalg.solve(np.eye(n) - dt * matrix, start), rtol=1e-9, atol=1e-14)
    assert (start + gains).min() > -1e-14
    assert abs(gains.sum()) < 1e-12


@pytest.mark.parametrize("dt", [1e-3, 0.05, 10.0])
def test_two_stages_of_a_linear_block_are_the_rational_function_of_order_two(dt):
    """R(z) = (1 + (1 - 2 g) z)/(1 - g z)^2, which is 0 at minus infinity."""
    n = 6
    matrix, start = _channel(n, seed=3), np.full(n, 1 / n)
    x, f = _linear(matrix)
    gains = _values(rosenbrock2(x, f), x, start, dt)
    one, z = np.eye(n), dt * matrix
    inverse = np.linalg.inv(one - GAMMA * z)
    np.testing.assert_allclose(start + gains, inverse @ inverse @ (start + (1 - 2 * GAMMA) * z @ start), rtol=1e-8)
    assert abs(gains.sum()) < 1e-12


def test_a_chain_is_eliminated_without_fill():
    n = 50
    chain = {(i, j) for i in range(n) for j in range(n) if abs(i - j) < 2}
    pivots = elimination(chain, n)
    assert sorted(p.k for p in pivots) == list(range(n))
    assert max(len(p.rows) for p in pivots) == 1
    assert cost(chain, n) < 6 * n
    x, f = _linear(np.array([[float((i, j) in chain) for j in range(n)] for i in range(n)]))
    assert len(ordered(implicit_euler(x, f))) < 20 * n


def test_a_hub_is_eliminated_last():
    star = {(0, j) for j in range(9)} | {(j, 0) for j in range(9)}
    assert [p.k for p in elimination(star, 9)][-2:] in ([0, 8], [8, 0])


def test_a_pivot_near_zero_gives_no_infinity():
    """ds/dt = s/dt: I - dt J is singular."""
    step = implicit_euler([X, Y], [mul(num(10.0), X), sub(X, Y)])
    assert np.isfinite(evaluate(step, {"x": 1.0, "y": 1.0, "dt": 0.1})).all()


RATES = {
    "a channel": ({"x": sub(mul(V, Y), X), "y": sub(X, mul(V, Y))}, [("x", "y")]),
    "two gates": ({"x": sub(V, X), "y": sub(V, Y)}, []),
    "a chain": ({"x": sub(V, X), "y": sub(X, Y)}, []),
    "product": ({"x": sub(mul(X, Y), X), "y": sub(X, Y)}, []),
    "a receptor and its ligand": (
        {
            "c": sub(add(X, Z), mul(C, add(X, Y))),
            "x": sub(add(mul(C, Y), Z), mul(add(C, num(1)), X)),
            "y": sub(X, mul(C, Y)),
            "z": sub(mul(C, X), Z),
        },
        [("x", "y", "z")],
    ),
    "a branch": (
        {"x": call("select", call("lt", Y, num(0.5)), sub(Y, X), sub(mul(num(2), Y), X)), "y": sub(X, Y)},
        [],
    ),
    "no derivative": ({"x": sub(call("floor", Y), X), "y": sub(X, Y)}, []),
}


@pytest.mark.parametrize("name", RATES)
def test_linear_blocks(name):
    rates, blocks = RATES[name]
    assert linear_blocks(rates, sorted(rates)) == blocks


def test_circles_of_dependence():
    pairs = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c"), ("e", "e")]
    assert coupled("eabcd", pairs) == [("e",), ("a", "b"), ("c", "d")]
    assert coupled((), pairs) == []
    assert coupled("ac", []) == [("a",), ("c",)]


def test_the_jacobian_is_sparse():
    found = jacobian({"x": sub(mul(X, Y), V), "y": mul(num(2), Y)}, ("x", "y"))
    assert found == {("x", "x"): Y, ("x", "y"): X, ("y", "y"): num(2)}
    assert jacobian({"x": call("floor", X)}, ("x",)) == {}
    branch = call("select", call("lt", Y, num(0)), X, V)
    assert ("x", "y") not in jacobian({"x": branch, "y": branch}, ("x", "y"))


def test_a_tangent_that_is_no_number_counts_as_zero():
    """The derivative of 1/(1 + exp(1000 x)) by x at x = 1 is inf/inf."""
    sigmoid = div(num(1), add(num(1), call("exp", mul(num(1000), X))))
    step = implicit_euler([X, Y], [sub(sigmoid, Y), sub(X, Y)])
    assert np.isfinite(evaluate(step, {"x": 1.0, "y": 1.0, "dt": 0.1})).all()


def test_substitution_is_simultaneous_and_shares():
    shared = call("exp", V)
    swapped = substituted([add(mul(shared, X), Y), mul(shared, V)], {X: Y, Y: X})
    assert swapped == [add(mul(shared, Y), X), mul(shared, V)]
    assert substituted([X, num(3)], {X: num(2)}) == [num(2), num(3)]
