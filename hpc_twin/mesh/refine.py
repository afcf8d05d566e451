"""Uniform refinement of simplices: every edge is halved, a d-simplex becomes 2^d."""

from dataclasses import replace

import numpy as np

from hpc_twin.mesh.block import Rows, integer, numbered, spelled_out
from hpc_twin.mesh.edges import PIECES, edges_of, new_nodes
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.share import Share, by_id, share_of
from hpc_twin.parallel import sum_over
from hpc_twin.parallel.exchange import Cut


def refined(mesh: Mesh, times: int) -> Mesh:
    """``mesh`` with every edge halved ``times`` times; regions, fibres, sheets and extents go to the children.

    Midpoints are numbered after the nodes by the (lower, higher) number of their edge's ends. A midpoint belongs to a
    node set when both ends of its edge do and the edge lies on the boundary, or the mesh is of lines or triangles.
    """
    if times == 0:
        return mesh
    share = halved(share_of(mesh), times)
    rows = spelled_out(share.whole, share.elements)
    return replace(
        mesh,
        points=share.nodes["points"],
        elements=share.corners.astype(np.int64),
        regions=rows["regions"],
        fibres=rows.get("fibres"),
        sheets=rows.get("sheets"),
        extents=rows.get("extents"),
        node_sets=share.node_sets,
        file_ids=None,
    )


def halved(share: Share, times: int = 1) -> Share:
    """``share`` with every edge halved ``times`` times: the share that this rank would have of the refined mesh.

    Ids are those that ``refined`` gives, whatever the number of ranks. An element's children stay where it is, so only
    the numbers of new nodes are agreed on with other ranks; of the elements around, those that still touch stay.
    Collective.
    """
    for _ in range(times):
        share = _touching(_halved(share))
    return by_id(share) if times else share


def _halved(share: Share) -> Share:
    n_local = len(share.nodes["ids"])
    edges, columns = edges_of(share.corners)
    middles, n_edges = new_nodes(share, edges, columns)
    sizes = (share.corners >= 0).sum(axis=1)
    first, n_elements = _first_children(share, sizes)
    both = np.hstack([share.corners, (n_local + columns).astype(integer(n_local + len(edges)))])
    parts = [_children(share, both, first, np.flatnonzero(sizes == size), size) for size in _kinds(share)]
    elements = {name: np.concatenate([part[name] for part in parts]) for name in share.elements}
    nodes = {name: np.concatenate([rows, middles[name]]) for name, rows in share.nodes.items()}
    whole = replace(share.whole, n_nodes=share.whole.n_nodes + n_edges, n_elements=n_elements)
    return Share(share.comm, whole, elements, nodes)


def _children(share: Share, both: np.ndarray, first: np.ndarray, which: np.ndarray, size: int) -> Rows:
    """Rows of the children of the elements ``which``, all of ``size`` corners; ``both`` has corners and midpoints."""
    width, pieces = share.whole.width, np.array(PIECES[size])
    columns = np.where(pieces < size, pieces, pieces - size + width)
    nodes = np.full((len(which) * len(pieces), width), -1, both.dtype)
    nodes[:, :size] = both[which][:, columns].reshape(-1, size)
    rows = {name: np.repeat(values[which], len(pieces), axis=0) for name, values in share.elements.items()}
    ids = (first[which, None] + np.arange(len(pieces), dtype=first.dtype)).ravel()
    return {**rows, "ids": ids, "nodes": nodes}


def _kinds(share: Share) -> range:
    """Numbers of corners that elements may have."""
    return range(2, share.whole.width + 1)


def _first_children(share: Share, sizes: np.ndarray) -> tuple[np.ndarray, int]:
    """Id of each element's first child, and the number of all children: kind by kind, in the order of the parents."""
    owned = share.elements["ranks"] == share.comm.rank
    counts = sum_over(share.comm, np.bincount(sizes[owned], minlength=5))
    children = counts * 2 ** np.maximum(np.arange(5) - 1, 0)
    offsets = np.cumsum(children) - children
    place = share.elements["ids"] if np.count_nonzero(counts) == 1 else _places(share, sizes)
    n_elements = int(children.sum())
    return (offsets[sizes] + place * 2 ** (sizes - 1)).astype(integer(n_elements)), n_elements


def _places(share: Share, sizes: np.ndarray) -> np.ndarray:
    """How many elements of its own kind come before each element; whoever holds its id in an even cut knows."""
    cut = Cut.even(share.comm, share.whole.n_elements)
    ask = cut.asked(share.elements["ids"])
    row, kinds = ask.carry(share.elements["ids"]) - cut.first, np.zeros(cut.last - cut.first, np.int64)
    kinds[row] = ask.carry(sizes)
    before = np.zeros(len(kinds), np.int64)
    for size in _kinds(share):
        same = kinds == size
        before[same] = Cut.held(share.comm, int(same.sum())).first + np.arange(same.sum())
    return ask.back(before[row])


def _touching(share: Share) -> Share:
    """``share`` without the elements of other ranks that have no node in common with owned ones."""
    if share.comm.size == 1:
        return share
    nodes, owned = share.elements["nodes"], share.elements["ranks"] == share.comm.rank
    touched = np.zeros(len(share.nodes["ids"]) + 1, bool)
    touched[nodes[owned]], touched[-1] = True, False
    keep = owned | touched[nodes].any(axis=1)
    elements = {name: rows[keep] for name, rows in share.elements.items()}
    left, elements["nodes"] = numbered(elements["nodes"])
    return Share(share.comm, share.whole, elements, {name: rows[left] for name, rows in share.nodes.items()})
