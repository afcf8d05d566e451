"""Uniform refinement: the same space in 2^d times the elements."""

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
