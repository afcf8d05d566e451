"""Meshes that checks need beside the generators': a sphere's surface, and triangles joined by lines."""

from itertools import pairwise

import numpy as np

from hpc_twin.mesh.generate import sheet
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.refine import refined


def sphere(level: int, radius: float = 1.0) -> Mesh:
    """The icosahedron, each face cut in four ``level`` times, all nodes on the sphere; regions "south", "north"."""
    mesh = Mesh(*_icosahedron(), np.zeros(20, np.int32))
    for _ in range(level):
        finer = refined(mesh, 1)
        points = finer.points / np.linalg.norm(finer.points, axis=1, keepdims=True)
        mesh = Mesh(points, finer.elements, finer.regions)
    north = (mesh.points[mesh.elements].mean(axis=1)[:, 2] > 0).astype(np.int32)
    return Mesh(radius * mesh.points, mesh.elements, 1 + north, region_names={1: "south", 2: "north"})


def _icosahedron() -> tuple[np.ndarray, np.ndarray]:
    golden = (1 + 5**0.5) / 2
    flat = np.array([(0, s, t * golden) for s in (-1, 1) for t in (-1, 1)])
    points = np.vstack([np.roll(flat, k, axis=1) for k in range(3)]) / np.sqrt(1 + golden**2)
    apart = np.linalg.norm(points[:, None] - points, axis=-1)
    near = (apart > 0) & (apart < 1.5 * apart[apart > 0].min())
    a, b, c = np.indices((12, 12, 12)).reshape(3, -1)
    return points, np.column_stack((a, b, c))[(a < b) & (b < c) & near[a, b] & near[b, c] & near[a, c]]


def bridged(h: float = 0.5) -> Mesh:
    """Two sheets of 4 x 2 mm, 3 mm apart, fibres along x, joined at two corners by lines along z, region "bridge"."""
    low = sheet((4.0, 2.0), h)
    n, rungs = low.n_nodes, np.arange(h, 3.0 - h / 2, h)
    posts = [int(np.flatnonzero((low.points[:, :2] == place).all(axis=1))[0]) for place in ((0, 2), (4, 0))]
    rises = [low.points[post] + rungs[:, None] * (0, 0, 1) for post in posts]
    points = np.vstack((low.points, low.points + np.array((0, 0, 3)), *rises))
    chains = [[p, *range(2 * n + k * len(rungs), 2 * n + (k + 1) * len(rungs)), p + n] for k, p in enumerate(posts)]
    lines = np.array([(*pair, -1) for chain in chains for pair in pairwise(chain)])
    elements = np.vstack((low.elements, low.elements + n, lines))
    regions = np.repeat([1, 2, 5], (low.n_elements, low.n_elements, len(lines))).astype(np.int32)
    fibres = np.where(regions[:, None] == 5, (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
    return Mesh(points, elements, regions, fibres, region_names={1: "lower", 2: "upper", 5: "bridge"})
