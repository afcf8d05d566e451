"""A mesh in pieces: some rows of elements and some of nodes on each rank, before anybody knows who should have them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel.exchange import Cut

Rows = dict[str, np.ndarray]
SHARES = 1 << 16  # of a node
PIECE = 1 << 16  # rows looked at together, so that what they need beside them stays small and in the cache
OF_ELEMENTS: dict[str, Any] = {"regions": np.int32, "fibres": float, "sheets": float, "extents": float}


@dataclass(frozen=True)
class Whole:
    """What every rank knows of the whole mesh; ``width`` is the number of corners of the largest element.

    same  by name, rows that are one and the same for all elements: then they are not among those of the blocks
    """

    n_nodes: int
    n_elements: int
    width: int
    region_names: dict[int, str]
    set_names: tuple[str, ...]
    same: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """Elements and nodes that happen to be on this rank; over all ranks each is there once.

    Nodes are numbered rank by rank, in the order of their rows; "nodes" of an element are such numbers.

    elements  "ids" (m,) in the whole mesh; "nodes" (m, width + edges) corners and midpoints, -1 where there is none;
              "regions" (m,), and where the mesh has them "fibres", "sheets" (m, 3) and "extents" (m,), but for those
              that ``whole.same`` has. "ids" and "nodes" are of the type that ``integer`` says
    nodes     "ids" (n,) in the whole mesh; "points" (n, 3); "members" (n, n_sets) 1 where a node is in a set
    """

    whole: Whole
    elements: Rows
    nodes: Rows


def integer(n: int) -> np.dtype[Any]:
    """The type of numbers below ``n``: of 32 bits, where they suffice."""
    return np.dtype(np.int32 if n < 2**31 else np.int64)


def pieces(n: int, length: int = PIECE) -> Iterator[slice]:
    """``n`` rows, some at a time."""
    return (slice(first, min(first + length, n)) for first in range(0, n, length))


def spelled_out(whole: Whole, elements: Rows) -> Rows:
    """``elements`` with the rows that are the same for all of them, as views that take no memory."""
    n = len(elements["ids"])
    return {**elements, **{name: np.broadcast_to(row, (n, *np.shape(row))) for name, row in whole.same.items()}}


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
    nodes = mesh.element_nodes.astype(integer(mesh.n_nodes), copy=False)
    return {"ids": np.arange(mesh.n_elements, dtype=integer(mesh.n_elements)), "nodes": nodes, **rows}


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
    found = Found.among(corners)
    held = Cut.held(comm, len(block.nodes["points"]))
    points = held.fetch(found.numbers, {"points": block.nodes["points"]})["points"]
    means = np.empty((len(corners), 3))
    for some in pieces(len(corners)):
        means[some] = sum(points[corner] for corner in filled(found.at(corners[some])).T) / corners.shape[1]
    return means


def shares_of_nodes(block: Block, comm) -> np.ndarray:
    """(m,) int32 what each element of ``block`` has of its corners, each shared out among all elements there.

    In 2^-16 of a node, so that sums are exact and the same on any number of ranks. Collective.
    """
    corners = block.elements["nodes"][:, : block.whole.width]
    found = Found.among(corners)
    held = Cut.held(comm, len(block.nodes["ids"]))
    ask = held.asked(found.numbers)
    row = ask.carry(found.numbers) - held.first
    count = ask.back(np.bincount(row, ask.carry(_occurrences(found, corners)), held.last - held.first)[row])
    share = np.append(np.rint(SHARES / count).astype(np.int32), np.int32(0))  # the last entry is that of the padding -1
    shares = np.empty(len(corners), np.int32)
    for some in pieces(len(corners)):
        shares[some] = share[found.at(corners[some])].sum(axis=1)
    return shares


def _occurrences(found: "Found", nodes: np.ndarray) -> np.ndarray:
    """How often each of the numbers ``found`` occurs in ``nodes``."""
    count = np.zeros(len(found.numbers), np.int32)
    for some in pieces(len(nodes)):
        position = found.at(nodes[some])
        position = position[position >= 0]
        low, high = position.min(initial=len(count)), position.max(initial=-1)
        count[low : high + 1] += np.bincount(position - low).astype(np.int32)
    return count


def filled(elements: np.ndarray) -> np.ndarray:
    """``elements`` with the -1 padding of lower-dimensional ones replaced by their first node."""
    return np.where(elements < 0, elements[:, :1], elements)


@dataclass(frozen=True)
class Found:
    """``numbers`` (n,) that occur somewhere, sorted.

    places  (span + 1,) where low, low + 1, ... stand among them, and at last -1 for padding; None where ``numbers`` are
            so far apart that they are searched instead
    """

    numbers: np.ndarray
    low: int
    places: np.ndarray | None

    @classmethod
    def among(cls, nodes: np.ndarray) -> "Found":
        """Those in ``nodes`` (m, k) but for the padding -1."""
        high = int(nodes.max(initial=-1))
        low = int(nodes.min(initial=high, where=nodes >= 0))
        span = high - low + 1
        if span > 8 * nodes.size:
            numbers = np.unique(nodes)
            return cls(numbers[numbers >= 0].astype(np.int64), low, None)
        used = np.zeros(span + 1, bool)  # the last entry is that of the padding
        for some in pieces(len(nodes)):
            used[_from(low, nodes[some], span)] = True
        numbers = np.flatnonzero(used[:-1])
        places = np.full(span + 1, -1, integer(len(numbers)))
        places[numbers] = np.arange(len(numbers), dtype=places.dtype)
        return cls(numbers + low, low, places)

    def at(self, nodes: np.ndarray) -> np.ndarray:
        """Where each of ``nodes``, all of them found, stands among the numbers; -1 stays."""
        if self.places is None:
            return np.where(nodes < 0, -1, np.searchsorted(self.numbers, nodes))
        return self.places[_from(self.low, nodes, len(self.places) - 1)]


def _from(low: int, nodes: np.ndarray, padding: int) -> np.ndarray:
    return np.where(nodes < 0, padding, nodes - low)


def numbered(nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers that occur in ``nodes`` (m, k), sorted, and ``nodes`` as positions among these; -1 stays."""
    found = Found.among(nodes)
    position = np.empty(nodes.shape, integer(len(found.numbers)))
    for some in pieces(len(nodes)):
        position[some] = found.at(nodes[some])
    return found.numbers, position
