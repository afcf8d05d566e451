"""Uniform refinement of simplices: every edge is halved, a d-simplex becomes 2^d."""

from dataclasses import replace

import numpy as np

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.surfaces import boundary

# Children by local number: corners first, then the midpoints of EDGES in their order.
EDGES = {2: ((0, 1),), 3: ((0, 1), (0, 2), (1, 2)), 4: ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))}
CHILDREN = {
    2: ((0, 2), (2, 1)),
    3: ((0, 3, 4), (3, 1, 5), (4, 5, 2), (3, 5, 4)),
    4: ((0, 4, 5, 6), (4, 1, 7, 8), (5, 7, 2, 9), (6, 8, 9, 3), (4, 5, 6, 8), (4, 5, 8, 7), (5, 6, 8, 9), (5, 7, 9, 8)),
}  # tetrahedra: Bey, Computing 55 (1995) 355, with the inner octahedron cut along its diagonal (0,2)-(1,3)

MIDDLE = -2  # MIDDLE - k stands for the midpoint of edge k until edges have numbers; -1 is padding


def refined(mesh: Mesh, times: int) -> Mesh:
    """``mesh`` with every edge halved ``times`` times; regions, fibres and sheets go to the children.

    A midpoint belongs to a node set when both ends of its edge do and the edge lies on the boundary, or the mesh is
    of lines or triangles.
    """
    for _ in range(times):
        mesh = _halved(mesh)
    return mesh


def _halved(mesh: Mesh) -> Mesh:
    pairs, children, parents, offset = [], [], [], 0
    for size in np.unique(mesh.sizes):
        which = np.flatnonzero(mesh.sizes == size)
        corners = mesh.elements[which, :size]
        edges = np.sort(np.stack([corners[:, pair] for pair in EDGES[size]], axis=1), axis=2)
        pairs.append(edges.reshape(-1, 2))
        middles = offset + np.arange(len(pairs[-1])).reshape(edges.shape[:2])
        offset += len(pairs[-1])
        local = np.concatenate([corners, MIDDLE - middles], axis=1)
        children.append(local[:, CHILDREN[size]].reshape(-1, size))
        parents.append(np.repeat(which, len(CHILDREN[size])))
    edges, number = np.unique(np.concatenate(pairs), axis=0, return_inverse=True)
    ids = mesh.n_nodes + number.ravel()
    elements = np.concatenate([_padded(c, mesh.width) for c in children])
    elements = np.where(elements <= MIDDLE, ids[np.maximum(MIDDLE - elements, 0)], elements)
    parent = np.concatenate(parents)
    return replace(
        mesh,
        points=np.concatenate([mesh.points, mesh.points[edges].mean(axis=1)]),
        elements=elements,
        regions=mesh.regions[parent],
        fibres=None if mesh.fibres is None else mesh.fibres[parent],
        sheets=None if mesh.sheets is None else mesh.sheets[parent],
        node_sets=grown_sets(mesh, edges),
        file_ids=None,
    )


def _padded(elements: np.ndarray, width: int) -> np.ndarray:
    padding = np.full((len(elements), width - elements.shape[1]), -1)
    return np.concatenate([elements, padding], axis=1)


def grown_sets(mesh: Mesh, edges: np.ndarray) -> dict[str, np.ndarray]:
    """The node sets with the midpoints of ``edges`` (n, 2), numbered after the mesh's nodes, as ``refined`` says."""
    outside = np.ones(len(edges), bool) if mesh.width < 4 else _on_boundary(mesh, edges)
    sets = {}
    for name, nodes in mesh.node_sets.items():
        member = np.zeros(mesh.n_nodes, bool)
        member[nodes] = True
        new = mesh.n_nodes + np.flatnonzero(member[edges].all(axis=1) & outside)
        sets[name] = np.concatenate([nodes, new])
    return sets


def _on_boundary(mesh: Mesh, edges: np.ndarray) -> np.ndarray:
    """Which edges (sorted pairs) belong to a boundary face of the tetrahedra."""
    faces = boundary(replace(mesh, elements=mesh.elements[mesh.sizes == 4])).nodes
    rim = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [0, 2]], faces[:, [1, 2]]]), axis=1)
    keys = rim[:, 0] * mesh.n_nodes + rim[:, 1]
    return np.isin(edges[:, 0] * mesh.n_nodes + edges[:, 1], keys)
