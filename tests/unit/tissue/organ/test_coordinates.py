"""Ventricular coordinates of idealised and real hearts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpc_twin.mesh.generate import biventricle, left_ventricle, sheet, slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.mesh.read import read
from hpc_twin.mesh.surfaces import with_surfaces
from hpc_twin.parallel import InputError, world
from hpc_twin.tissue.organ.coordinates import LV, NAMES, RV, Coordinates
from hpc_twin.tissue.organ.landmarks import Ventricles
from hpc_twin.tissue.organ.laplace import on_elements

MESHES = Path(__file__).parents[5] / "shared" / "reference" / "meshes"


@pytest.fixture(scope="module")
def heart():
    return Coordinates(distribute(biventricle(scale=0.3, h=1.0), world()))


@pytest.fixture(scope="module")
def ventricle():
    return Coordinates(distribute(left_ventricle(scale=0.5, h=1.8), world()))


def test_the_septum_belongs_to_the_left_ventricle(heart):
    part, found = heart.part, heart["transventricular"]
    walls = np.where(part.regions == 2, RV, LV)  # of the generator's ellipsoids
    assert (found.elements == walls).mean() > 0.975
    assert set(np.unique(found.nodes)) == {LV, RV} and (found.nodes[part.node_sets["lv"]] == LV).all()
    centres = on_elements(part, part.points)
    septum = (np.abs(centres[:, 1]) < 3) & (centres[:, 0] > 0) & (part.regions == 1) & (centres[:, 2] > -10)
    assert septum.sum() > 100 and (found.elements[septum] == LV).all()


def test_transmural_goes_through_the_septum_to_its_right_side(heart):
    part, depth = heart.part, heart["transmural"]
    ventricle = heart["transventricular"].nodes
    sets = {name: np.setdiff1d(nodes, part.node_sets["base"]) for name, nodes in part.node_sets.items()}
    np.testing.assert_allclose(depth.nodes[np.setdiff1d(sets["lv"], sets["epi"])], 0, atol=1e-9)
    np.testing.assert_allclose(depth.nodes[sets["epi"]], 1, atol=1e-9)
    right = np.setdiff1d(sets["rv"], sets["epi"])
    np.testing.assert_allclose(depth.nodes[right], np.where(ventricle[right] == LV, 1.0, 0.0), atol=1e-9)
    assert (ventricle[right] == LV).sum() > 100 < (ventricle[right] == RV).sum()
    middle = (np.abs(part.points[:, 1]) < 1) & (np.abs(part.points[:, 2]) < 3) & (part.points[:, 0] > 0)
    wall = middle & (part.points[:, 0] < 9.95)  # LV cavity 6.9, its wall 3 mm
    linear = (part.points[wall, 0] - 6.9) / 3.0
    assert wall.sum() > 20 and np.abs(depth.nodes[wall] - linear).max() < 0.12


def test_elements_take_their_own_ventricles_depth(heart):
    depth = heart["transmural"].elements
    right = heart["transventricular"].elements == RV
    assert depth.min() >= 0 and depth.max() <= 1
    assert 0.4 < depth[right].mean() < 0.6 and 0.4 < depth[~right].mean() < 0.65


def test_apicobasal_is_near_to_the_share_of_the_way(heart, ventricle):
    for coordinates in (heart, ventricle):
        part, z = coordinates.part, coordinates["apicobasal"].nodes
        assert z.min() == 0 and part.points[z.argmin(), 2] < part.points[:, 2].min() + 0.5
        np.testing.assert_allclose(z[part.node_sets["base"]], 1, atol=1e-9)
        assert np.corrcoef(z, part.points[:, 2])[0, 1] > 0.95
    part, z = ventricle.part, ventricle["apicobasal"].nodes
    epi = part.node_sets["epi"]
    theta = np.linspace(0, np.pi / 2 + np.arcsin(9 / 35), 2000)  # along an ellipse of 16.5 and 35 mm up to z = 9
    arc = np.concatenate(([0], np.cumsum(np.hypot(np.diff(16.5 * np.sin(theta)), np.diff(-35 * np.cos(theta))))))
    expected = np.interp(part.points[epi, 2], -35 * np.cos(theta), arc / arc[-1])
    assert np.abs(z[epi] - expected).max() < 0.06


def test_the_apex_is_the_left_ventricles(heart):
    """Also where the right one reaches further: its free wall is drawn down, by twice what lies beyond x = 10 mm."""
    mesh = biventricle(scale=0.3, h=1.0)
    x, y, z = mesh.points.T
    part = distribute(replace(mesh, points=np.column_stack((x, y, z - 2 * np.maximum(x - 10, 0)))), world())
    long = Ventricles(part)
    base, epi = part.points[part.node_sets["base"]].mean(axis=0), part.points[part.node_sets["epi"]]
    assert epi[np.linalg.norm(epi - base, axis=1).argmax(), 0] > 12
    assert np.linalg.norm(part.points[long.apex] - (0, 0, -21)) < 1.2
    np.testing.assert_allclose(long.axis, (0, 0, 1), atol=0.05)
    lowest = Coordinates(part)["apicobasal"].nodes.argmin()
    assert lowest == long.apex and np.linalg.norm(heart.part.points[Ventricles(heart.part).apex] - (0, 0, -21)) < 0.1


def test_a_base_without_the_left_ventricle(heart):
    part, right = heart.part, heart["transventricular"].nodes == RV
    base = np.intersect1d(part.node_sets["base"], np.flatnonzero(right))
    with pytest.raises(InputError, match="'base' lies in the left ventricle"):
        _ = Ventricles(replace(part, node_sets={**part.node_sets, "base": base})).apex


def test_rotational(heart, ventricle):
    part, angle = heart.part, heart["rotational"]
    ventricles = heart["transventricular"]
    assert np.abs(angle.nodes[ventricles.nodes == RV]).max() <= np.pi / 2 + 1e-9
    assert angle.nodes.min() < -3 and angle.nodes.max() > 3
    y = on_elements(part, part.points)[:, 1]
    assert (np.sign(angle.elements) == np.sign(y))[np.abs(y) > 1].all()  # the RV is at +x, so +y is anterior
    touched = np.intersect1d(*(np.unique(part.elements[ventricles.elements == side]) for side in (LV, RV)))
    high = touched[part.points[touched, 2] > 0]
    assert abs(np.abs(angle.nodes[high]).mean() - np.pi / 2) < 0.05
    one, points = ventricle["rotational"].nodes, ventricle.part.points
    off = np.hypot(points[:, 0], points[:, 1]) > 2
    turn = np.angle(np.exp(1j * (one - np.arctan2(points[:, 1], points[:, 0]))))[off]
    assert np.abs(np.angle(np.exp(1j * (turn - turn[0])))).max() < 0.1


def test_any_mesh_has_x_y_z():
    part = distribute(slab((4, 2, 1), 0.5), world())
    for axis, (name, length) in enumerate((("x", 4), ("y", 2), ("z", 1))):
        np.testing.assert_allclose(Coordinates(part)[name].nodes, part.points[:, axis] / length, atol=1e-12)
    with pytest.raises(InputError, match="coordinate z: the mesh has no extent"):
        Coordinates(distribute(sheet((2, 2), 0.5), world()))["z"]


def test_meshes_that_are_no_ventricles():
    for mesh, words in ((sheet((2, 2), 0.5), "a wall of tetrahedra"), (slab((2, 2, 2), 0.5), "no node set 'endo'")):
        with pytest.raises(InputError, match=words):
            Coordinates(distribute(mesh, world()))["transmural"]


def test_a_patients_heart():
    path = MESHES / "biv_crtdemo" / "biventricle.vtu"
    if not path.exists():
        pytest.skip("reference meshes are not here")
    found = Coordinates(distribute(with_surfaces(read(path, "mm")), world()))
    values = {name: found[name] for name in NAMES}
    assert all(np.isfinite(v.nodes).all() and np.isfinite(v.elements).all() for v in values.values())
    right = values["transventricular"].elements == RV
    assert 0.15 < right.mean() < 0.5  # of the elements; the RV's free wall
    assert np.histogram(values["apicobasal"].nodes, 5, (0, 1))[0].min() > 100
    apex = found.part.points[values["apicobasal"].nodes.argmin()]
    assert np.linalg.norm(apex - (81.5, -81.3, -69.8)) < 1  # where the line through base and cavity leaves the heart
