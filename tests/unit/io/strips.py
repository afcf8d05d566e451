"""Meshes for the tests, cut into strips by hand."""

import numpy as np

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.part import Part


def sheet(n: int = 8) -> Mesh:
    """An n x n sheet of triangles with two regions, nodes in a shuffled order, and one line element at its end."""
    x, y = (a.ravel() for a in np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij"))
    corner = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    lower = np.column_stack([corner, corner + n + 1, corner + 1])
    upper = np.column_stack([corner + n + 1, corner + n + 2, corner + 1])
    line = np.array([[0, n, -1]])
    triangles = np.concatenate([lower, upper])
    new = np.random.default_rng(1).permutation(len(x))
    points = np.zeros((len(x), 3))
    points[new] = np.column_stack([x, y, 0 * x])
    elements = np.concatenate([triangles, line])
    elements = np.where(elements >= 0, new[elements], -1)
    regions = np.append(np.where(points[elements[:-1]].mean(axis=1)[:, 0] < n / 2, 3, 7), 3).astype(np.int32)
    fibres = np.tile([0.6, 0.8, 0.0], (len(elements), 1))
    return Mesh(points, elements.astype(np.int64), regions, fibres=fibres, region_names={3: "healthy"})


def strips(mesh: Mesh, comm) -> Part:
    """Distribute by strips of x: rank r owns the nodes of strip r and the elements whose first node it owns."""
    edges = np.linspace(mesh.points[:, 0].min(), mesh.points[:, 0].max() + 1e-9, comm.size + 1)
    owner = np.clip(np.searchsorted(edges, mesh.points[:, 0], side="right") - 1, 0, comm.size - 1)
    element_owner = owner[mesh.elements[:, 0]]
    touching = (np.where(mesh.elements >= 0, owner[mesh.elements], -1) == comm.rank).any(axis=1)
    own_elements = np.flatnonzero(element_owner == comm.rank)
    element_ids = np.append(own_elements, np.flatnonzero(touching & (element_owner != comm.rank)))
    own = np.flatnonzero(owner == comm.rank)[::-1]
    near = np.unique(mesh.elements[element_ids])
    node_ids = np.append(own, np.setdiff1d(near[near >= 0], own))
    local = np.full(mesh.n_nodes + 1, -1)
    local[node_ids] = np.arange(len(node_ids))
    fibres = None if mesh.fibres is None else mesh.fibres[element_ids]
    return Part(
        comm, mesh.points[node_ids], local[mesh.elements[element_ids]], mesh.regions[element_ids], node_ids,
        element_ids, _numbering(owner, comm.size)[node_ids], len(own), len(own_elements), mesh.n_nodes,
        mesh.n_elements, fibres=fibres, region_names=mesh.region_names, checksum=mesh.checksum(),
    )  # fmt: skip


def _numbering(owner: np.ndarray, size: int) -> np.ndarray:
    order = np.concatenate([np.flatnonzero(owner == rank)[::-1] for rank in range(size)])
    numbers = np.empty(len(owner), dtype=np.int64)
    numbers[order] = np.arange(len(owner))
    return numbers
