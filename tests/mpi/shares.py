"""Run on any number of ranks by test_shares.py: what each rank gets of a mesh is what one rank says it should."""

from dataclasses import replace

import numpy as np

from hpc_twin.mesh.block import SHARES, Block, block_of, centres, shares_of_nodes, whole_of
from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.order import quadratic, with_midpoints
from hpc_twin.mesh.partition import distribute, owners_of_block, owners_of_mesh, part_of
from hpc_twin.mesh.partitioners import hilbert
from hpc_twin.mesh.refine import halved, refined
from hpc_twin.mesh.share import gathered
from hpc_twin.parallel import exchange, world
from hpc_twin.parallel.exchange import Cut, Exchange

comm = world()
exchange.PIECE_BYTES = 1000  # so that it takes many rounds


def mixed() -> Mesh:
    """A block, a strip of triangles on it, and lines: two that hang on the block, one of its edges; all rows differ."""
    block, rng = slab((3, 2, 1), 0.5), np.random.default_rng(1)
    n, m = block.n_nodes, block.n_elements + 5
    triangles, lines = [(0, 1, n, -1), (1, n, n + 1, -1)], [(3, n + 2, -1, -1), (n + 2, n + 3, -1, -1), (0, 1, -1, -1)]
    elements = np.vstack((lines[:1], block.elements[:50], triangles, block.elements[50:], lines[1:]))
    vectors = rng.normal(size=(2, m, 3))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    points = np.vstack((block.points, rng.random((4, 3)) - 2))
    sets = {**block.node_sets, "some": np.arange(0, n, 3), "none": np.zeros(0, int)}
    return Mesh(points, elements, np.arange(m, dtype=np.int32) % 5, *vectors, {1: "one"}, sets, None, rng.random(m))


def scattered(mesh: Mesh) -> Block:
    """The rows of ``mesh`` thrown about at random among the ranks, nodes numbered by where they fell."""
    at_root, rng = block_of(mesh, comm), np.random.default_rng(2)
    everything = comm.bcast(at_root if comm.rank == 0 else None)
    of_nodes, of_elements = rng.integers(0, comm.size, mesh.n_nodes), rng.integers(0, comm.size, mesh.n_elements)
    fallen = np.argsort(of_nodes, kind="stable")
    number = np.append(np.argsort(fallen), -1)
    elements = {**everything.elements, "nodes": number[everything.elements["nodes"]]}
    return Block(
        whole_of(mesh),
        {name: rows[of_elements == comm.rank] for name, rows in elements.items()},
        {name: rows[of_nodes == comm.rank] for name, rows in everything.nodes.items()},
    )


def check_same(part, other, where) -> None:
    rows = ("points", "elements", "midpoints", "regions", "fibres", "sheets", "extents")
    numbers = ("node_ids", "element_ids", "global_ids", "n_owned", "n_owned_elements", "n_nodes", "n_elements")
    for name in (*rows, *numbers, "checksum"):
        one, two = getattr(part, name), getattr(other, name)
        assert (one is None and two is None) or np.array_equal(one, two), (where, name)
    assert list(part.node_sets) == list(other.node_sets), where
    for name, nodes in part.node_sets.items():
        assert np.array_equal(nodes, other.node_sets[name]), (where, name)


def check_rows(part, mesh: Mesh, where) -> None:
    """All rows of ``part`` are those of ``mesh``, every node and element is owned once, every neighbour is there."""
    ids = np.where(part.element_nodes < 0, -1, part.node_ids[part.element_nodes])
    assert np.array_equal(ids, mesh.element_nodes[part.element_ids]), where
    assert np.array_equal(part.points, mesh.points[part.node_ids]), where
    for name in ("regions", "fibres", "sheets", "extents"):
        given = getattr(mesh, name)
        assert given is None or np.array_equal(getattr(part, name), given[part.element_ids]), (where, name)
    for name, nodes in mesh.node_sets.items():
        assert np.array_equal(np.sort(part.node_ids[part.node_sets[name]]), np.intersect1d(nodes, part.node_ids)), where
    owned = np.concatenate(comm.allgather(part.node_ids[: part.n_owned]))
    elements = np.concatenate(comm.allgather(part.element_ids[: part.n_owned_elements]))
    assert np.array_equal(np.sort(owned), np.arange(mesh.n_nodes)), where
    assert np.array_equal(np.sort(elements), np.arange(mesh.n_elements)), where
    mine = mesh.element_nodes[part.element_ids[: part.n_owned_elements]]
    around = np.isin(mesh.element_nodes, mine[mine >= 0]).any(axis=1)
    assert np.array_equal(np.flatnonzero(around), np.sort(part.element_ids)), where
    assert part.checksum == mesh.checksum(), where


rows = np.random.default_rng(comm.rank).integers(0, 1000, (200 * comm.rank + 3, 2))
to = rows[:, 0] % comm.size
move = Exchange(comm, to)
arrived = move.carry(rows)
assert (arrived[:, 0] % comm.size == comm.rank).all() and np.array_equal(move.sources, np.sort(move.sources))
assert np.array_equal(move.back(arrived), rows)
assert move.carry(np.zeros((len(rows), 0))).shape == (len(arrived), 0)
cut = Cut.even(comm, 1000)
assert np.array_equal(cut.fetch(rows[:, 1], {"n": np.arange(cut.first, cut.last) ** 2})["n"], rows[:, 1] ** 2)

for name, mesh in {"mixed": mixed(), "sheet": sheet((3, 2), 0.5), "cable": cable(4.0, 0.5)}.items():
    block, at_root = scattered(mesh), mesh if comm.rank == 0 else None
    owners = owners_of_block(block, comm)
    assert np.array_equal(owners_of_mesh(mesh, comm, "hilbert"), hilbert(mesh, comm.size) if comm.rank == 0 else []), (
        name
    )
    weights = shares_of_nodes(block, comm)
    assert abs(comm.allreduce(int(weights.sum())) / SHARES / mesh.n_nodes - 1) < 1e-3, name
    sums = comm.allreduce(np.bincount(owners, weights, comm.size)) / SHARES
    assert np.abs(sums - mesh.n_nodes / comm.size).max() < 4, name  # of nodes: the piece of one element each
    at_once = owners_of_block(block_of(at_root, comm), comm)
    assert np.array_equal(at_once, owners_of_mesh(at_root, comm, "hilbert")), name
    chosen, corners = hilbert(mesh, comm.size), np.where(mesh.elements < 0, mesh.elements[:, :1], mesh.elements)
    assert np.allclose(centres(block, comm), mesh.points[corners].mean(axis=1)[block.elements["ids"]]), name
    part = part_of(gathered(block, chosen[block.elements["ids"]].astype(int), comm))
    check_rows(part, mesh, name)
    check_same(part, distribute(at_root, comm, "hilbert"), name)
    for times in (1, 2):
        share = halved(gathered(block, owners, comm), times)
        check_rows(part_of(share), refined(mesh, times), (name, times))
        check_rows(part_of(with_midpoints(share)), quadratic(refined(mesh, times)), (name, times, "order 2"))
    second = quadratic(mesh)
    check_same(part_of(with_midpoints(gathered(block_of(at_root, comm), owners_of_mesh(at_root, comm), comm))),
               distribute(second if comm.rank == 0 else None, comm), (name, "order 2"))  # fmt: skip
    assert replace(mesh, regions=mesh.regions + 1).checksum() != mesh.checksum()
print(f"rank {comm.rank} is done\n", end="", flush=True)
