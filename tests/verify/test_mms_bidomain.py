"""The bidomain's orders of convergence in space and time, pinned from both sides, for both ways of solving it."""

from itertools import pairwise

import numpy as np
import pytest
from test_mms import CHASTE, chaste

from hpc_twin.stepping import GODUNOV, STRANG
from hpc_twin.verify.manufactured import Exact, norms, unit_part
from hpc_twin.verify.manufactured_bidomain import InBath, K, bidomain, in_bath, solved

SIDES = {1: (20, 40), 2: (20, 40), 3: (10, 20)}
STEPS = {1: 20, 2: 20, 3: 8}
WAYS = ("decoupled", "block")


@pytest.mark.parametrize(("way", "dimension"), [*((way, d) for way in WAYS for d in (1, 2)), ("decoupled", 3)])
def test_order_in_space(way, dimension):
    """P1: 2 in L2 and 1 in the gradient, of V and of phi_e alike."""
    errors = []
    for n in SIDES[dimension]:
        part = unit_part(dimension, n)
        V, phi_e = solved(bidomain(part, Exact(dimension), way, 0.5), STEPS[dimension])
        errors.append([*norms(part, dimension, V, 1.0), *norms(part, dimension, -phi_e / K, 1.0)])
    orders = np.log2(np.divide(*errors))
    assert (np.abs(orders[[0, 2]] - 2) < 0.2).all()
    assert (np.abs(orders[[1, 3]] - 1) < 0.1).all()


@pytest.mark.parametrize(
    ("way", "table", "theta", "order", "steps"),
    [
        ("block", GODUNOV, 1.0, 1, 20),
        ("block", GODUNOV, 0.5, 1, 20),
        ("block", STRANG, 1.0, 1, 20),
        ("block", STRANG, 0.5, 2, 20),
        ("decoupled", GODUNOV, 0.5, 1, 80),  # before, the second order's part hides the first's
        ("decoupled", STRANG, 0.5, 2, 20),
    ],
    ids=["block-gd-be", "block-gd-cn", "block-strang-be", "block-strang-cn", "decoupled-gd-cn", "decoupled-strang-cn"],
)
@pytest.mark.parametrize("bath", [False, True], ids=["tissue", "bath"])
def test_order_in_time(way, table, theta, order, steps, bath):
    """From the differences of three runs on one mesh, each with half the step of the last, of V and of phi_e."""
    runs = []
    for n in (steps, 2 * steps, 4 * steps):
        problem = in_bath(1, 20, way, theta) if bath else bidomain(unit_part(1, 20), Exact(1), way, theta)
        V, phi_e = solved(problem, n, table)
        runs.append((V.copy(), phi_e.copy()))
    for of_one_field in zip(*runs, strict=True):
        coarse, fine = (np.abs(a - b).max() for a, b in pairwise(of_one_field))
        assert abs(np.log2(coarse / fine) - order) < 0.15


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dimension", [1, 2])
def test_order_in_space_with_a_bath(way, dimension):
    """V and phi_e at the tissue's nodes; the applied current makes both tilt, and is continuous into the bath."""
    errors = []
    for n in (10, 20):
        problem = in_bath(dimension, n, way)
        V, phi_e = solved(problem, 40)
        exact, part = InBath(dimension), problem.part
        tissue = phi_e[problem.domain.owned] - exact.phi_e(part.points, 1.0)
        errors.append([np.sqrt(np.mean((V - exact.V(part.points, 1.0)) ** 2)), np.sqrt(np.mean(tissue**2))])
    assert errors[1][0] < 0.01 and errors[1][1] < 0.01
    assert (np.abs(np.log2(np.divide(*errors)) - 2) < 0.3).all()


@pytest.mark.parametrize(("dimension", "sides"), [(1, (10, 20)), (2, (10, 20)), (3, (10,))])
def test_errors_like_chaste(dimension, sides):
    """Same elements, dt = 0.1 (h/0.1)^2: the gradients' errors, all of them in space, agree to 8 %; Chaste does not
    split, so its L2 errors, mostly in time there, bound ours from above."""
    if not CHASTE.exists():
        pytest.skip("the reference folder with Chaste's errors is not there")
    published = chaste(f"Bidomain{dimension}d")
    for n in sides:
        part, errors = unit_part(dimension, n), []
        problem = bidomain(part, Exact(dimension), "decoupled", 1.0)

        def see(t, part=part, problem=problem, errors=errors):
            errors.append(
                [*norms(part, dimension, problem.V.owned, t), *norms(part, dimension, -problem.phi_e() / K, t)]
            )

        solved(problem, 10 * (n // 10) ** 2, GODUNOV, see)
        value, slope, outer, outer_slope = np.array(errors).T
        assert value.max() < published[n][0]
        assert K * outer.max() < published[n][0]
        assert np.sqrt((value**2 + slope**2).mean()) == pytest.approx(published[n][1], rel=0.08)
        assert np.sqrt((outer**2 + outer_slope**2).mean()) == pytest.approx(published[n][1], rel=0.1)
