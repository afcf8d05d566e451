"""Partitions that nobody runs on, against the same counted on built meshes."""

import numpy as np
import pytest

from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partitioners import BITS, hilbert_keys, nodal_graph
from hpc_twin.mesh.refine import refined
from hpc_twin.parallel import InputError
from hpc_twin.scaling.lattice import Lattice, Simplices
from hpc_twin.scaling.parts import BIN, counted

MESHES = {"slab": slab((4, 3, 2), 1), "sheet": sheet((5, 4), 1), "cable": cable(7, 1)}


def mixed() -> Mesh:
    """The slab with a line from corner to corner through a node of its own."""
    mesh = MESHES["slab"]
    line = [[0, mesh.n_nodes, -1, -1], [mesh.n_nodes, mesh.n_nodes - 1, -1, -1]]
    points = np.vstack((mesh.points, [[2.1, 1.3, 0.9]]))
    return Mesh(points, np.vstack((mesh.elements, line)), np.zeros(mesh.n_elements + 2, np.int32))


def by_hand(mesh: Mesh, n_parts: int) -> tuple[int, int, int]:
    """Largest part, most ghosts, most neighbours, of equal pieces of the curve; nodes of one bin stay together."""
    keys = hilbert_keys(mesh.points) >> (3 * BITS - BIN)
    part = (np.searchsorted(np.sort(keys), keys, "right") - 1) * n_parts // mesh.n_nodes
    graph = nodal_graph(mesh.elements, mesh.n_nodes).tocoo()
    cut = part[graph.row] != part[graph.col]
    here, there = part[graph.row[cut]], graph.col[cut]
    ghosts, sides = ({(a, b) for a, b in zip(here, others, strict=True)} for others in (there, part[there]))
    return tuple(max(np.bincount(p, minlength=1)) for p in (part, [a for a, _ in ghosts], [a for a, _ in sides]))


@pytest.mark.parametrize("name", [*MESHES, "mixed"])
@pytest.mark.parametrize("times", [0, 1])
@pytest.mark.parametrize("n_parts", [2, 5])
def test_counts_are_those_of_the_built_mesh(name, times, n_parts):
    mesh = mixed() if name == "mixed" else MESHES[name]
    (found,) = counted(mesh, times, [n_parts])
    assert (found.largest, found.ghosts, found.neighbours) == by_hand(refined(mesh, times), n_parts)


@pytest.mark.parametrize("name", MESHES)
@pytest.mark.parametrize("times", [0, 1, 3])
def test_sizes_of_refined_meshes_by_formula(name, times):
    built = refined(MESHES[name], times)
    found = Simplices.of(MESHES[name]).refined(times)
    assert (found.n_nodes, found.n_elements) == (built.n_nodes, built.n_elements)


def test_a_lattice_has_the_edges_of_a_refined_tetrahedron():
    points = np.vstack((np.zeros(3), np.eye(3)))
    one = Mesh(points, np.arange(4)[None], np.zeros(1, np.int32))
    built = refined(one, 3)
    assert len(Lattice(4, 8).weights) == built.n_nodes
    assert len(Lattice(4, 8).edges) == nodal_graph(built.elements, built.n_nodes).nnz // 2


def test_many_parts_in_chunks(monkeypatch):
    whole = counted(MESHES["slab"], 3, [300])
    monkeypatch.setattr("hpc_twin.scaling.parts.CHUNK", 500)
    assert counted(MESHES["slab"], 3, [300]) == whole
    assert whole[0].largest * 300 < 1.2 * whole[0].n_nodes
    assert whole[0].mean_ghosts <= whole[0].ghosts <= whole[0].n_nodes


@pytest.mark.parametrize("n_parts", [0, 61])
def test_more_parts_than_nodes_are_refused(n_parts):
    with pytest.raises(InputError, match=f"found {n_parts}, allowed is 1 to the number of nodes, 60"):
        counted(MESHES["slab"], 0, [n_parts])
