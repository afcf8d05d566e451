"""Poisson's equation with known solutions: held nodes, none held, and nodes where nothing conducts."""

import numpy as np
import pytest

from hpc_twin.fem import Field, Matrix, mass, stiffness
from hpc_twin.fem.dirichlet import DirichletSolver
from hpc_twin.mesh.generate import sheet
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import RunError, world


@pytest.fixture(scope="module")
def part():
    return distribute(sheet((2.0, 1.0), 0.1), world())


def laplacian(part, inside=None) -> Matrix:
    sigma = np.tile(np.eye(3), (len(part.elements), 1, 1))
    return stiffness(part, sigma if inside is None else sigma * inside[:, None, None])


def test_values_held_at_the_ends(part):
    x, u = part.points[:, 0], Field(part, "u", "mV")
    fixed = (x < 1e-9) | (x > 2 - 1e-9)
    DirichletSolver(laplacian(part), fixed).solve(3.0 + x, u)
    assert np.allclose(u.owned, 3.0 + x, atol=1e-9)


def test_source_between_grounds(part):
    """-u'' = 1, u = 0 at x = 0 and 2: u = x (2 - x)/2, exact at the nodes of these triangles but for the corners."""
    x, u = part.points[:, 0], Field(part, "u", "mV")
    load = mass(part).rows.sum(axis=1)
    DirichletSolver(laplacian(part), (x < 1e-9) | (x > 2 - 1e-9)).solve(None, u, load)
    assert np.allclose(u.owned, x * (2 - x) / 2, atol=1e-9)


def test_without_ground_the_mean_is_zero(part):
    """In at one end, out at the other, and a right-hand side that does not sum to zero: what is too much is taken."""
    x, u = part.points[:, 0], Field(part, "u", "mV")
    solver = DirichletSolver(laplacian(part), np.zeros(part.n_local, bool))
    load = laplacian(part).rows @ x
    solver.solve(None, u, load + 0.5)
    assert solver.floating and abs(u.owned.mean()) < 1e-12
    assert np.allclose(u.owned, x - x.mean(), atol=1e-8)


def test_nodes_where_nothing_conducts(part):
    x, u = part.points[:, 0], Field(part, "u", "mV")
    matrix = laplacian(part, part.points[part.elements].mean(axis=1)[:, 0] < 1.0)
    solver = DirichletSolver(matrix, np.zeros(part.n_local, bool))
    inside = x < 1 + 1e-9
    solver.solve(None, u, matrix.rows @ x)
    assert solver.floating and (u.owned[~inside] == 0).all()
    assert np.allclose(u.owned[inside], x[inside] - x[inside].mean(), atol=1e-8)


def test_a_guess_that_is_the_solution_costs_nothing(part):
    x, u = part.points[:, 0], Field(part, "u", "mV")
    solver = DirichletSolver(laplacian(part), np.zeros(part.n_local, bool), rtol=1e-8, guess=True)
    load = laplacian(part).rows @ np.cos(x)
    solver.solve(None, u, load)
    first = solver.solver.iterations
    solver.solve(None, u, load)
    assert 0 < first < 15 and solver.solver.iterations == first


def test_negative_conductivity_is_told(part):
    matrix = laplacian(part, np.where(part.points[part.elements].mean(axis=1)[:, 0] < 1.0, 1.0, -1.0))
    with pytest.raises(RunError, match=r"'elliptic' .*on its diagonal: a conductivity is zero"):
        DirichletSolver(matrix, part.points[:, 0] < 1e-9, "elliptic").solve(
            1.0 + part.points[:, 0], Field(part, "", "")
        )


def test_pieces_that_nothing_connects(part):
    """Two halves and a gap: with nothing held the larger has no mean and the other begins at 0; else that of the ground
    keeps it."""
    x, middle = part.points[:, 0], part.points[part.elements].mean(axis=1)[:, 0]
    matrix = laplacian(part, (middle < 0.7) | (middle > 1.0))
    left, right = x < 0.7 + 1e-9, x > 1.0 - 1e-9
    load = matrix.rows @ x
    for ground in (np.zeros(part.n_local, bool), left & (x < 1e-9)):
        u = Field(part, "u", "mV")
        DirichletSolver(matrix, ground).solve(None, u, load)
        assert np.allclose(u.owned[left] - u.owned[left].min(), x[left], atol=1e-8)
        assert np.allclose(u.owned[right] - u.owned[right].min(), x[right] - 1.0, atol=1e-8)
        assert abs(u.owned[left].min()) < 1e-9 and (u.owned[~left & ~right] == 0).all()
        assert abs(u.owned[right].mean()) < 1e-9 or ground.any()
