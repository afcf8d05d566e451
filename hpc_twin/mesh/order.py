"""Second order: a node on the midpoint of every edge."""

from dataclasses import replace

import numpy as np

from hpc_twin.mesh.block import integer
from hpc_twin.mesh.edges import EDGES, PIECES, edges_of, new_nodes
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.share import Share, by_id, share_of

__all__ = ["EDGES", "linear_pieces", "quadratic", "with_midpoints"]


def quadratic(mesh: Mesh) -> Mesh:
    """``mesh``, of order 1, with nodes at the midpoints of all edges, numbered after the corners.

    Elements stay straight. A midpoint belongs to a node set when both ends of its edge do and, in a mesh of tetrahedra,
    the edge lies on the boundary. Elements that share an edge share its node, whatever their kinds.
    """
    share = with_midpoints(share_of(mesh))
    midpoints = share.elements["nodes"][:, mesh.width :].astype(np.int64)
    return replace(mesh, points=share.nodes["points"], midpoints=midpoints, node_sets=share.node_sets, file_ids=None)


def with_midpoints(share: Share) -> Share:
    """``share``, of a mesh of order 1, with the nodes that ``quadratic`` gives the whole mesh. Collective."""
    n_local = len(share.nodes["ids"])
    edges, columns = edges_of(share.corners)
    middles, n_edges = new_nodes(share, edges, columns)
    midpoints = np.where(columns < 0, -1, n_local + columns).astype(integer(n_local + len(edges)))
    elements = {**share.elements, "nodes": np.hstack([share.corners, midpoints])}
    nodes = {name: np.concatenate([rows, middles[name]]) for name, rows in share.nodes.items()}
    return by_id(Share(share.comm, replace(share.whole, n_nodes=share.whole.n_nodes + n_edges), elements, nodes))


def linear_pieces(corners: np.ndarray, midpoints: np.ndarray) -> np.ndarray:
    """(n * 2^d, d + 1) linear simplices on all nodes of second-order ones: corners (n, d + 1), midpoints (n, edges)."""
    pieces = np.array(PIECES[corners.shape[1]])
    return np.hstack((corners, midpoints))[:, pieces].reshape(-1, corners.shape[1])
