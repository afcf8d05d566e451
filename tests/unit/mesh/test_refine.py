"""Uniform refinement: the same space in 2^d times the elements."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from hpc_twin.fem import measures
from hpc_twin.mesh.generate import GENERATORS
from hpc_twin.mesh.refine import refined

SHAPES = [("slab", {"size": (4.0, 3.0, 2.0)}, 8), ("sheet", {"size": (4.0, 3.0)}, 4), ("cable", {"length": 4.0}, 2)]


@pytest.mark.parametrize(("name", "shape", "children"), SHAPES)
def test_space_is_kept_and_nodes_are_those_of_the_finer_box(name, shape, children):
    coarse, fine = (GENERATORS[name](h=h, **shape) for h in (1.0, 0.5))
    mesh = refined(coarse, 1)
    assert mesh.n_elements == children * coarse.n_elements
    assert measures(mesh.points, mesh.elements).sum() == pytest.approx(measures(fine.points, fine.elements).sum())
    assert {tuple(p) for p in np.round(mesh.points, 9)} == {tuple(p) for p in np.round(fine.points, 9)}
    for side in fine.node_sets:
        assert len(mesh.node_sets[side]) == len(fine.node_sets[side])


def test_children_of_a_tetrahedron_keep_its_orientation_fibre_and_quality():
    mesh = refined(GENERATORS["left_ventricle"](h=8.0), 1)
    corners = mesh.points[mesh.elements]
    assert (np.linalg.det(corners[:, 1:] - corners[:, :1]) > 0).all()


def test_new_nodes_are_numbered_by_the_ends_of_their_edges_and_children_by_their_parents():
    mesh = replace(GENERATORS["slab"](size=(2.0, 1.0, 1.0), h=1.0), extents=np.arange(12.0))
    fine = refined(mesh, 1)
    pairs = combinations(range(4), 2)
    edges = sorted({tuple(sorted((e[a], e[b]))) for a, b in pairs for e in mesh.elements.tolist()})
    assert np.array_equal(fine.points[mesh.n_nodes :], mesh.points[np.array(edges)].mean(axis=1))
    assert np.array_equal(fine.elements[::8, 0], mesh.elements[:, 0])  # first children sit at the first corners
    assert np.array_equal(fine.extents, np.repeat(np.arange(12.0), 8))
    outer = [n for n, (a, b) in enumerate(edges, mesh.n_nodes) if mesh.points[a, 0] == mesh.points[b, 0] == 0]
    assert np.array_equal(fine.node_sets["x0"], [*mesh.node_sets["x0"], *outer])
