"""Edges of simplices, and nodes on their midpoints, numbered alike on any number of ranks."""

from itertools import combinations

import numpy as np

from hpc_twin.mesh.block import Rows
from hpc_twin.mesh.share import Share
from hpc_twin.parallel import sum_over
from hpc_twin.parallel.exchange import Cut

EDGES = {2: ((0, 1),), 3: ((0, 1), (1, 2), (0, 2)), 4: ((0, 1), (1, 2), (0, 2), (0, 3), (1, 3), (2, 3))}
"""Corners whose midpoints follow the corners of a line, triangle, tetrahedron: the order of Exodus and VTK."""

PIECES = {
    2: ((0, 2), (2, 1)),
    3: ((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5)),
    4: ((0, 4, 6, 7), (4, 1, 5, 8), (6, 5, 2, 9), (7, 8, 9, 3), (4, 6, 7, 8), (4, 6, 8, 5), (6, 7, 8, 9), (6, 5, 9, 8)),
}  # tetrahedra: Bey, Computing 55 (1995) 355, with the inner octahedron cut along its diagonal (0,2)-(1,3)
"""Linear simplices that a simplex with midpoints falls into, by corners and then midpoints in the order of EDGES."""


def edges_of(elements: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) the edges of ``elements`` (m, width), each once, and (m, edges of a simplex) where each element's stand.

    -1 stands where an element of lower dimension has no such edge.
    """
    sizes, n_nodes = (elements >= 0).sum(axis=1), int(elements.max(initial=0)) + 1
    keys = np.full((len(elements), len(EDGES[elements.shape[1]])), -1)
    for size in np.unique(sizes).tolist():
        which = np.flatnonzero(sizes == size)
        for column, (a, b) in enumerate(EDGES[size]):
            one, other = (elements[which, corner].astype(np.int64) for corner in (a, b))
            keys[which, column] = np.minimum(one, other) * n_nodes + np.maximum(one, other)
    there = keys >= 0
    found, number = np.unique(keys[there], return_inverse=True)
    keys[there] = number
    return np.column_stack(np.divmod(found, n_nodes)), keys


def new_nodes(share: Share, edges: np.ndarray, columns: np.ndarray) -> tuple[Rows, int]:
    """Rows of the nodes at the midpoints of the edges of ``share``, as ``edges_of`` gives them, and how many there are.

    They are numbered after the nodes of the mesh in the order of (lower, higher) id of the edge's ends: the rank that
    holds the lower id, of an even cut, numbers the edge and joins what the ranks know of it. A node belongs to a set
    when both ends of its edge do and, in a mesh of tetrahedra, the edge lies on the boundary; that is known for edges
    of owned elements, whose surroundings are here. Collective.
    """
    mine = np.zeros(len(edges) + 1, bool)
    mine[columns[share.elements["ranks"] == share.comm.rank]] = True
    members = share.nodes["members"][edges].all(axis=1) & mine[:-1, None]
    if share.whole.width == 4 and members.shape[1]:
        members &= _on_boundary(share, edges)[:, None]
    ends = np.sort(share.nodes["ids"][edges], axis=1)
    number, members, total = _numbered(share, ends, members.astype(np.uint8))
    points = share.nodes["points"]
    middle = (points[edges[:, 0]] + points[edges[:, 1]]) / 2
    return {"ids": share.whole.n_nodes + number, "points": middle, "members": members}, total


def _numbered(share: Share, ends: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Number of each edge by its sorted ``ends`` (n, 2), its sets by all ranks, and the number of edges."""
    cut = Cut.even(share.comm, share.whole.n_nodes)
    ask = cut.asked(ends[:, 0])
    low, high = (ask.carry(np.ascontiguousarray(end)) for end in ends.T)
    known, number = np.unique((low - cut.first) * share.whole.n_nodes + high, return_inverse=True)
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(len(known)))
    told = ask.carry(members)[order]
    joined = np.bitwise_or.reduceat(told, starts, axis=0) if len(known) else told
    first = Cut.held(share.comm, len(known)).first
    return ask.back(first + number), ask.back(joined[number]), sum_over(share.comm, len(known))


def _on_boundary(share: Share, edges: np.ndarray) -> np.ndarray:
    """Which ``edges`` belong to a face of one tetrahedron only; right where both their ends are in some set."""
    elements, n_nodes = share.corners, len(share.nodes["ids"])
    in_set = np.append(share.nodes["members"].any(axis=1), False)
    near = elements[(elements[:, -1] >= 0) & (in_set[elements].sum(axis=1) >= 2)]
    faces = np.sort(np.concatenate([near[:, face] for face in map(list, combinations(range(4), 3))]), axis=1)
    faces = faces[np.lexsort(faces.T)]
    same = (faces[1:] == faces[:-1]).all(axis=1)
    outer = faces[~(np.append(same, False) | np.insert(same, 0, False))[: len(faces)]]
    rim = np.concatenate([outer[:, [0, 1]], outer[:, [0, 2]], outer[:, [1, 2]]]).astype(np.int64)
    return np.isin(edges[:, 0] * n_nodes + edges[:, 1], rim[:, 0] * n_nodes + rim[:, 1])
