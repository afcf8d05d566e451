"""Distribute a mesh over the ranks: elements by the chosen partitioner, nodes with one layer of ghosts.

A mesh comes in blocks, wherever its rows happen to be (mesh/block.py), one block with everything on rank 0 included;
each rank gathers its share (mesh/share.py), which may be refined there; ``part_of`` puts that in local order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse.csgraph import reverse_cuthill_mckee

from hpc_twin.mesh.block import OF_ELEMENTS, Block, Found, Rows, Whole, block_of, filled, pieces, spelled_out
from hpc_twin.mesh.digest import checksum, digest_of
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partitioners import PARTITIONERS, hilbert_owners, nodal_graph
from hpc_twin.mesh.share import Share, gathered
from hpc_twin.parallel import InputError, max_over, min_over, nearest, on_root, sum_over
from hpc_twin.parallel.exchange import Cut

METHODS = (*PARTITIONERS, "ptscotch")
DEFAULT = "auto"


def distribute(mesh: Mesh | None, comm, method: str = DEFAULT) -> Part:
    """Split ``mesh``, which rank 0 holds (others pass None), over the ranks of ``comm``.

    ``method`` is one of METHODS. Raises InputError for another one, or when there are more ranks than elements.
    """
    owners = owners_of_mesh(mesh, comm, method)
    return part_of(gathered(block_of(mesh, comm), owners, comm))


def owners_of_mesh(mesh: Mesh | None, comm, method: str = DEFAULT, n_parts: int | None = None) -> np.ndarray:
    """The part that gets each element of the ``mesh`` that rank 0 holds; (n_elements,) there, (0,) elsewhere.

    Parts are the ranks, or ``n_parts``, which "ptscotch" cannot make. Collective. Raises InputError for an unknown
    ``method``, or when there are more parts than elements.
    """
    n_parts = comm.size if n_parts is None else n_parts
    require_method(method, METHODS if n_parts == comm.size else tuple(PARTITIONERS))
    owners = on_root(comm, lambda: _owners(mesh, n_parts, method))
    if comm.size > 1 and method == "ptscotch":
        return _scotch(mesh, comm)
    return np.zeros(0, np.int32) if owners is None else owners


def require_method(method: str, allowed: tuple[str, ...]) -> None:
    """Raise InputError for a ``method`` that is not among those ``allowed``."""
    if method not in allowed:
        raise InputError(
            f"partition.method: found '{method}', allowed are {', '.join(allowed)}{nearest(method, allowed)}"
        )


def owners_of_block(block: Block, comm, n_parts: int | None = None) -> np.ndarray:
    """The part, by default the rank, that gets each element of ``block``, by a Hilbert curve; no rank sees all.

    Collective. Raises InputError when there are more parts than elements.
    """
    n_parts = comm.size if n_parts is None else n_parts
    _require_elements(block.whole.n_elements, n_parts)
    if n_parts == 1:
        return np.zeros(len(block.elements["ids"]), np.int32)
    return hilbert_owners(block, n_parts, comm)


def block_checksum(block: Block, comm) -> str:
    """That of the whole mesh, as ``Mesh.checksum`` finds it, from the rows of all blocks. Collective."""
    found = Found.among(block.elements["nodes"])
    held = Cut.held(comm, len(block.nodes["ids"]))
    ids = np.append(held.fetch(found.numbers, {"ids": block.nodes["ids"]})["ids"], -1)
    of_elements = _digest(block.whole, block.elements, lambda nodes: ids[found.at(nodes)])
    return checksum(sum_over(comm, of_elements + digest_of(block.nodes["ids"], {"points": block.nodes["points"]})))


def _digest(whole: Whole, elements: Rows, ids_of: Callable[[np.ndarray], np.ndarray]) -> int:
    """That of ``elements``, with the ids that their nodes have by ``ids_of``."""
    total, given = 0, spelled_out(whole, elements)
    for some in pieces(len(given["ids"])):
        rows = {name: given[name][some] for name in OF_ELEMENTS if name in given}
        total += digest_of(given["ids"][some], {"nodes": ids_of(given["nodes"][some]), **rows})
    return total


def _require_elements(n_elements: int, n_parts: int) -> None:
    if n_elements < n_parts:
        raise InputError(f"{n_elements} elements cannot be split over {n_parts} ranks: use fewer ranks")


def _owners(mesh: Any, n_parts: int, method: str) -> np.ndarray:
    _require_elements(mesh.n_elements, n_parts)
    if n_parts == 1 or method == "ptscotch":
        return np.zeros(mesh.n_elements, np.int32)
    return PARTITIONERS[method](mesh, n_parts)


def _scotch(mesh: Mesh | None, comm) -> np.ndarray:
    """Owners by PT-Scotch, which DMPlex calls: where it has taken the elements tells what it was answered."""
    plex = _plex(mesh, comm)
    n_elements = plex.getHeightStratum(0)[1]
    plex.getPartitioner().setType(PETSc.Partitioner.Type.PTSCOTCH)
    forest = plex.distribute(overlap=0)
    roots, leaves = np.zeros(forest.getGraph()[0], np.int32), np.full(plex.getChart()[1], comm.rank, np.int32)
    forest.reduceBegin(MPI.INT32_T, leaves, roots, MPI.REPLACE)
    forest.reduceEnd(MPI.INT32_T, leaves, roots, MPI.REPLACE)
    return roots[:n_elements]


def _plex(mesh: Mesh | None, comm) -> PETSc.DMPlex:
    """DMPlex of elements and corners; one of lower dimension repeats its first node, as only adjacency matters here."""
    width = comm.bcast(mesh.width if mesh is not None else None)
    cells = filled(mesh.elements) if mesh is not None else np.zeros((0, width))
    points = mesh.points[: mesh.n_corners] if mesh is not None else np.zeros((0, 3))
    plex = PETSc.DMPlex().createFromCellList(
        width - 1, np.ascontiguousarray(cells, PETSc.IntType), points, interpolate=False, comm=comm
    )
    plex.setBasicAdjacency(False, True)
    return plex


def part_of(share: Share) -> Part:
    """Put ``share`` in local order: owned nodes first, each owned by one of the ranks that have it. Collective.

    Raises InputError for nodes that belong to no element.
    """
    comm, whole, rows = share.comm, share.whole, spelled_out(share.whole, share.elements)
    node_ids, element_ranks = share.nodes["ids"], rows["ranks"]
    owned = _node_ranks(rows["nodes"], element_ranks, node_ids, comm.rank) == comm.rank
    unused = whole.n_nodes - sum_over(comm, int(owned.sum()))
    if unused:
        raise InputError(f"{unused} nodes of the mesh belong to no element: 'hpc-twin partition' leaves them out")
    node_order, n_owned = _node_order(rows["nodes"], owned)
    place = np.empty(len(node_order) + 1, np.int32)  # the last entry keeps the padding -1
    place[node_order], place[-1] = np.arange(len(node_order)), -1
    nodes, members = place[rows["nodes"]], share.nodes["members"][node_order]
    return Part(
        comm=comm,
        points=share.nodes["points"][node_order],
        elements=nodes[:, : whole.width],
        midpoints=nodes[:, whole.width :] if nodes.shape[1] > whole.width else None,
        regions=rows["regions"],
        fibres=rows.get("fibres"),
        sheets=rows.get("sheets"),
        extents=rows.get("extents"),
        node_ids=node_ids[node_order],
        element_ids=rows["ids"],
        global_ids=_global_ids(node_ids[node_order], n_owned, whole.n_nodes, comm),
        n_owned=n_owned,
        n_owned_elements=share.n_owned,
        n_nodes=whole.n_nodes,
        n_elements=whole.n_elements,
        region_names=whole.region_names,
        node_sets={name: np.flatnonzero(members[:, i]) for i, name in enumerate(whole.set_names)},
        checksum=_checksum(share, owned),
    )


def _checksum(share: Share, owned: np.ndarray) -> str:
    """That of the whole mesh, as ``Mesh.checksum`` finds it, from the rows that ranks own."""
    ids, mine = (
        np.append(share.nodes["ids"], -1),
        {name: rows[: share.n_owned] for name, rows in share.elements.items()},
    )
    of_elements = _digest(share.whole, mine, lambda nodes: ids[nodes])
    of_nodes = digest_of(share.nodes["ids"][owned], {"points": share.nodes["points"][owned]})
    return checksum(sum_over(share.comm, of_elements + of_nodes))


def _node_order(connectivity: np.ndarray, owned: np.ndarray) -> tuple[np.ndarray, int]:
    """Owned nodes first, in reverse Cuthill-McKee order so that neighbours share cache lines; then ghosts."""
    mine = np.flatnonzero(owned)
    graph = nodal_graph(connectivity, len(owned), owned)
    near = reverse_cuthill_mckee(graph, symmetric_mode=True) if len(mine) else mine
    return np.concatenate([mine[near], np.flatnonzero(~owned)]), len(mine)


def _node_ranks(connectivity: np.ndarray, element_ranks: np.ndarray, node_ids: np.ndarray, me: int) -> np.ndarray:
    """Owner of each node: the rank with most of the elements around it.

    A rank that has an element at a node sees all elements there, so all ranks that may own it decide alike. Only nodes
    that elements of other ranks have are voted on; all others are this rank's.
    """
    ranks, shared = np.full(len(node_ids), me, np.int64), np.zeros(len(node_ids) + 1, bool)
    shared[connectivity[element_ranks != me]] = True
    shared[-1] = False  # the last entry is that of the padding -1
    near = _that_have(shared, connectivity)
    node = connectivity[near].ravel().astype(np.int64)
    rank = np.repeat(element_ranks[near], connectivity.shape[1])[shared[node]].astype(np.int64)
    n_ranks = int(rank.max(initial=0)) + 1
    pairs, votes = np.unique(node[shared[node]] * n_ranks + rank, return_counts=True)
    node, rank = np.divmod(pairs, n_ranks)
    ranks[shared[:-1]] = elected(node, rank, votes, node_ids)
    return ranks


def _that_have(some: np.ndarray, elements: np.ndarray) -> np.ndarray:
    """Rows of ``elements`` that have a node where ``some`` (n_nodes + 1,) is true; its last entry is false."""
    found = [piece.start + np.flatnonzero(some[elements[piece]].any(axis=1)) for piece in pieces(len(elements))]
    return np.concatenate(found or [np.zeros(0, np.int64)])


def elected(node: np.ndarray, rank: np.ndarray, votes: np.ndarray, node_ids: np.ndarray) -> np.ndarray:
    """(n_nodes,) the rank with most votes for each node, by (node, rank, votes) once for each pair that has any.

    Ties fall to either side in runs of nodes.
    """
    tie = (rank * 7919 + node_ids[node] // 64 * 104729) % 65521
    best = np.lexsort((rank, tie, votes, node))
    last = np.flatnonzero(np.diff(node[best], append=-1))
    return rank[best[last]]


def _global_ids(node_ids: np.ndarray, n_owned: int, n_nodes: int, comm) -> np.ndarray:
    """Row of each local node in the numbering rank by rank: whoever holds a node's id in an even cut knows."""
    rows, cut = Cut.held(comm, n_owned), Cut.even(comm, n_nodes)
    tell = cut.asked(node_ids[:n_owned])
    row_of = np.empty(cut.last - cut.first, np.int64)
    row_of[tell.carry(node_ids[:n_owned]) - cut.first] = tell.carry(rows.first + np.arange(n_owned))
    return cut.fetch(node_ids, {"row": row_of})["row"]


@dataclass(frozen=True)
class Balance:
    """How well the mesh is split: owned nodes per rank, ghosts, and nodal edges between ranks."""

    smallest: int
    largest: int
    mean: float
    ghosts: int
    edge_cut: int

    def __str__(self) -> str:
        return (
            f"{self.smallest:,} to {self.largest:,} nodes per rank (largest {self.largest / self.mean - 1:+.1%} above "
            f"the mean), {self.ghosts:,} ghosts, edge cut {self.edge_cut:,}"
        )


def balance(part: Part) -> Balance:
    """Measure the split of ``part``; collective."""
    ghost = np.arange(part.n_local + 1) >= part.n_owned
    ghost[-1] = False
    near = part.element_nodes[_that_have(ghost, part.element_nodes)]
    graph = nodal_graph(near, part.n_local)[: part.n_owned, part.n_owned :]
    return Balance(
        smallest=min_over(part.comm, part.n_owned),
        largest=max_over(part.comm, part.n_owned),
        mean=part.n_nodes / part.comm.size,
        ghosts=sum_over(part.comm, part.n_local - part.n_owned),
        edge_cut=sum_over(part.comm, int(graph.nnz)) // 2,
    )
