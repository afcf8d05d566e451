import numpy as np
import pytest

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import alone
from hpc_twin.tissue.measures import Singularities

CENTRE = np.array((7.13, 11.29, 0.0))


def test_a_linear_vortex_is_found_where_it_is(flat):
    """a = x, b = y about CENTRE turns anticlockwise seen from above; both are linear, so the place is exact."""
    x, y, _ = (flat.points - CENTRE).T
    found = Singularities(flat).find(x, y)
    assert len(found.ids) == 1 and found.points[0] == pytest.approx(CENTRE, abs=1e-10)
    assert found.charge.tolist() == [1] and found.axes[0] == pytest.approx((0, 0, 1)) and found.length[0] == 0
    assert Singularities(flat).find(x, -y).charge.tolist() == [-1]


def test_charge_is_the_turn_of_the_phase(flat):
    """A pair of opposite vortices: the charges, each checked against the phase's integral around a circle."""
    z = flat.points[:, 0] + 1j * flat.points[:, 1]
    places = np.array((6.1 + 6.3j, 13.7 + 12.2j))
    field = (z - places[0]) * np.conj(z - places[1])
    found = Singularities(flat).find(field.real, field.imag)
    order = found.points[:, 0].argsort()
    assert found.charge[order].tolist() == [1, -1]
    assert np.abs(found.points[order, 0] + 1j * found.points[order, 1] - places).max() < 0.05
    ring = np.exp(2j * np.pi * np.arange(101) / 100)
    for place, charge in zip(places, (1, -1), strict=True):
        around = place + ring
        phase = np.unwrap(np.angle((around - places[0]) * np.conj(around - places[1])))
        assert (phase[-1] - phase[0]) / (2 * np.pi) == pytest.approx(charge)


def test_no_singularity_in_a_plane_wave(flat):
    x = flat.points[:, 0]
    assert len(Singularities(flat).find(np.cos(x), np.sin(x)).ids) == 0


def test_a_straight_filament_through_a_wall(wall):
    """The axis of a = x', b = y' from the bottom to the top of the wall, its length and direction."""
    axis = np.array((1.0, 0.5, 4.0)) / np.linalg.norm((1.0, 0.5, 4.0))
    start = np.array((3.21, 3.37, 0.0))
    first = np.cross(axis, (0, 1, 0)) / np.linalg.norm(np.cross(axis, (0, 1, 0)))
    away = wall.points - start
    found = Singularities(wall).find(away @ first, away @ np.cross(axis, first))
    assert found.length.sum() == pytest.approx(4 / axis[2], rel=1e-9) and not found.charge.any()
    assert np.abs(found.axes - axis).max() < 1e-9
    offset = found.points - start
    assert np.abs(offset - np.outer(offset @ axis, axis)).max() < 1e-9


def test_charge_on_a_closed_surface_does_not_depend_on_how_triangles_are_numbered():
    """A vortex on the north pole and one on the south pole of an octahedron, each seen from outside."""
    points = np.array(((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)), float)
    triangles = [(i, j, k) for i in (0, 1) for j in (2, 3) for k in (4, 5)]
    turned = [t if n % 3 else t[::-1] for n, t in enumerate(triangles)]
    part = distribute(Mesh(points, np.array(turned), np.zeros(8, np.int32)), alone())
    x, y, z = part.points.T
    found = Singularities(part).find(x + 0.11 * z, y + 0.07 * z)  # the line x = -0.11 z, y = -0.07 z
    order = found.points[:, 2].argsort()
    assert found.charge[order].tolist() == [-1, 1]  # clockwise seen from below


def test_elements_of_second_order_see_their_midpoints(second):
    """A linear vortex is found where it is; and a field that only the midpoints tell from a constant has zeros."""
    away = second.points - (3.21, 3.37, 1.0)
    found = Singularities(second).find(away[:, 0], away[:, 1])
    assert len(found.ids) and np.abs(found.points[:, :2] - (3.21, 3.37)).max() < 1e-9
    assert set(found.ids) <= set(second.element_ids)
    a = np.ones(second.n_local)
    a[second.midpoints[second.midpoints >= 0]] = -1
    assert len(Singularities(second).find(a, second.points[:, 1] - 3.2).ids)


def test_nothing_on_an_empty_share(flat):
    assert Singularities(flat).find(np.ones(flat.n_local), np.ones(flat.n_local)).points.shape == (0, 3)
