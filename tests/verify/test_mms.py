"""Orders of convergence in space and time, pinned from both sides, through the code that a run uses."""

import csv
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from hpc_twin.fem import Subdomain
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import distribute
from hpc_twin.stepping import GODUNOV, STRANG, make_step, march
from hpc_twin.tissue.monodomain import Monodomain
from hpc_twin.tissue.stimulus import Stimuli
from hpc_twin.verify.manufactured import TIGHT, norms, solved, unit_part

CHASTE = Path(__file__).parents[3] / "shared" / "reference" / "results" / "mms_chaste_errors.csv"
SIDES = {1: (20, 40), 2: (20, 40), 3: (13, 26)}
STEPS = {1: 20, 2: 20, 3: 10}


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("lumping", [0.0, 0.25, 1.0])
def test_order_in_space(dimension, lumping):
    """P1: 2 in L2, 1 in the gradient, on lines, triangles and tetrahedra, whatever share of the mass is lumped."""
    errors = []
    for n in SIDES[dimension]:
        part = unit_part(dimension, n)
        V = solved(part, dimension, STEPS[dimension], lumping=lumping)
        errors.append(norms(part, dimension, V, 1.0))
    in_value, in_slope = np.log2(np.divide(*errors))
    assert 1.8 < in_value < 2.2
    assert 0.9 < in_slope < 1.1


@pytest.mark.parametrize(
    ("table", "theta", "order"),
    [(GODUNOV, 1.0, 1), (GODUNOV, 0.5, 1), (STRANG, 0.5, 2), (STRANG, 1.0, 1)],
    ids=["godunov-backward-euler", "godunov-crank-nicolson", "strang-crank-nicolson", "strang-backward-euler"],
)
@pytest.mark.parametrize("dimension", [1, 2])
def test_order_in_time(table, theta, order, dimension):
    """From the differences of three runs on one mesh, each with half the step of the last: space does not enter."""
    part = unit_part(dimension, 20)
    runs = [solved(part, dimension, steps, table, theta).copy() for steps in (20, 40, 80)]
    coarse, fine = (np.abs(a - b).max() for a, b in pairwise(runs))
    assert abs(np.log2(coarse / fine) - order) < 0.1


@pytest.mark.parametrize(("dimension", "sides"), [(1, (10, 20, 40)), (2, (10, 20)), (3, (10,))])
def test_errors_like_chaste(dimension, sides):
    """Same elements, same dt = 0.1 (h/0.1)^2: the gradient's error, all of it in space, agrees to 8 % (the diagonals
    of the squares differ); Chaste does not split, so its L2 error, mostly in time there, bounds ours from above."""
    if not CHASTE.exists():
        pytest.skip("the reference folder with Chaste's errors is not there")
    published = chaste(f"Monodomain{dimension}d")
    for n in sides:
        part, errors = unit_part(dimension, n), []
        solved(
            part,
            dimension,
            10 * (n // 10) ** 2,
            GODUNOV,
            1.0,
            see=lambda V, t, part=part, errors=errors: errors.append(norms(part, dimension, V, t)),
        )
        value, slope = np.array(errors).T
        assert value.max() < published[n][0]
        assert np.sqrt((value**2 + slope**2).mean()) == pytest.approx(published[n][1], rel=0.08)


def chaste(problem: str) -> dict[int, tuple[float, float]]:
    """Elements per side -> (L2 error, largest in time; H1 error, mean square in time)."""
    lines = [line for line in CHASTE.read_text().splitlines() if not line.startswith("#")]
    rows = [row for row in csv.DictReader(lines) if row["problem"] == problem]
    return {round(1 / float(r["h"])): (float(r["V_Linf_L2"]), float(r["V_L2_H1"].split(";")[0])) for r in rows}


@pytest.mark.parametrize("lumping", [0.0, 0.25, 1.0])
def test_heat_on_a_sphere(lumping):
    """On the unit sphere z is the spherical harmonic Y10, so the heat equation with D = 0.3 takes it to z exp(-2 D t):
    order 2 on curved triangles in space."""
    errors = []
    for level in (3, 4, 5):
        part = distribute(sphere(level), MPI.COMM_SELF)
        z = part.points[: part.n_owned, 2]
        sigma = np.tile(0.3 * np.eye(3), (len(part.elements), 1, 1))
        how = replace(TIGHT, lumping=lumping)
        problem = Monodomain(Subdomain.all_of(part), [], sigma, Stimuli(part.n_owned, ()), 1.0, how)
        problem.V.owned[:] = z
        problem.V.touched()
        for _ in march(make_step(problem.operators, (("diffusion", 1.0),)), None, 0.01, 1.0):
            pass
        errors.append(np.sqrt(((problem.V.owned - z * np.exp(-0.6)) ** 2).mean()))
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert (orders > 1.8).all()
    assert (orders < 2.2).all()


def sphere(level: int) -> Mesh:
    """The icosahedron, its faces cut in four ``level`` times, its nodes on the unit sphere."""
    golden = (1 + 5**0.5) / 2
    corners = [(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)]
    points = np.array([np.roll(c, k) for k in range(3) for c in corners]) / np.sqrt(1 + golden**2)
    apart = np.linalg.norm(points[:, None] - points, axis=-1)
    near = (apart > 0) & (apart < 1.5 * apart[apart > 0].min())
    faces = np.array(
        [(a, b, c) for a in range(12) for b in range(a) for c in range(b) if near[a, b] & near[b, c] & near[a, c]]
    )
    for _ in range(level):
        edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]], axis=-1)
        pairs, middle = np.unique(edges.reshape(-1, 2), axis=0, return_inverse=True)
        (a, b, c), (ab, bc, ca) = faces.T, middle.reshape(-1, 3).T + len(points)
        points = np.concatenate([points, points[pairs].mean(axis=1)])
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        faces = np.array([(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]).transpose(0, 2, 1).reshape(-1, 3)
    return Mesh(points, faces, np.zeros(len(faces), np.int32))
