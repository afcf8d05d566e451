"""Splitting tables on u' = (A + B) u with matrices that do not commute."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm

from hpc_twin.stepping import GODUNOV, SPLITTINGS, STRANG, Clock, make_step, march

A = np.array(((-1.0, 2.0), (0.0, -0.5)))
B = np.array(((-0.3, 0.0), (1.5, -1.0)))
START = np.array((1.0, -0.4))


def flow(matrix):
    def advance(state, t, dt):
        state[:] = expm(matrix * dt) @ state

    return advance


def error(table, dt: float, until: float = 1.0) -> float:
    state = START.copy()
    for _ in march(make_step({"reaction": flow(A), "diffusion": flow(B)}, table), state, dt, until):
        pass
    return np.linalg.norm(state - expm((A + B) * until) @ START)


@pytest.mark.parametrize(("table", "order"), [(GODUNOV, 1), (STRANG, 2)], ids=["godunov", "strang"])
def test_order(table, order):
    errors = [error(table, 1 / n) for n in (20, 40, 80)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert np.all(np.abs(orders - order) < 0.05)


def test_the_problem_tells_schemes_apart():
    assert not np.allclose(A @ B, B @ A)
    assert error((("reaction", 1.0),), 0.05) > 0.1 > error(GODUNOV, 0.05) > 10 * error(STRANG, 0.05) > 1e-6


@pytest.mark.parametrize("table", SPLITTINGS.values(), ids=SPLITTINGS.keys())
def test_every_operator_covers_the_step_without_gaps(table):
    seen = {"reaction": [], "diffusion": []}

    def note(name):
        return lambda state, t, dt: seen[name].append((t, dt))

    make_step({name: note(name) for name in seen}, table)(None, 10.0, 0.5)
    for spans in seen.values():
        assert spans[0][0] == 10.0 and sum(dt for _, dt in spans) == pytest.approx(0.5)
        assert all(a + da == pytest.approx(b) for (a, da), (b, _) in pairwise(spans))


def test_march_does_not_drift():
    steps = list(march(lambda state, t, dt: None, None, 0.1, 1000.0))
    assert steps[-1] == (10_000, 1000.0) and all(t == n * 0.1 for n, t in steps)
    assert list(march(lambda state, t, dt: None, None, 0.5, 2.0, start=1.0)) == [(1, 1.5), (2, 2.0)]


def test_operators_see_their_own_time():
    """u' = 3 t^2 split from u' = 0: exact only if the time that operators get is right."""

    def cube(state, t, dt):
        state += (t + dt) ** 3 - t**3

    state = np.zeros(1)
    for _ in march(make_step({"reaction": cube, "diffusion": lambda *_: None}, STRANG), state, 0.25, 2.0):
        pass
    assert state[0] == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("interval", "dt", "every"), [(1.0, 0.05, 20), (0.3, 0.1, 3), (0.05, 0.1, 1), (5.0, 0.005, 1000)]
)
def test_clock(interval, dt, every):
    clock = Clock.of(interval, dt)
    assert clock.every == every
    assert [n for n in range(3 * every + 1) if clock.rings(n)] == [0, every, 2 * every, 3 * every]
