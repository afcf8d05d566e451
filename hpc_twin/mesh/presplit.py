"""A mesh put in the order of its parts, so that a run on any ranks reads each its own share."""

from dataclasses import dataclass, replace

import numpy as np

from hpc_twin.mesh.block import Block, Rows, centres, numbered, spelled_out
from hpc_twin.mesh.partition import elected
from hpc_twin.mesh.partitioners import hilbert_keys
from hpc_twin.parallel import InputError, sum_over
from hpc_twin.parallel.exchange import Cut, Exchange


@dataclass(frozen=True)
class Parts:
    """A block whose elements and nodes are in the order of parts, and in each in that of their ids.

    first_element, first_node  (n_parts + 1,) where the rows of each part begin, counted over all ranks
    A rank holds the parts ``Cut.even(comm, n_parts)`` says, so that node numbers fit whoever reads them as a Block.
    """

    block: Block
    first_element: np.ndarray
    first_node: np.ndarray


def arranged(block: Block, parts: np.ndarray, n_parts: int, comm) -> Parts:
    """``block`` with element i in part ``parts[i]``, and nodes in the parts that would own them as ranks. Collective.

    Parts are numbered anew along a Hilbert curve through their centres, so that neighbours in number lie side by side.
    Raises InputError for nodes that belong to no element.
    """
    parts = _along_curve(block, parts, n_parts, comm)
    writers = Cut.even(comm, n_parts)
    held = Cut.held(comm, len(block.nodes["ids"]))
    node_parts = _node_parts(block, parts, n_parts, held)
    nodes, number = _moved_nodes(block.nodes, node_parts, writers)
    numbers, position = numbered(block.elements["nodes"])
    new = np.append(held.fetch(numbers, {"number": number})["number"], -1)
    move = Exchange(comm, writers.ranks(parts))
    rows = {name: np.ascontiguousarray(values) for name, values in spelled_out(block.whole, block.elements).items()}
    elements = _sorted({**rows, "nodes": new[position], "part": parts}, move)
    first_element, first_node = (_begins(rows.pop("part"), n_parts, comm) for rows in (elements, nodes))
    return Parts(Block(replace(block.whole, same={}), elements, nodes), first_element, first_node)


def _along_curve(block: Block, parts: np.ndarray, n_parts: int, comm) -> np.ndarray:
    """``parts`` numbered in the order of their centres on a Hilbert curve; empty ones come last."""
    places = centres(block, comm)
    sums = np.array([np.bincount(parts, axis, n_parts) for axis in (np.ones(len(parts)), *places.T)])
    count, *total = sum_over(comm, sums)
    there = np.flatnonzero(count)
    keys = np.full(n_parts, np.iinfo(np.int64).max)
    keys[there] = hilbert_keys(np.column_stack(total)[there] / count[there, None])
    number = np.empty(n_parts, np.int64)
    number[np.argsort(keys, kind="stable")] = np.arange(n_parts)
    return number[parts]


def _node_parts(block: Block, parts: np.ndarray, n_parts: int, held: Cut) -> np.ndarray:
    """The part with most of the elements around each node of this rank's block, as ranks would own it."""
    numbers, position = numbered(block.elements["nodes"])
    there = position >= 0
    pairs, votes = np.unique((position.astype(np.int64) * n_parts + parts[:, None])[there], return_counts=True)
    node, part = np.divmod(pairs, n_parts)
    ask = held.asked(numbers[node])
    row, part, votes = ask.carry(numbers[node]) - held.first, ask.carry(part), ask.carry(votes)
    pairs, which = np.unique(row * n_parts + part, return_inverse=True)
    node, part = np.divmod(pairs, n_parts)
    ids = block.nodes["ids"]
    unused = sum_over(held.comm, len(ids) - len(np.unique(node)))
    if unused:
        raise InputError(f"{unused} nodes belong to no element")
    return elected(node, part, np.bincount(which, votes, len(pairs)), ids)


def _moved_nodes(nodes: Rows, parts: np.ndarray, writers: Cut) -> tuple[Rows, np.ndarray]:
    """The nodes of this rank's parts, and for each node that it had the number it has there."""
    move = Exchange(writers.comm, writers.ranks(parts))
    rows = {name: move.carry(values) for name, values in {**nodes, "part": parts}.items()}
    order = np.lexsort((rows["ids"], rows["part"]))
    number = np.empty(len(order), np.int64)
    number[order] = Cut.held(writers.comm, len(order)).first + np.arange(len(order))
    return {name: values[order] for name, values in rows.items()}, move.back(number)


def _sorted(rows: Rows, move: Exchange) -> Rows:
    arrived = {name: move.carry(values) for name, values in rows.items()}
    order = np.lexsort((arrived["ids"], arrived["part"]))
    return {name: values[order] for name, values in arrived.items()}


def _begins(parts: np.ndarray, n_parts: int, comm) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sum_over(comm, np.bincount(parts, minlength=n_parts)))]).astype(np.int64)
