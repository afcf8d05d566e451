"""Passes that replace operations by cheaper ones: the same values, fewer or cheaper operations."""

import numpy as np
import pytest

from hpc_twin.cellmodels.expressions.algebra import call
from hpc_twin.cellmodels.expressions.ir import evaluate, num, ordered, var
from hpc_twin.cellmodels.expressions.strength import reduce_powers

X, Y = var("x"), var("y")


def operations(outputs):
    return {node.op for node in ordered(outputs)} - {"num", "var"}


@pytest.mark.parametrize("exponent", [0.25, 0.75, 1.5, 2.25, 15.5, -0.5, -3.75, 1.7, -0.31, 40.5])
def test_powers_with_a_number_as_exponent(exponent):
    power = call("pow", X, num(exponent))
    x = np.array([0.0, 1e-3, 0.3, 1.0, 7.5, 1e6, np.inf, -2.0, np.nan])
    (reduced,) = reduce_powers([power])
    roots = (4 * exponent).is_integer() and abs(exponent) < 16
    assert operations([reduced]) <= ({"mul", "sqrt", "div"} if roots else {"mul", "exp", "log"})
    np.testing.assert_allclose(evaluate([reduced], {"x": x})[0], evaluate([power], {"x": x})[0], rtol=2e-13)


def test_powers_with_a_number_as_base():
    power = call("pow", num(2.5), X)
    (reduced,) = reduce_powers([power])
    x = np.array([-50.0, -1.0, 0.0, 0.3, 9.0, np.inf, -np.inf, np.nan])
    assert operations([reduced]) == {"exp", "mul"}
    np.testing.assert_allclose(evaluate([reduced], {"x": x})[0], evaluate([power], {"x": x})[0], rtol=1e-14)


def test_other_powers_stay():
    powers = [call("pow", X, Y), call("pow", num(-2), X), call("pow", X, num(101))]
    assert reduce_powers(powers) == powers
