"""Networks are read as others write them, turned away from their root, and joined to muscle by their conductance."""

from dataclasses import replace

import meshio
import numpy as np
import pytest

from hpc_twin.fem import Field, stiffness
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.network.files import read_network
from hpc_twin.mesh.network.junctions import JUNCTION, SIGMA, Junctions, joined
from hpc_twin.mesh.network.model import Network, cable, ends, together
from hpc_twin.mesh.network.sinus import KINDS, with_sinus
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world

Y = np.array([(0, 0, 0), (1, 0, 0), (2, 1, 0), (2, -1, 0)], float)
PKJE = """3
################
Cable 0
-1 -1
1 2
3
7.0
100.0
0.0006
0 0 0
500 0 0
1000 0 0
################
Cable 1
0 -1
-1 -1
2
7.0
100.0
0.0006
1000 0 0
2000 1000 0
################
Cable 2
0 -1
-1 -1
2
7.0
100.0
0.0006
1000 0 0
2000 -1000 0
"""


def fork(h: float = 0.5) -> Network:
    arms = [cable(Y[a], Y[b], h, "purkinje") for a, b in ((0, 1), (1, 2), (1, 3))]
    whole = together(arms)
    return Network(whole.points, whole.lines, whole.kinds, ends(whole.points, whole.lines), {"his": np.array([0])})


def test_cables_meet_in_one_point():
    whole = fork()
    assert whole.branches == 3 and len(whole.terminals) == 2 and len(whole.points) == 1 + 2 + 3 + 3
    np.testing.assert_allclose(np.sort(whole.points[whole.terminals][:, 1]), (-1, 1))
    assert whole.lengths.sum() == pytest.approx(1 + 2 * 2**0.5)


def test_lines_of_a_mesh_file_are_turned_away_from_the_root(tmp_path):
    path = tmp_path / "tree.vtu"
    meshio.Mesh(Y, [("line", np.array([(1, 0), (2, 1), (1, 3)]))]).write(path, binary=False)
    found = read_network(path)
    assert found.lines.tolist() == [[0, 1], [1, 2], [1, 3]] and found.terminals.tolist() == [2, 3]
    assert found.sites["his"].tolist() == [0, 1] and set(found.kinds) == {"purkinje"}


def test_the_cables_of_carp(tmp_path):
    path = tmp_path / "tree.pkje"
    path.write_text(PKJE)
    found = read_network(path)
    assert found.branches == 3 and found.lengths.sum() == pytest.approx(1 + 2 * 2**0.5), "in micrometres"
    np.testing.assert_allclose(found.points[found.sites["his"]], [(0, 0, 0), (0.5, 0, 0), (1, 0, 0)])
    assert sorted(found.points[found.terminals][:, 1]) == [-1, 1]
    path.write_text(PKJE[:-30])
    with pytest.raises(InputError, match="cable 2 of 3 is not whole"):
        read_network(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0\n", "holds no cables"),
        ("-3\n", "holds no cables"),
        ("1e999\n", "holds no cables"),
        (PKJE.replace("\n3\n7.0", "\n1e999\n7.0"), "cable 0 of 3 is not whole"),
        (PKJE.replace("500 0 0", "1e999 0 0"), "point 1 are no finite numbers"),
        (PKJE.replace("500 0 0", "0 0 0"), r"a line at \(0, 0, 0\) has length zero"),
    ],
)
def test_damaged_cables_of_carp(tmp_path, text, words):
    path = tmp_path / "tree.pkje"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_network(path)


def test_lines_that_are_none(tmp_path):
    path = tmp_path / "tree.vtu"
    for points, lines, words in (
        (np.where(Y == 2, np.nan, Y), [(0, 1), (1, 2), (1, 3)], "point 2 are no finite numbers"),
        (Y, [(0, 1), (1, 1), (1, 2)], r"a line at \(1, 0, 0\) has length zero"),
        (Y, [(0, 1), (1, 2), (1, 0)], "between points 0 and 1 stands there 2 times"),
    ):
        meshio.Mesh(points, [("line", np.array(lines))]).write(path, binary=False)
        with pytest.raises(InputError, match=words):
            read_network(path)


def test_points_that_no_line_uses_are_left_out(tmp_path):
    path = tmp_path / "tree.vtu"
    meshio.Mesh(np.insert(Y, 1, 9.0, axis=0), [("line", np.array([(0, 2), (2, 3), (2, 4)]))]).write(path, binary=False)
    found = read_network(path)
    np.testing.assert_allclose(found.points, Y)
    assert found.lines.tolist() == [[0, 1], [1, 2], [1, 3]] and found.terminals.tolist() == [2, 3]


def test_files_that_hold_no_network(tmp_path):
    path = tmp_path / "ring.vtu"
    meshio.Mesh(Y[:3], [("line", np.array([(0, 1), (1, 2), (2, 0)]))]).write(path, binary=False)
    with pytest.raises(InputError, match="no free end"):
        read_network(path)
    meshio.Mesh(Y[:3], [("triangle", np.array([(0, 1, 2)]))]).write(path, binary=False)
    with pytest.raises(InputError, match="holds triangles"):
        read_network(path)
    with pytest.raises(InputError, match="no such file"):
        read_network(tmp_path / "none.pkje")


def test_the_reference_trees_are_trees(reference):
    found = read_network(reference("biv_crtdemo/purkinje_lv.vtu"))
    assert len(found.terminals) == 89 and found.sites["his"].tolist() == [0, 1]
    assert len(found.lines) == len(found.points) - 1


def above() -> Network:
    """The fork, 0.3 mm over a slab of 4 x 4 x 2 mm."""
    whole = fork()
    return replace(whole, points=whole.points + np.array((1.0, 2, 2.3)))


def resting(network: Network, how: Junctions):
    mesh, word = joined(slab((4, 4, 2), 1.0), network, how)
    part = distribute(mesh, world())
    sigma = np.broadcast_to(SIGMA * np.eye(3), (len(part.elements), 3, 3))
    return mesh, part, stiffness(part, sigma, np.where(np.isnan(part.extents), 1.0, part.extents)), word


@pytest.mark.parametrize("radius", [0.1, 1.2])
def test_a_terminal_sees_the_resistance_asked_for(radius):
    """Muscle at 0 mV, the network at 1: the current into the muscle is terminals / R, however many nodes each meets."""
    network = above()
    mesh, part, matrix, word = resting(network, Junctions(radius, 8.0, 0.05))
    junctions = part.regions == next(t for t, name in part.region_names.items() if name == JUNCTION)
    assert junctions.sum() == (2 if radius < 1 else 10)
    V = Field(part, "V", "mV")
    V.owned[:] = part.node_ids[: part.n_owned] >= 5 * 5 * 3
    V.touched()
    V.update_ghosts()
    current = matrix.rows @ V.local
    muscle = part.node_ids[: part.n_owned] < 5 * 5 * 3
    assert -current[muscle].sum() == pytest.approx(2 / 8.0, rel=1e-9) and current.sum() == pytest.approx(0, abs=1e-12)
    assert np.isnan(mesh.extents[: (mesh.sizes == 4).sum()]).all() and "2 terminals" in word


def test_names_tags_and_sets_of_the_joined_mesh():
    network = above()
    base = slab((4, 4, 2), 1.0)
    mesh, _ = joined(base, network, Junctions(0.5, 8.0, 0.05))
    assert set(mesh.region_names.values()) >= {"purkinje", JUNCTION} and mesh.n_nodes == base.n_nodes + 9
    assert mesh.node_sets["his"].tolist() == [base.n_nodes] and len(mesh.node_sets["purkinje_terminals"]) == 2
    np.testing.assert_array_equal(mesh.elements[: base.n_elements], base.elements)
    assert mesh.checksum() != base.checksum()
    with pytest.raises(InputError, match="region 'purkinje"):
        joined(mesh, network, Junctions(0.5, 8.0, 0.05))


def test_a_terminal_on_a_node_gets_a_junction_too():
    network = Network(
        Y + np.array((1.0, 2, 2)), np.array([(0, 1), (1, 2), (1, 3)]), np.full(3, "purkinje"), np.array([2, 3])
    )
    mesh, _ = joined(slab((4, 4, 2), 1.0), network, Junctions(0.1, 8.0, 0.05))
    lengths = np.linalg.norm(np.diff(mesh.points[mesh.elements[-2:, :2]], axis=1), axis=2)
    assert (lengths > 0).all() and (lengths < 0.01).all() and (mesh.extents[-2:] > 0).all()


def test_a_network_somewhere_else_is_refused():
    network = Network(Y * 1000, np.array([(0, 1), (1, 2), (1, 3)]), np.full(3, "purkinje"), np.array([2, 3]))
    with pytest.raises(InputError, match="away from the muscle"):
        joined(slab((4, 4, 2), 1.0), network, Junctions(0.1, 8.0, 0.05))


def test_the_way_from_the_sinus_node_has_the_lengths_asked_for():
    network = with_sinus(above(), (5.0, 30.0, 8.0))
    lengths = {kind: network.lengths[network.kinds == kind].sum() for kind in KINDS}
    assert lengths == pytest.approx({"sinus_node": 5.0, "atrium": 30.0, "av_node": 8.0}, rel=1e-3)
    first, his = int(network.sites["sinus_node"][0]), int(network.sites["his"][0])
    degree = np.bincount(network.lines.ravel())
    assert degree[first] == 1 and degree[his] == 2, "one chain, from the free end of the sinus node into the His bundle"
    assert len(network.lines) == len(network.points) - 1 and len(network.terminals) == 2
    assert network.branches == above().branches, "it prolongs the first cable"


def test_cables_of_the_chain_have_their_own_thickness():
    how = Junctions(0.5, 8.0, 0.05, {"av_node": 1.5})
    mesh, _ = joined(slab((4, 4, 2), 1.0), with_sinus(above(), (5.0, 30.0, 8.0)), how)
    for name, expected in (("purkinje", 0.05), ("atrium", 0.05), ("av_node", 1.5)):
        tag = next(tag for tag, known in mesh.region_names.items() if known == name)
        assert set(mesh.extents[mesh.regions == tag]) == {expected}
