"""What a rank gets of a mesh: its elements and those around them, from the blocks of all ranks.

One mechanism for all sources: elements go to their owners, owners learn from one another at which nodes they meet and
exchange the elements there, and each rank fetches the rows of its nodes from the ranks whose blocks hold them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hpc_twin.mesh.block import Block, Found, Rows, Whole, block_of, integer, numbered, pieces
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import alone
from hpc_twin.parallel.exchange import Cut, Exchange


@dataclass(frozen=True)
class Share:
    """The elements of one rank, then all those of other ranks that have a node in common with them, and their nodes.

    elements, nodes are as in Block, but "nodes" of elements are positions in the rows of ``nodes``; and
    "ranks" (m,) is the owner of each element. Owned elements come first.
    """

    comm: Any
    whole: Whole
    elements: Rows
    nodes: Rows

    @property
    def corners(self) -> np.ndarray:
        """(m, width) positions of the nodes at the corners, -1 pads elements of lower dimension."""
        return self.elements["nodes"][:, : self.whole.width]

    @property
    def node_sets(self) -> dict[str, np.ndarray]:
        """The positions of each set's nodes by name."""
        members = self.nodes["members"]
        return {name: np.flatnonzero(members[:, k]) for k, name in enumerate(self.whole.set_names)}

    @property
    def n_owned(self) -> int:
        """Number of elements that this rank owns."""
        return int((self.elements["ranks"] == self.comm.rank).sum())


def share_of(mesh: Mesh) -> Share:
    """The whole ``mesh`` as the share of one rank by itself."""
    block = block_of(mesh, alone())
    return Share(alone(), block.whole, {**block.elements, "ranks": np.zeros(mesh.n_elements, np.int32)}, block.nodes)


def gathered(block: Block, owners: np.ndarray, comm) -> Share:
    """The share of each rank when element i of its block goes to rank ``owners[i]``. Collective."""
    move = Exchange(comm, owners)
    own = in_order({name: move.carry(rows) for name, rows in block.elements.items()})
    del move
    own["ranks"] = np.full(len(own["ids"]), comm.rank, np.int32)
    elements = own if comm.size == 1 else _with_neighbours(own, block.whole.n_nodes, comm)
    numbers, elements["nodes"] = numbered(elements["nodes"])
    held = Cut.held(comm, len(block.nodes["ids"]))
    nodes = held.fetch(numbers, block.nodes)
    return by_id(Share(comm, block.whole, elements, nodes))


def in_order(rows: Rows) -> Rows:
    """``rows`` sorted by "ids"."""
    if _ascend(rows["ids"]):
        return dict(rows)
    order = np.argsort(rows["ids"], kind="stable")
    return {name: values[order] for name, values in rows.items()}


def by_id(share: Share) -> Share:
    """The same with nodes in the order of their ids, and the elements, owned ones first, in that of theirs."""
    elements, nodes = dict(share.elements), share.nodes
    if not _ascend(nodes["ids"]):
        order = np.argsort(nodes["ids"], kind="stable")
        nodes = {name: rows[order] for name, rows in nodes.items()}
        position = np.empty(len(order) + 1, integer(len(order)))  # the last entry keeps the padding -1
        position[order], position[-1] = np.arange(len(order)), -1
        elements["nodes"] = position[elements["nodes"]]
    ids, away = elements["ids"], elements["ranks"] != share.comm.rank
    n = share.n_owned
    if away[:n].any() or not (_ascend(ids[:n]) and _ascend(ids[n:])):
        order = np.lexsort((ids, away))
        for name in elements:  # one after the other, so that only one array is there twice
            elements[name] = elements[name][order]
    return Share(share.comm, share.whole, elements, nodes)


def _ascend(ids: np.ndarray) -> bool:
    return bool((ids[1:] >= ids[:-1]).all())


def _with_neighbours(own: Rows, n_nodes: int, comm) -> Rows:
    """``own`` elements, and behind them those of other ranks at their nodes, in the order of their ids."""
    nodes, ranks = _meetings(own["nodes"], n_nodes, comm)
    element, rank = _wanted(own["nodes"], nodes, ranks, comm.size)
    move = Exchange(comm, rank)
    others = in_order({name: move.carry(rows[element]) for name, rows in own.items()})
    for name in own:  # one after the other, so that only one array is there twice
        own[name] = np.concatenate([own[name], others.pop(name)])
    return own


def _meetings(elements: np.ndarray, n_nodes: int, comm) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of this rank's elements that other ranks' elements have, too, sorted, and one such rank with each.

    Every node has a place where all ranks that have it meet: the rank that holds it in an even cut.
    """
    touched = Found.among(elements).numbers
    ask = Cut.even(comm, n_nodes).asked(touched)
    node, source = ask.carry(touched), ask.sources
    order = np.argsort(node, kind="stable")
    node, source = node[order], source[order]
    pairs, away = [], 1
    while (same := np.flatnonzero(node[away:] == node[: len(node) - away])).size:
        pairs.append((same, same + away))
        away += 1
    one = np.concatenate([p for pair in pairs for p in pair] or [np.zeros(0, np.int64)])
    other = np.concatenate([p for pair in pairs for p in pair[::-1]] or [np.zeros(0, np.int64)])
    tell = Exchange(comm, source[one])
    nodes, ranks = tell.carry(node[one]), tell.carry(source[other])
    order = np.argsort(nodes, kind="stable")
    return nodes[order], ranks[order]


def _wanted(elements: np.ndarray, nodes: np.ndarray, ranks: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Which rows of ``elements`` go to which ranks: to each that has, by ``_meetings``, one of their nodes."""
    found = [np.zeros(0, np.int64)]
    for some in pieces(len(elements)):
        rows = elements[some]
        first, last = np.searchsorted(nodes, rows), np.searchsorted(nodes, rows, side="right")
        count = np.where(rows < 0, 0, last - first).ravel()
        element = np.repeat(np.repeat(np.arange(some.start, some.stop), rows.shape[1]), count)
        within = np.arange(len(element)) - np.repeat(np.cumsum(count) - count, count)
        found.append(np.unique(element * size + ranks[np.repeat(first.ravel(), count) + within]))
    return np.divmod(np.concatenate(found), size)
