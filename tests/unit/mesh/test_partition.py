import sys

import numpy as np
import pytest
from tools import run_on

from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.partition import METHODS, balance, distribute
from hpc_twin.mesh.partitioners import PARTITIONERS, hilbert_keys, nodal_graph
from hpc_twin.parallel import InputError, world


def grid(n: int) -> np.ndarray:
    """(n^3, 3) points in the middle of the cells of a grid, and corners that fix the box."""
    axis = (np.arange(n) + 0.5) / n
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.vstack((points, np.zeros(3), np.ones(3)))


@pytest.mark.parametrize("n", [2, 4, 8, 16])
def test_hilbert_curve_visits_every_cell_by_steps_to_a_neighbour(n):
    points = grid(n)
    keys = hilbert_keys(points)[:-2]
    assert len(np.unique(keys)) == n**3
    walk = np.rint(points[:-2][np.argsort(keys)] * n - 0.5)
    assert (np.abs(np.diff(walk, axis=0)).sum(axis=1) == 1).all()


def test_hilbert_keys_of_flat_and_single_places():
    flat = np.column_stack((np.linspace(0, 1, 50), np.zeros(50), np.zeros(50)))
    assert len(np.unique(hilbert_keys(flat))) == 50
    assert hilbert_keys(np.ones((3, 3))).tolist() == [0, 0, 0]


@pytest.mark.parametrize("method", PARTITIONERS)
@pytest.mark.parametrize("n_parts", [2, 3, 7])
def test_pieces_are_even(method, n_parts):
    mesh = slab((10, 7, 3), 0.5)
    counts = np.bincount(PARTITIONERS[method](mesh, n_parts), minlength=n_parts)
    assert counts.sum() == mesh.n_elements and counts.max() < 1.12 * mesh.n_elements / n_parts and counts.min() > 0


@pytest.mark.parametrize("method", PARTITIONERS)
def test_pieces_are_compact(method):
    """Two halves of a long slab touch in about one cross-section, far from what a random split would cut."""
    mesh = slab((20, 3, 3), 0.5)
    owner = PARTITIONERS[method](mesh, 2)
    shared = np.intersect1d(mesh.elements[owner == 0], mesh.elements[owner == 1])
    assert 49 <= len(shared) <= 2 * 49


def test_nodal_graph():
    graph = nodal_graph(np.array([(0, 1, 2), (2, 3, -1)]), 4).toarray()
    expected = np.zeros((4, 4), bool)
    for a, b in ((0, 1), (0, 2), (1, 2), (2, 3)):
        expected[a, b] = expected[b, a] = True
    assert np.array_equal(graph, expected)


def test_one_rank_has_everything():
    mesh = sheet((3, 2), 0.5)
    part = distribute(mesh, world())
    assert part.n_owned == part.n_local == mesh.n_nodes and part.n_owned_elements == mesh.n_elements
    assert np.array_equal(part.points, mesh.points[part.node_ids])
    assert np.array_equal(part.node_ids[part.elements], mesh.elements[part.element_ids])
    for name, nodes in mesh.node_sets.items():
        assert np.array_equal(np.sort(part.node_ids[part.node_sets[name]]), nodes)
    assert (balance(part).ghosts, balance(part).edge_cut) == (0, 0)


def test_what_is_refused():
    with pytest.raises(InputError, match=r"found 'meti'.*did you mean 'metis'"):
        distribute(cable(1.0, 0.5), world(), "meti")


CHECK = """
import numpy as np
from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import METHODS, balance, distribute
from hpc_twin.parallel import world

comm = world()
mixed = Mesh(np.random.default_rng(0).random((60, 3)), np.vstack((
    np.column_stack((np.arange(40), np.arange(1, 41), np.arange(2, 42))),
    np.column_stack((np.arange(41, 59), np.arange(42, 60), np.full(18, -1))))), np.arange(58, dtype=np.int32) % 3)
meshes = {"slab": slab((4, 3, 2), 0.5), "sheet": sheet((3, 2), 0.5), "cable": cable(3.0, 0.5), "mixed": mixed,
          "tiny": cable(1.5, 0.5)}
for name, mesh in meshes.items():
    for method in METHODS[1:]:  # "auto" is METIS where rank 0 has the mesh
        part = distribute(mesh if comm.rank == 0 else None, comm, method)
        where = (name, method, comm.rank)
        assert np.array_equal(part.points, mesh.points[part.node_ids]), where
        ids = np.where(part.elements < 0, -1, part.node_ids[part.elements])
        assert np.array_equal(ids, mesh.elements[part.element_ids]), where
        assert np.array_equal(part.regions, mesh.regions[part.element_ids]), where
        if mesh.fibres is not None:
            assert np.array_equal(part.fibres, mesh.fibres[part.element_ids]), where
        for key, nodes in mesh.node_sets.items():
            assert np.array_equal(np.sort(part.node_ids[part.node_sets[key]]), np.intersect1d(nodes, part.node_ids))
        owned = np.concatenate(comm.allgather(part.node_ids[: part.n_owned]))
        assert np.array_equal(np.sort(owned), np.arange(mesh.n_nodes)), where
        elements = np.concatenate(comm.allgather(part.element_ids[: part.n_owned_elements]))
        assert np.array_equal(np.sort(elements), np.arange(mesh.n_elements)), where
        row = np.empty(mesh.n_nodes, int)
        row[owned] = np.arange(mesh.n_nodes)
        assert np.array_equal(part.global_ids, row[part.node_ids]), where
        touching = np.isin(mesh.elements, part.node_ids[: part.n_owned]).any(axis=1)
        assert np.isin(np.flatnonzero(touching), part.element_ids).all(), where
        found = balance(part)
        if name == "slab":
            assert found.largest < 1.15 * found.mean and 0 < found.edge_cut, (where, found)
print(f"rank {comm.rank} is done\\n", end="", flush=True)
"""


@pytest.mark.parametrize("ranks", [2, 3])
def test_shares_fit_together(ranks):
    """Every node and element owned once, everything of them in place, all elements at owned nodes there."""
    done = run_on(ranks, [sys.executable, "-c", CHECK])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is done") == ranks


def test_all_methods_are_known():
    assert METHODS == ("auto", "metis", "hilbert", "ptscotch")
