"""A mesh in pieces: some rows of elements and some of nodes on each rank, before anybody knows who should have them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel.exchange import Cut

Rows = dict[str, np.ndarray]
SHARES = 1 << 16  # of a node
OF_ELEMENTS: dict[str, Any] = {"regions": np.int32, "fibres": float, "sheets": float, "extents": float}


@dataclass(frozen=True)
class Whole:
    """What every rank knows of the whole mesh; ``width`` is the number of corners of the largest element."""

    n_nodes: int
    n_elements: int
    width: int
    region_names: dict[int, str]
    set_names: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Elements and nodes that happen to be on this rank; over all ranks each is there once.

    Nodes are numbered rank by rank, in the order of their rows; "nodes" of an element are such numbers.

    elements  "ids" (m,) in the whole mesh; "nodes" (m, width + edges) corners and midpoints, -1 where there is none;
              "regions" (m,), and where the mesh has them "fibres", "sheets" (m, 3) and "extents" (m,)
    nodes     "ids" (n,) in the whole mesh; "points" (n, 3); "members" (n, n_sets) 1 where a node is in a set
    """

    whole: Whole
    elements: Rows
    nodes: Rows


def whole_of(mesh: Mesh) -> Whole:
    """What there is to know of ``mesh``."""
    return Whole(mesh.n_nodes, mesh.n_elements, mesh.width, dict(mesh.region_names), tuple(mesh.node_sets))


def block_of(mesh: Mesh | None, comm) -> Block:
    """The block of a mesh that rank 0 holds (others pass None): all rows there, none elsewhere. Collective."""
    block = None if mesh is None else Block(whole_of(mesh), _elements(mesh), _nodes(mesh))
    if comm.size == 1 and block is not None:
        return block
    form = comm.bcast(None if block is None else _without_rows(block))
    return block or form


def _elements(mesh: Mesh) -> Rows:
    given = {name: getattr(mesh, name) for name in OF_ELEMENTS}
    rows = {name: np.asarray(values, OF_ELEMENTS[name]) for name, values in given.items() if values is not None}
    return {"ids": np.arange(mesh.n_elements), "nodes": mesh.element_nodes.astype(np.int64, copy=False), **rows}


def _nodes(mesh: Mesh) -> Rows:
    members = np.zeros((mesh.n_nodes, len(mesh.node_sets)), np.uint8)
    for column, nodes in zip(members.T, mesh.node_sets.values(), strict=True):
        column[nodes] = 1
    return {"ids": np.arange(mesh.n_nodes), "points": mesh.points.astype(float, copy=False), "members": members}


def _without_rows(block: Block) -> Block:
    elements, nodes = (
        {name: rows[:0].copy() for name, rows in table.items()} for table in (block.elements, block.nodes)
    )
    return Block(block.whole, elements, nodes)


def centres(block: Block, comm) -> np.ndarray:
    """(m, 3) the mean of the corners of each element of ``block``, wherever its nodes are. Collective."""
    corners = block.elements["nodes"][:, : block.whole.width]
    numbers, position = numbered(corners)
    held = Cut.held(comm, len(block.nodes["points"]))
    points = held.fetch(numbers, {"points": block.nodes["points"]})["points"]
    corners = filled(position).T
    return sum(points[corner] for corner in corners) / len(corners)


def shares_of_nodes(block: Block, comm) -> np.ndarray:
    """(m,) int64 what each element of ``block`` has of its corners, each shared out among all elements there.

    In 2^-16 of a node, so that sums are exact and the same on any number of ranks. Collective.
    """
    numbers, position = numbered(block.elements["nodes"][:, : block.whole.width])
    here = np.bincount(position[position >= 0], minlength=len(numbers))
    held = Cut.held(comm, len(block.nodes["ids"]))
    ask = held.asked(numbers)
    row = ask.carry(numbers) - held.first
    count = ask.back(np.bincount(row, ask.carry(here), held.last - held.first)[row])
    share = np.append(np.rint(SHARES / count).astype(np.int64), 0)  # the last entry is that of the padding -1
    return share[position].sum(axis=1)


def filled(elements: np.ndarray) -> np.ndarray:
    """``elements`` with the -1 padding of lower-dimensional ones replaced by their first node."""
    return np.where(elements < 0, elements[:, :1], elements)


def numbered(nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers that occur in ``nodes`` (m, k), sorted, and ``nodes`` as positions among these; -1 stays.

    By a table over the range of the numbers where that is not much longer than ``nodes``, else by sorting.
    """
    high = int(nodes.max(initial=-1))
    low = int(nodes.min(initial=high, where=nodes >= 0))
    span = high - low + 1
    if span > 8 * nodes.size:
        numbers, position = np.unique(nodes, return_inverse=True)
        padded = int((numbers[:1] < 0).sum())
        return numbers[padded:], position.reshape(nodes.shape) - padded
    place = nodes - low
    place[nodes < 0] = span  # the last entry keeps the padding -1
    used = np.zeros(span + 1, bool)
    used[place] = True
    numbers = np.flatnonzero(used[:-1])
    position = np.full(span + 1, -1)
    position[numbers] = np.arange(len(numbers))
    return numbers + low, position[place]
