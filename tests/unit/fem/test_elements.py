import numpy as np
import pytest

from hpc_twin.fem import gradients, measures

UNIT = {1: 1.0, 2: 1 / 2, 3: 1 / 6}


def simplices(dimension: int, n: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Random simplices in space, far from degenerate."""
    shape = np.vstack((np.zeros(3), np.eye(3)[:dimension]))
    turn = np.random.default_rng(dimension).normal(size=(n, 3, 3)) * 0.3 + np.eye(3)
    corners = shape @ turn + np.arange(n)[:, None, None]
    return corners.reshape(-1, 3), np.arange(n * (dimension + 1)).reshape(n, -1)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_measure_of_the_unit_simplex(dimension):
    points = np.vstack((np.zeros(3), np.eye(3)[:dimension]))
    assert measures(points, np.arange(dimension + 1)[None]) == pytest.approx(UNIT[dimension])


def test_measures_in_space():
    points, lines = simplices(1)
    assert measures(points, lines) == pytest.approx(np.linalg.norm(points[1::2] - points[::2], axis=1))
    points, triangles = simplices(2)
    a, b, c = points[triangles].transpose(1, 0, 2)
    assert measures(points, triangles) == pytest.approx(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2)
    points, tets = simplices(3)
    assert measures(points, tets) == pytest.approx(abs(np.linalg.det(points[tets][:, 1:] - points[tets][:, :1])) / 6)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_gradients_are_dual_to_the_edges_and_tangential(dimension):
    points, elements = simplices(dimension)
    slope, corners = gradients(points, elements), points[elements]
    edges = corners - corners[:, :1]
    expected = np.eye(dimension + 1) - np.eye(dimension + 1)[:, :1]  # phi_a(x_b) - phi_a(x_0)
    assert np.allclose(np.einsum("nax,nbx->nab", slope, edges), expected)
    assert np.allclose(slope.sum(axis=1), 0)
    basis = np.linalg.qr(edges[:, 1:].transpose(0, 2, 1))[0]
    assert np.allclose(np.einsum("nax,nxi,nyi->nay", slope, basis, basis), slope)
