import numpy as np
import pytest

from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.order import EDGES, linear_pieces, quadratic
from hpc_twin.mesh.quality import measures
from hpc_twin.mesh.refine import refined


def hanging() -> Mesh:
    """A sheet, and a line of two elements that hangs on its node 2."""
    flat = sheet((3.0, 2.0), 0.5)
    n = flat.n_nodes
    points = np.vstack((flat.points, [(1, 0, -1), (1, 0, -2)]))
    elements = np.vstack((flat.elements, [(2, n, -1), (n, n + 1, -1)]))
    return Mesh(points, elements, np.zeros(len(elements), np.int32), node_sets=flat.node_sets)


MESHES = {
    "cable": lambda: cable(4.0, 0.5),
    "sheet": lambda: sheet((3.0, 2.0), 0.5),
    "slab": lambda: slab((3.0, 2.0, 1.0), 0.5),
    "mixed": hanging,
}


@pytest.mark.parametrize("name", MESHES)
def test_midpoints_lie_in_the_middle_of_their_edges(name):
    mesh = MESHES[name]()
    second = quadratic(mesh)
    assert second.order == 2 and mesh.order == 1 and second.n_corners == mesh.n_nodes
    for size in np.unique(mesh.sizes).tolist():
        rows = second.sizes == size
        ends = mesh.points[mesh.elements[rows][:, EDGES[size]]]
        middle = second.midpoints[rows][:, : len(EDGES[size])]
        assert np.allclose(second.points[middle], ends.mean(axis=2))
        assert (second.midpoints[rows][:, len(EDGES[size]) :] == -1).all()


@pytest.mark.parametrize("name", MESHES)
def test_as_many_nodes_as_in_the_mesh_with_halved_edges(name):
    mesh = MESHES[name]()
    second, halved = quadratic(mesh), refined(mesh, 1)
    assert second.n_nodes == halved.n_nodes
    assert {tuple(p) for p in second.points.round(9)} == {tuple(p) for p in halved.points.round(9)}
    assert {key: len(nodes) for key, nodes in second.node_sets.items()} == {
        key: len(nodes) for key, nodes in halved.node_sets.items()
    }
    assert len(np.unique(second.element_nodes[second.element_nodes >= 0])) == second.n_nodes


def test_sets_of_a_slab_are_its_faces():
    """Not the edges inside that join two of their nodes: here x0 and x1 are 0.5 mm apart."""
    second = quadratic(slab((0.5, 2.0, 1.0), 0.5))
    for name, axis, place in (("x0", 0, 0.0), ("x1", 0, 0.5), ("z1", 2, 1.0)):
        assert np.array_equal(np.sort(second.node_sets[name]), np.flatnonzero(second.points[:, axis] == place))


@pytest.mark.parametrize(("name", "pieces"), [("cable", 2), ("sheet", 4), ("slab", 8)])
def test_linear_pieces_fill_the_element(name, pieces):
    mesh = MESHES[name]()
    second = quadratic(mesh)
    linear = linear_pieces(second.elements, second.midpoints)
    parts = measures(Mesh(second.points, linear, np.zeros(len(linear), np.int32))).reshape(-1, pieces)
    assert np.allclose(parts, measures(mesh)[:, None] / pieces)


def test_checksum_tells_the_order():
    assert quadratic(cable(4.0, 0.5)).checksum() != cable(4.0, 0.5).checksum()
