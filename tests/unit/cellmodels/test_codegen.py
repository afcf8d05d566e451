"""The C text: every operation as numpy has it, and what no cell enters stands before the loop over cells."""

import ctypes

import numpy as np
import pytest

from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.ir import EVALUATE, evaluate, num, var
from hpc_twin.cellmodels.kernels.codegen import Layout, generate
from hpc_twin.compiling import build_here

V, X, DT, TIME = var("v"), var("x"), var("dt"), var("time")
BETWEEN_0_AND_1 = add(num(0.5), mul(num(0.4), call("sin", X)))
NO_MORE = (None, None, ctypes.c_long(0))  # stimulus, parameters and their stride
NO_MORE = (None, None, ctypes.c_long(0))  # stimulus, parameters and their stride
LAYOUT = Layout("v", ("x",))
TRUE, FALSE = call("lt", X, V), call("ge", X, num(0.3))

ARGUMENTS = {
    **dict.fromkeys(("add", "sub", "mul", "div"), (V, X)),
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), (call("floor", V), call("floor", X))),
    **dict.fromkeys(("and", "or"), (TRUE, FALSE)),
    "not": (TRUE,),
    "pow": (BETWEEN_0_AND_1, X),
    "select": (call("and", TRUE, call("not", FALSE)), V, X),
    **dict.fromkeys(("sqrt", "log", "log10", "asin", "acos"), (BETWEEN_0_AND_1,)),
}


def _run(v_new, new, V_values, x_values, t=0.0, dt=1.0):
    library = ctypes.CDLL(str(build_here(generate(LAYOUT, v_new, [new]))))
    V_values, x_values = V_values.copy(), x_values[None].copy()
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (V_values, x_values)]
    n = ctypes.c_long(V_values.size)
    library.advance(
        n, n, ctypes.c_double(t), ctypes.c_double(dt), ctypes.c_long(1), *pointers, None, None, ctypes.c_long(0)
    )
    return V_values, x_values[0]


def test_every_operation_is_that_of_numpy():
    random = np.random.default_rng(5)
    values = {"v": random.uniform(-3, 3, 101), "x": random.uniform(-3, 3, 101)}
    for op in EVALUATE:
        node = call(op, *ARGUMENTS.get(op, (X,)))
        output = call("select", node, num(2), num(-3)) if op in ("lt", "le", "gt", "ge", "eq", "ne") else node
        output = call("select", node, num(2), num(-3)) if op in ("and", "or", "not") else output
        found = _run(output, X, values["v"], values["x"])[0]
        np.testing.assert_allclose(found, evaluate([output], values)[0], rtol=2e-15, atol=1e-15, err_msg=op)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -0.0, 5e-324, -1e308, 1e-7])
def test_numbers_survive_the_text(value):
    found = _run(call("select", call("lt", V, num(9)), num(value), X), X, np.zeros(3), np.ones(3))[0]
    np.testing.assert_array_equal(found, [value] * 3)


def test_what_no_cell_enters_stands_before_the_loop():
    decay = call("exp", div(call("neg", DT), num(3)))
    text = generate(LAYOUT, mul(V, decay), [add(mul(X, decay), call("cos", TIME))])
    before, after = text[text.index("void advance") :].split("#pragma omp simd")
    assert before.count("twin_exp") == 1 and before.count("cos(") == 1
    assert "twin_exp" not in after and "cos(" not in after


def test_shared_expressions_are_written_once():
    shared = call("exp", sub(V, X))
    text = generate(LAYOUT, add(V, shared), [mul(X, shared)])
    assert text[text.index("void advance") :].count("twin_exp") == 1


def test_all_new_values_come_from_the_old_ones():
    V_new, x_new = _run(add(V, X), add(V, mul(num(2), X)), np.array([1.0]), np.array([10.0]))
    assert (V_new[0], x_new[0]) == (11.0, 21.0)


def test_time_runs_through_the_substeps():
    text = generate(LAYOUT, add(V, mul(DT, TIME)), [X])
    library = ctypes.CDLL(str(build_here(text)))
    V_values, states = np.zeros(1), np.zeros((1, 1))
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (V_values, states)]
    one = ctypes.c_long(1)
    library.advance(
        one, one, ctypes.c_double(10), ctypes.c_double(2), ctypes.c_long(4), *pointers, None, None, ctypes.c_long(0)
    )
    assert V_values[0] == pytest.approx(0.5 * (10 + 10.5 + 11 + 11.5))
