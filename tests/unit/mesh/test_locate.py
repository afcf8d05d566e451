"""Finding the element around a point, and the nodes on the outside."""

import numpy as np
import pytest

from hpc_twin.mesh.generate import sheet, slab
from hpc_twin.mesh.locate import locate, outside


def graded():
    """Tetrahedra whose size grows a hundredfold along x: the nearest centre is often not that of the right one."""
    mesh = slab((4.0, 2.0, 2.0), 0.5)
    return np.column_stack((mesh.points[:, 0] ** 4, mesh.points[:, 1:]))[mesh.elements], mesh


@pytest.mark.parametrize("corners", [slab((3.0, 2.0, 1.0), 0.5), graded()[0]], ids=["even", "graded"])
def test_every_point_inside_is_found(corners):
    corners = corners.points[corners.elements] if not isinstance(corners, np.ndarray) else corners
    rng = np.random.default_rng(3)
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    targets = rng.uniform(low, high, (2000, 3))
    found, shares = locate(corners, targets)
    assert (found >= 0).all() and shares.min() > -1e-6
    assert np.einsum("nk,nkx->nx", shares, corners[found]) == pytest.approx(targets, abs=1e-8)


def test_outside_is_told():
    mesh = slab((1.0, 1.0, 1.0), 0.5)
    found, _ = locate(mesh.points[mesh.elements], np.array([[1.1, 0.5, 0.5], [0.5, 0.5, 0.5], [0.5, 0.5, -1e-3]]))
    assert found[1] >= 0 and found[0] == found[2] == -1


def test_nothing_to_look_in_or_for():
    assert locate(np.zeros((0, 4, 3)), np.zeros((2, 3)))[0].tolist() == [-1, -1]
    assert len(locate(np.zeros((1, 4, 3)), np.zeros((0, 3)))[0]) == 0


def test_nodes_on_the_outside():
    mesh = slab((2.0, 2.0, 2.0), 0.5)
    on_face = ((mesh.points == 0) | (mesh.points == 2)).any(axis=1)
    assert np.array_equal(outside(mesh.elements, mesh.n_nodes), on_face)
    flat = sheet((2.0, 2.0), 0.5)
    assert outside(flat.elements, flat.n_nodes).all()
