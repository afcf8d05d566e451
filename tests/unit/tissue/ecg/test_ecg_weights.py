"""Weights of the infinite medium against closed formulas."""

import numpy as np
import pytest

from hpc_twin.fem import measures
from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.order import quadratic
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world
from hpc_twin.tissue.ecg.weights import Electrocardiogram, gauss_points, infinite_medium, require_outside

SIGMA_I = np.diag([0.17, 0.02, 0.05])
SIGMA_B = 0.6
MESHES = {
    "slab": (lambda h: slab((2.0, 1.0, 1.0), h), 1.0),
    "sheet": (lambda h: sheet((2.0, 1.0), h), 0.7),
    "cable": (lambda h: cable(2.0, h), 0.3),
}


def everywhere(part, tensor):
    return np.broadcast_to(tensor, (len(part.elements), 3, 3))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("kind", MESHES)
def test_far_away_it_is_the_potential_of_a_dipole(kind, order):
    """V = g . x in a small tissue: the dipole p = -sigma_i g |tissue|, phi = p . r / (4 pi sigma_b r^3)."""
    make, extent = MESHES[kind]
    part = distribute(make(0.5) if order == 1 else quadratic(make(0.5)), world())
    places = np.array([[300.0, 40.0, 20.0], [-100.0, 250.0, 100.0]])
    w = infinite_medium(part, everywhere(part, SIGMA_I), places, SIGMA_B, np.full(len(part.elements), extent))
    slope = np.array([30.0, -20.0 if kind != "cable" else 0.0, 10.0 if kind == "slab" else 0.0])
    volume = np.ptp(part.points, axis=0)[np.ptp(part.points, axis=0) > 0].prod() * extent
    arm = places - (part.points.min(axis=0) + part.points.max(axis=0)) / 2
    expected = arm @ (-SIGMA_I @ slope * volume) / (4 * np.pi * SIGMA_B * np.linalg.norm(arm, axis=1) ** 3)
    assert w @ (part.points @ slope) == pytest.approx(expected, rel=1e-4)


def test_a_wave_that_comes_is_positive():
    part = distribute(cable(20.0, 0.1), world())
    V = np.where(part.points[:, 0] < 10.0, 20.0, -85.0)  # depolarised behind, so it moves to higher x
    ahead, behind = np.array([[30.0, 2.0, 0.0], [-10.0, 2.0, 0.0]])
    w = infinite_medium(part, everywhere(part, SIGMA_I), np.array([ahead, behind]), SIGMA_B)
    assert (w @ V)[0] > 0 > (w @ V)[1]


def test_quadrature_of_an_electrode_close_by():
    """1.2 edges away, against a mesh 8 times as fine: V is linear on both."""
    places = np.array([[1.0, 0.5, 1.6]])
    found = []
    for h in (0.5, 0.0625):
        part = distribute(slab((2.0, 1.0, 1.0), h), world())
        found.append(infinite_medium(part, everywhere(part, SIGMA_I), places, SIGMA_B) @ np.abs(part.points[:, 0] - 1))
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_second_order_is_what_a_fine_mesh_of_first_order_tends_to():
    """V = x^2, which order 2 holds exactly, near an electrode."""
    places = np.array([[2.5, 0.5, 1.6]])
    parts = [
        distribute(quadratic(slab((2.0, 1.0, 1.0), 0.5)), world()),
        distribute(slab((2.0, 1.0, 1.0), 0.05), world()),
    ]
    found = [infinite_medium(p, everywhere(p, SIGMA_I), places, SIGMA_B) @ p.points[:, 0] ** 2 for p in parts]
    assert found[0] == pytest.approx(found[1], rel=2e-3)


@pytest.mark.parametrize("kind", MESHES)
def test_constant_V_gives_nothing(kind):
    part = distribute(MESHES[kind][0](0.5), world())
    w = infinite_medium(part, everywhere(part, SIGMA_I), np.array([[1.0, 3.0, 2.0]]), SIGMA_B)
    assert np.abs(w.sum()) < 1e-14 < np.abs(w).max()


def test_leads_by_a_matrix():
    part = distribute(cable(4.0, 1.0), world())
    w, matrix = np.arange(10.0).reshape(2, 5), np.array([[1.0, -1.0], [0.5, 0.5], [0.0, 1.0]])
    V = np.array([1.0, 0.0, -2.0, 3.0, 1.0])
    assert Electrocardiogram(part, w, matrix).at(V) == pytest.approx(matrix @ (w @ V))


def test_inside_is_refused_and_near_is_warned_of(capsys):
    part = distribute(slab((3.0, 2.0, 1.0), 0.5), world())
    require_outside(part, ["far"], np.array([[1.5, 1.0, 3.0]]))
    assert capsys.readouterr().err == ""
    require_outside(part, ["close"], np.array([[1.6, 1.1, 1.3]]))
    assert "ecg.electrodes.close: only 0.3" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"ecg\.electrodes\.deep: lies inside"):
        require_outside(part, ["deep"], np.array([[1.6, 1.1, 0.6]]))


def test_gauss_points_integrate_quadratics():
    """The rule behind the weights, on a tetrahedron: int x^2 is exact, from the mass matrix of P1."""
    points, element = np.array([[0.0, 0, 0], [1, 0.2, 0], [0.1, 1, 0], [0.3, 0.2, 1]]), np.array([[0, 1, 2, 3]])
    size = measures(points, element)[0]
    x = points[:, 0]
    exact = size / 20 * (x.sum() ** 2 + (x * x).sum())
    assert ((gauss_points(4) @ x) ** 2).mean() * size == pytest.approx(exact)
