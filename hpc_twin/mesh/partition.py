"""Distribute a mesh over the ranks with DMPlex: elements by the chosen partitioner, nodes with one layer of ghosts.

DMPlex moves the topology; then one star forest from rank 0 to every rank's elements, and one to its nodes, carry
whatever belongs to them: coordinates, regions, fibres, node sets.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse.csgraph import reverse_cuthill_mckee

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partitioners import PARTITIONERS, filled, nodal_graph
from hpc_twin.parallel import InputError, max_over, min_over, nearest, on_root, sum_over

METHODS = (*PARTITIONERS, "ptscotch")
DEFAULT = "metis"


def distribute(mesh: Mesh | None, comm, method: str = DEFAULT) -> Part:
    """Split ``mesh``, which rank 0 holds (others pass None), over the ranks of ``comm``.

    ``method`` is one of METHODS. Raises InputError for another one, or when there are more ranks than elements.
    """
    if method not in METHODS:
        raise InputError(
            f"partition.method: found '{method}', allowed are {', '.join(METHODS)}{nearest(method, METHODS)}"
        )
    owner = on_root(comm, lambda: _owners(mesh, comm.size, method))
    shape = comm.bcast(_Shape.of(mesh) if comm.rank == 0 else None)
    topology = _topology(mesh, shape, owner, comm)
    return _part(mesh, shape, topology, comm)


@dataclass(frozen=True)
class _Shape:
    """What every rank must know of the whole mesh."""

    n_nodes: int
    n_elements: int
    width: int
    columns: int
    fibres: bool
    sheets: bool
    extents: bool
    region_names: dict
    set_names: tuple
    checksum: str

    @classmethod
    def of(cls, mesh: Any) -> "_Shape":
        return cls(mesh.n_nodes, mesh.n_elements, mesh.width, mesh.element_nodes.shape[1], mesh.fibres is not None,
                   mesh.sheets is not None, mesh.extents is not None, dict(mesh.region_names), tuple(mesh.node_sets),
                   mesh.checksum())  # fmt: skip


@dataclass(frozen=True)
class _Topology:
    """Ids in the whole mesh of this rank's elements, and the rank that owns each."""

    element_ids: np.ndarray
    element_ranks: np.ndarray


def _owners(mesh: Any, n_ranks: int, method: str) -> np.ndarray | None:
    if mesh.n_elements < n_ranks:
        raise InputError(f"{mesh.n_elements} elements cannot be split over {n_ranks} ranks: use fewer ranks")
    if n_ranks == 1 or method == "ptscotch":
        return None
    return PARTITIONERS[method](mesh, n_ranks)


def _topology(mesh: Mesh | None, shape: _Shape, owner: np.ndarray | None, comm) -> _Topology:
    if comm.size == 1:
        return _Topology(np.arange(shape.n_elements), np.zeros(shape.n_elements, np.int32))
    plex = _plex(mesh, shape, comm)
    _choose_partitioner(plex, owner, comm)
    ids = np.arange(plex.getChart()[1], dtype=np.int64)  # elements first
    for forest in (plex.distribute(overlap=0), plex.distributeOverlap(1)):
        ids = carry(forest, ids, _leaves(forest))
    first, last = plex.getHeightStratum(0)
    return _Topology(ids[first:last], _element_ranks(plex, comm)[first:last])


def _element_ranks(plex: PETSc.DMPlex, comm) -> np.ndarray:
    """Rank that owns each point of the chart, as DMPlex shared them out; used for elements only."""
    ranks = np.full(plex.getChart()[1], comm.rank, np.int32)
    _, leaves, remote = plex.getPointSF().getGraph()
    ranks[leaves] = remote.reshape(-1, 2)[:, 0]
    return ranks


def _plex(mesh: Mesh | None, shape: _Shape, comm) -> PETSc.DMPlex:
    """DMPlex of elements and corners; one of lower dimension repeats its first node, as only adjacency matters here."""
    cells = filled(mesh.elements) if mesh is not None else np.zeros((0, shape.width))
    points = mesh.points[: mesh.n_corners] if mesh is not None else np.zeros((0, 3))
    plex = PETSc.DMPlex().createFromCellList(
        shape.width - 1, np.ascontiguousarray(cells, PETSc.IntType), points, interpolate=False, comm=comm
    )
    plex.setBasicAdjacency(False, True)
    return plex


def _choose_partitioner(plex: PETSc.DMPlex, owner: np.ndarray | None, comm) -> None:
    ranks = max_over(comm, -1 if owner is None else 1)
    partitioner = plex.getPartitioner()
    if ranks < 0:
        partitioner.setType(PETSc.Partitioner.Type.PTSCOTCH)
        return
    partitioner.setType(PETSc.Partitioner.Type.SHELL)
    owner = np.zeros(0, np.int32) if owner is None else owner
    sizes = np.bincount(owner, minlength=comm.size).astype(PETSc.IntType)
    partitioner.setShellPartition(comm.size, sizes, np.argsort(owner, kind="stable").astype(PETSc.IntType))


def _leaves(forest: PETSc.SF) -> int:
    _, leaves, remote = forest.getGraph()
    return len(remote) if leaves is None else int(leaves.max(initial=-1)) + 1


def carry(forest: PETSc.SF, roots: np.ndarray, n_leaves: int) -> np.ndarray:
    """Send rows of ``roots`` along ``forest`` and return the ``n_leaves`` rows that arrive here."""
    roots = np.ascontiguousarray(roots)
    leaves = np.empty((n_leaves, *roots.shape[1:]), roots.dtype)
    width = int(np.prod(roots.shape[1:], dtype=int)) * roots.dtype.itemsize
    unit = MPI.BYTE.Create_contiguous(width).Commit()
    forest.bcastBegin(unit, roots, leaves, MPI.REPLACE)
    forest.bcastEnd(unit, roots, leaves, MPI.REPLACE)
    unit.Free()
    return leaves


def _from_root(ids: np.ndarray, n_root: int, comm) -> PETSc.SF:
    """Star forest from row ``ids[i]`` of rank 0 to row i of this rank."""
    remote = np.zeros((len(ids), 2), PETSc.IntType)
    remote[:, 1] = ids
    forest = PETSc.SF().create(comm)
    forest.setGraph(n_root if comm.rank == 0 else 0, None, remote)
    return forest


def _part(mesh: Mesh | None, shape: _Shape, topology: _Topology, comm) -> Part:
    """Carry everything from rank 0 and put it in local order."""
    element_order = np.argsort(topology.element_ranks != comm.rank, kind="stable")
    element_ranks = topology.element_ranks[element_order]
    element_forest = _from_root(topology.element_ids[element_order], shape.n_elements, comm)

    def of_elements(name, tail, kind):
        roots = np.zeros((0, *tail), kind) if mesh is None else np.asarray(getattr(mesh, name), kind)
        return carry(element_forest, roots, len(element_order))

    node_ids, connectivity = _local_nodes(of_elements("element_nodes", (shape.columns,), np.int64))
    owned = _node_ranks(connectivity, element_ranks, node_ids) == comm.rank
    node_order, n_owned = _node_order(connectivity, owned)
    node_ids = node_ids[node_order]
    node_forest = _from_root(node_ids, shape.n_nodes, comm)
    points = carry(node_forest, np.zeros((0, 3)) if mesh is None else mesh.points, len(node_order))
    members = carry(node_forest, _set_columns(mesh, shape), len(node_order))
    rank_of = np.empty(len(node_order) + 1, np.int64)  # the last entry keeps the padding -1
    rank_of[node_order], rank_of[-1] = np.arange(len(node_order)), -1
    nodes = rank_of[connectivity]
    return Part(
        comm=comm,
        points=points,
        elements=nodes[:, : shape.width],
        midpoints=nodes[:, shape.width :] if shape.columns > shape.width else None,
        regions=of_elements("regions", (), np.int32),
        fibres=of_elements("fibres", (3,), float) if shape.fibres else None,
        sheets=of_elements("sheets", (3,), float) if shape.sheets else None,
        extents=of_elements("extents", (), float) if shape.extents else None,
        node_ids=node_ids,
        element_ids=topology.element_ids[element_order],
        global_ids=_global_ids(node_ids, n_owned, comm),
        n_owned=n_owned,
        n_owned_elements=int((element_ranks == comm.rank).sum()),
        n_nodes=shape.n_nodes,
        n_elements=shape.n_elements,
        region_names=shape.region_names,
        node_sets={name: np.flatnonzero(members[:, i]) for i, name in enumerate(shape.set_names)},
        checksum=shape.checksum,
    )


def _local_nodes(elements: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids of the nodes that elements have, and connectivity in positions of these ids; -1 stays."""
    node_ids = np.unique(elements[elements >= 0])
    return node_ids, np.where(elements < 0, -1, np.searchsorted(node_ids, elements))


def _node_order(connectivity: np.ndarray, owned: np.ndarray) -> tuple[np.ndarray, int]:
    """Owned nodes first, in reverse Cuthill-McKee order so that neighbours share cache lines; then ghosts."""
    graph = nodal_graph(connectivity, len(owned))
    mine = np.flatnonzero(owned)
    near = reverse_cuthill_mckee(graph[mine][:, mine], symmetric_mode=True)
    return np.concatenate([mine[near], np.flatnonzero(~owned)]), len(mine)


def _set_columns(mesh: Any, shape: _Shape) -> np.ndarray:
    """(n_nodes, n_sets) 0 or 1: which node is in which set."""
    columns = np.zeros((shape.n_nodes if mesh is not None else 0, len(shape.set_names)), np.uint8)
    for i, name in enumerate(shape.set_names if mesh is not None else ()):
        columns[mesh.node_sets[name], i] = 1
    return columns


def _node_ranks(connectivity: np.ndarray, element_ranks: np.ndarray, node_ids: np.ndarray) -> np.ndarray:
    """Owner of each node: the rank with most of the elements around it; ties fall to either side in runs of nodes.

    A rank that has an element at a node sees all elements there, so all ranks that may own it decide alike.
    """
    node = connectivity.ravel()
    rank = np.repeat(element_ranks, connectivity.shape[1])[node >= 0].astype(np.int64)
    node = node[node >= 0]
    n_ranks = int(rank.max(initial=0)) + 1
    pairs, votes = np.unique(node * n_ranks + rank, return_counts=True)
    node, rank = np.divmod(pairs, n_ranks)
    tie = (rank * 7919 + node_ids[node] // 64 * 104729) % 65521
    best = np.lexsort((rank, tie, votes, node))
    last = np.flatnonzero(np.diff(node[best], append=-1))
    return rank[best[last]]


def _global_ids(node_ids: np.ndarray, n_owned: int, comm) -> np.ndarray:
    """Row of each local node in the numbering rank by rank; PETSc's application ordering tells those of ghosts."""
    first = comm.scan(n_owned) - n_owned
    mine = first + np.arange(n_owned, dtype=PETSc.IntType)
    ordering = PETSc.AO().createMemoryScalable(node_ids[:n_owned].astype(PETSc.IntType), mine, comm=comm)
    return ordering.app2petsc(node_ids.astype(PETSc.IntType)).astype(np.int64)


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
    graph = nodal_graph(part.element_nodes, part.n_local)[: part.n_owned, part.n_owned :]
    return Balance(
        smallest=min_over(part.comm, part.n_owned),
        largest=max_over(part.comm, part.n_owned),
        mean=part.n_nodes / part.comm.size,
        ghosts=sum_over(part.comm, part.n_local - part.n_owned),
        edge_cut=sum_over(part.comm, int(graph.nnz)) // 2,
    )
