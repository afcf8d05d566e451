"""Surfaces of hearts are found from their shape: as generated, turned, and as somebody else made them."""

from dataclasses import replace

import numpy as np
import pytest

from hpc_twin.mesh.generate import biventricle, left_ventricle, sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.read import read
from hpc_twin.mesh.surfaces import boundary, with_surfaces
from hpc_twin.parallel import InputError


def turned(mesh: Mesh) -> Mesh:
    """The mesh somewhere else, in another attitude, without its node sets."""
    a, b = 0.7, 2.1
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return replace(mesh, points=mesh.points @ (about_x @ about_z).T + [100.0, -20, 3], node_sets={})


@pytest.mark.parametrize("make", [biventricle, left_ventricle])
def test_finds_again_what_the_generator_named(make):
    mesh = make(scale=0.3, h=1.2)
    found = with_surfaces(turned(mesh))
    assert set(found.node_sets) == set(mesh.node_sets) and "look at them" in found.notes[-1]
    for name, nodes in mesh.node_sets.items():
        ours = found.node_sets[name]
        assert len(np.intersect1d(nodes, ours)) > 0.97 * max(len(nodes), len(ours)), name


@pytest.mark.parametrize(
    ("name", "unit"), [("biv_crtdemo/biventricle.vtu", "mm"), ("rabbit_ucsd/UCSD_heart_retet.vtu", "cm")]
)
def test_hearts_of_others(reference, name, unit):
    mesh = with_surfaces(read(reference(name), unit=unit))
    sets, faces = mesh.node_sets, boundary(mesh)
    assert set(sets) == {"epi", "lv", "rv", "base"}
    np.testing.assert_array_equal(np.unique(np.concatenate(list(sets.values()))), np.unique(faces.nodes))
    assert len(np.intersect1d(sets["lv"], sets["rv"])) == 0 and len(np.intersect1d(sets["lv"], sets["epi"])) < 10
    share = {key: faces.areas[np.isin(faces.nodes, nodes).all(axis=1)].sum() for key, nodes in sets.items()}
    assert share["epi"] > share["rv"] > share["lv"] > share["base"] > 0.02 * sum(share.values())
    top, apex = mesh.points[sets["base"]].mean(axis=0), mesh.points[sets["epi"]]
    axis = top - apex[np.linalg.norm(apex - top, axis=1).argmax()]
    height = mesh.points @ axis / np.linalg.norm(axis) ** 2
    assert height[sets["base"]].min() > np.quantile(height, 0.6)


def test_boundary_of_a_box():
    faces = boundary(slab((4, 3, 2), 1.0))
    assert faces.areas.sum() == pytest.approx(52) and len(faces.pairs) == 1.5 * len(faces.nodes)
    outward = ((faces.centres - [2, 1.5, 1]) * faces.normals).sum(axis=1)
    assert (outward > 0).all() and (faces.patches(np.zeros(len(faces.nodes), int)) == 0).all()
    np.testing.assert_allclose((faces.areas[:, None] * faces.normals).sum(axis=0), 0, atol=1e-12)


def test_an_axis_given_by_the_user():
    mesh = left_ventricle(scale=0.3, h=1.2)
    found = with_surfaces(replace(mesh, node_sets={"probe": np.array([3])}), axis=np.array([0.2, 0, 5]))
    np.testing.assert_array_equal(found.node_sets["base"], mesh.node_sets["base"])
    assert found.node_sets["probe"].tolist() == [3]
    with pytest.raises(InputError, match="no base around the cavities' openings"):
        with_surfaces(mesh, axis=np.array([0.0, 0, -1]))
    with pytest.raises(InputError, match="three numbers, not all zero"):
        with_surfaces(mesh, axis=np.zeros(3))


def cubes(keep) -> Mesh:
    """The part of a 12 mm cube of 1 mm steps whose element centres (n, 3) ``keep`` says."""
    whole = slab((12, 12, 12), 1.0)
    elements = whole.elements[keep(whole.points[whole.elements].mean(axis=1))]
    used, elements = np.unique(elements, return_inverse=True)
    elements = elements.reshape(-1, 4)
    return Mesh(whole.points[used], elements, np.zeros(len(elements), np.int32))


def wells(centre: np.ndarray, places) -> np.ndarray:
    """Not in one of the wells (x0, x1, y0, y1), each open at the top."""
    x, y, z = centre.T
    inside = [(x > a) & (x < b) & (y > c) & (y < d) & (z > 2) for a, b, c, d in places]
    return ~np.any(inside, axis=0)


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        (lambda: slab((4, 4, 4), 1.0), "found no cavity in the mesh: give the node sets"),
        (lambda: sheet((2, 2), 1.0), "meshes of tetrahedra only"),
        (lambda: cubes(lambda c: np.abs(c - 6).max(axis=1) > 3), "no opening on one side"),
        (lambda: cubes(lambda c: wells(c, [(2, 5, 2, 10), (7, 10, 2, 10)])), "cannot tell LV from RV: walls of"),
        (
            lambda: cubes(lambda c: wells(c, [(1, 5, 1, 5), (7, 11, 1, 5), (4, 8, 7, 11)])),
            "found 3 cavities in the mesh, ventricles have one or two",
        ),
    ],
)
def test_says_why_it_cannot_decide(mesh, words):
    with pytest.raises(InputError, match=words):
        with_surfaces(mesh())
