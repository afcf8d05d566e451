"""The pass that shares exponentials: fewer of them, the same values."""

import numpy as np
import pytest

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.exponentials import share_exponentials
from hpc_twin.cellmodels.expressions.ir import depends, evaluate, num, ordered, var

V, W = var("v"), var("w")


def exp(slope, offset, u=V):
    return call("exp", add(mul(num(slope), u), num(offset)))


def count(outputs):
    return sum(node.op == "exp" for node in ordered(outputs))


CASES = {
    "multiples": ([exp(1 / 5, 7), exp(-1 / 20, 2), exp(1 / 10, -3), exp(1 / 200, 0.25)], 1),
    "one slope, other offsets": ([exp(0.1378, 5), exp(0.1378, -5)], 1),
    "opposite signs": ([exp(-1 / 7, 1), exp(1 / 7, 1)], 1),
    "all falling": ([exp(-1 / 7, 1), exp(-1 / 14, 1)], 1),
    "no common base": ([exp(0.1, 0), exp(0.1378, 0), exp(1 / 11.1, 0)], 3),
    "other arguments": ([exp(0.1, 0), exp(0.1, 0, W)], 2),
    "sums of two": ([exp(0.06, 1, sub(V, W)), exp(0.02, 1, sub(V, W)), exp(0.02, 1, add(V, W))], 2),
    "large offset": ([exp(0.1, 500), exp(0.2, 1)], 2),
    "differences": ([sub(exp(0.1, 0), num(1)), sub(num(1), exp(0.2, 0)), exp(0.4, 0), exp(0.8, 0)], 3),
    "squares": ([call("exp", mul(num(-1 / k), mul(add(V, num(27)), add(V, num(27))))) for k in (225, 240)], 1),
    "nested": ([call("exp", div(exp(0.1, 0), num(50))), call("exp", div(exp(0.1, 0), num(25))), exp(0.2, 0)], 2),
}


@pytest.mark.parametrize("case", CASES)
def test_values_stay_and_exponentials_go(case):
    outputs, left = CASES[case]
    shared = share_exponentials(outputs)
    assert count(shared) == left
    values = {"v": np.linspace(-110, 70, 181), "w": np.linspace(-95, -80, 181)}
    for before, after in zip(evaluate(outputs, values), evaluate(shared, values), strict=True):
        np.testing.assert_allclose(after, before, rtol=2e-13)
    assert depends(shared)[shared[0]] == depends(outputs)[outputs[0]]


def test_the_text_is_the_same_every_time():
    """Ranks and runs must find the same kernel in the cache: no order may hang on addresses in memory."""
    import subprocess
    import sys

    program = (
        "from hpc_twin.cellmodels.kernels.pipeline import lower; from hpc_twin.cellmodels.reading.reader import read;"
        "import hashlib; text, _ = lower(read('tentusscher_2006_epi'), 'rush_larsen');"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    found = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in "123"
    }
    assert len(found) == 1
