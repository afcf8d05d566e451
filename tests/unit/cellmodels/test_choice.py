"""What ``auto`` and the others choose for each state, and the word that they give for it."""

from dataclasses import replace

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.equations import Equations, Parameter
from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, power, sub
from hpc_twin.cellmodels.expressions.ir import evaluate, num, var
from hpc_twin.cellmodels.kernels.pipeline import lower
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.cellmodels.schemes import SCHEMES, plan
from hpc_twin.cellmodels.schemes.structure import circles
from hpc_twin.parallel import InputError

V, A, B, C, K = (var(name) for name in ("V", "a", "b", "c", "k"))
SLOW = sub(num(0), power(A, 2))  # df/dx = -1/ms at its beginning, 0.5


def _alone(rate, v=True, **more):
    """Equations of V and one state a that begins at 0.5."""
    membrane = {"v": "V", "v_rate": sub(num(-80), V), "v_initial": -80.0} if v else dict.fromkeys(("v", "v_rate"))
    given = {"v_initial": None, **membrane, "states": ("a",), "rates": (rate,), "initial": (0.5,), **more}
    return Equations("one", **given)


def _chosen(equations, scheme="auto"):
    return {m.state: (m.method, m.reason) for m in plan(equations, scheme).methods}


CHOICES = {
    "gate": (sub(V, A), "rush_larsen", "linear in itself"),
    "slow": (SLOW, "forward_euler", "not stiff: df/dx down to -1/ms"),
    "stiff": (mul(num(100), SLOW), "grl1", "stiff by itself: df/dx down to -1e+02/ms"),
    "growing": (mul(num(10), power(A, 2)), "forward_euler", "not stiff: df/dx down to -0/ms"),
    "floor": (sub(num(0), call("floor", A)), "forward_euler", "no derivative: floor"),
    "clock": (V, "forward_euler", "does not depend on itself"),
}


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("v", [True, False])
def test_auto_chooses_by_structure_and_speed(name, v):
    rate, method, word = CHOICES[name]
    found = _chosen(_alone(rate, v, **({} if v else {"parameters": {"V": Parameter(1.0)}, "varying": ("V",)})))
    assert found["a"][0] == method
    assert word in found["a"][1]
    assert ("V" in found) == v
    assert not v or found["V"][0] == "forward_euler"


def test_what_is_stiff_together_is_stepped_together():
    """Fast binding 2 a + 2 b <-> c."""
    binding = sub(mul(num(5000), mul(power(A, 2), power(B, 2))), mul(num(300), C))
    rates = (mul(num(-2), binding), mul(num(-2), binding), binding)
    equations = Equations("binding", None, None, None, ("a", "b", "c"), rates, (0.5, 0.6, 0.1))
    found = _chosen(equations)
    assert {method for method, _ in found.values()} == {"implicit"}
    step = plan(equations, "auto")
    values = np.array([0.5, 0.6, 0.1])
    for _ in range(200):
        values = np.array(evaluate(step.new, {"a": values[0], "b": values[1], "c": values[2], "dt": 0.5}))
    np.testing.assert_allclose([values[0] + 2 * values[2], values[1] + 2 * values[2]], [0.7, 0.8], rtol=1e-12)
    assert evaluate([binding], dict(zip("abc", values, strict=True)))[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["epi", "endo", "m"])
def test_auto_is_rush_larsen_for_ten_tusscher(name):
    equations = read(f"tentusscher_2006_{name}")
    auto, known = plan(equations, "auto"), plan(equations, "rush_larsen")
    assert auto.v_new is known.v_new
    assert auto.new == known.new


def test_the_table_of_schemes_is_whole():
    assert list(SCHEMES) == ["auto", "auto2", "rush_larsen", "forward_euler", "grl1", "grl2", "implicit"]
    assert {name: s.order for name, s in SCHEMES.items() if s.order != 1} == {"auto2": 2, "grl2": 2}
    assert all(0 < len(s.description) < 80 for s in SCHEMES.values())
    with pytest.raises(InputError, match="unknown scheme 'gral1'; did you mean 'grl1'"):
        plan(_alone(SLOW), "gral1")


def test_the_second_stage_stands_in_the_middle_of_the_step():
    """grl2 of dx/dt = x t is x + ... with t at t + dt/2; of dx/dt = V it takes V's half step."""
    halfway = {"a": 1.0, "V": 2.0, "time": 3.0, "dt": 0.1, "stimulus": 0.0}
    rising = plan(_alone(mul(A, var("time"))), "grl2")
    assert evaluate(rising.new, halfway)[0] == pytest.approx(np.exp(3.05 * 0.1))
    driven = replace(_alone(V), v_rate=num(7))
    assert evaluate(plan(driven, "grl2").new, halfway)[0] == pytest.approx(1 + 0.1 * (2.0 + 7 * 0.05))


def test_tangents_that_grow_or_are_no_numbers_stay_bounded():
    cube = mul(num(1e6), power(A, 3))
    root = sub(num(0), call("sqrt", A))
    for rate, start in ((cube, 1.0), (root, 0.0), (div(num(1), A), 1e-200)):
        assert np.isfinite(evaluate(plan(_alone(rate), "grl1").new, {"a": start, "dt": 1.0, "V": 0.0}))[0]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_takes_models_without_v_and_varying_parameters(scheme):
    rates = (sub(mul(K, B), A), sub(A, mul(K, B)), sub(num(0), mul(K, power(C, 3))))
    parameters = {"k": Parameter(40.0)}
    equations = Equations("loose", None, None, None, tuple("abc"), rates, (1.0, 0.0, 2.0), ("k",), parameters)
    step = plan(equations, scheme)
    assert step.v_new is None
    sums = [evaluate(step.new, {"a": 1.0, "b": 1.0, "c": 2.0, "dt": 1e-3, "k": k}) for k in (0.0, 40.0)]
    assert sums[0][0] != sums[1][0]
    assert sums[0][2] == 2.0


@pytest.mark.parametrize("scheme", ["auto2", "grl2", "implicit"])
def test_the_loop_stays_free_of_branches(scheme):
    body = lower(read("tentusscher_2006_epi"), scheme)[0].split("#pragma omp simd")[1]
    assert " if " not in body
    assert "goto" not in body


def test_kernels_carry_their_methods():
    kernel = load("mitchell_schaeffer_2003")
    assert (kernel.methods[0].state, kernel.methods[0].method) == ("membrane.V", "forward_euler")
    assert kernel.scheme == "auto"


def test_stiffness_is_looked_for_along_a_clamped_run():
    """c is slow where it begins; depolarised, it grows a thousandfold and relaxes as 2 c."""
    opened = div(num(100), add(num(1), call("exp", mul(num(-0.2), V))))
    rate = sub(mul(num(0.1), opened), power(A, 2))
    assert _chosen(_alone(mul(num(10), rate), initial=(1e-3,)))["a"][0] == "grl1"
    assert _chosen(_alone(rate, initial=(1e-3,)))["a"][0] == "forward_euler"


@pytest.mark.parametrize(("n", "looked_into"), [(30, True), (40, False)])
def test_networks_are_left_to_themselves(n, looked_into):
    states = [var(f"s{k}") for k in range(n)]
    total = states[0]
    for state in states[1:]:
        total = add(total, state)
    rates = {s.args[0]: sub(total, mul(num(2 * n), s)) for s in states}
    assert bool(circles(rates, list(rates))) is looked_into
