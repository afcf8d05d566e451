"""A triangulated surface to grow on: the nearest point of it, the tangent plane there, and its rim."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.surfaces import boundary
from hpc_twin.parallel import InputError, nearest

OPPOSITE = np.array([[1, 2], [2, 0], [0, 1]])  # the edge that faces each corner of a triangle


@dataclass(frozen=True)
class Foot:
    """The point of a surface nearest to another one; ``beyond``: it lies on the surface's rim."""

    point: np.ndarray
    triangle: int
    beyond: bool


class Surface:
    """Triangles (n, 3) of points (m, 3) [mm]; ``normals`` (n, 3) unit, as the corners go round."""

    def __init__(self, points: np.ndarray, triangles: np.ndarray):
        self.points, self.triangles = points, triangles
        self._corners = points[triangles]
        crossed = np.cross(self._corners[:, 1] - self._corners[:, 0], self._corners[:, 2] - self._corners[:, 0])
        doubled = np.linalg.norm(crossed, axis=1, keepdims=True)
        self.normals, self.area = crossed / np.maximum(doubled, 1e-300), float(doubled.sum()) / 2
        centres = self._corners.mean(axis=1)
        self._tree = cKDTree(centres)
        self._reach = float(np.linalg.norm(self._corners - centres[:, None], axis=2).max())
        self._rim = _rim(triangles)

    def foot(self, point: np.ndarray) -> Foot:
        """The nearest point: exact, since no triangle reaches farther than the farthest corner from its centre."""
        near = self._tree.query(point)[0]
        which = np.array(self._tree.query_ball_point(point, near + 2 * self._reach))
        feet, edge = _feet(point, self._corners[which])
        k = int(((feet - point) ** 2).sum(axis=1).argmin())
        return Foot(feet[k], int(which[k]), edge[k] >= 0 and bool(self._rim[which[k], edge[k]]))

    def opposite(self, point: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """(3,) the point that is met first in ``direction`` (unit), or else the nearest centre on that side."""
        near = np.linalg.norm(self._corners - point, axis=2).min(axis=1) > self._reach
        a, b, c = self._corners.transpose(1, 0, 2)
        height = ((a - point) * self.normals).sum(axis=1)
        speed = self.normals @ direction
        way = np.divide(height, speed, out=np.full(len(a), np.inf), where=np.abs(speed) > 1e-9)
        hit = point + np.where(np.isfinite(way), way, 0.0)[:, None] * direction
        inside = [(np.cross(q - p, hit - p) * self.normals).sum(axis=1) >= 0 for p, q in ((a, b), (b, c), (c, a))]
        met = np.flatnonzero(np.all(inside, axis=0) & near & (way > 0) & np.isfinite(way))
        if len(met):
            return hit[met[way[met].argmin()]]
        centres = self._corners.mean(axis=1)
        behind = ~(near & (((centres - point) @ direction) > 0))
        distance = np.linalg.norm(centres - point, axis=1)
        return centres[np.where(behind, np.inf, distance).argmin()]


def _feet(point: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest point of each triangle (n, 3, 3), and the edge that it lies on (-1 for the inside)."""
    feet = np.empty((4, len(corners), 3))
    for k, (a, b) in enumerate(OPPOSITE):
        start, along = corners[:, a], corners[:, b] - corners[:, a]
        share = ((point - start) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-300)
        feet[k] = start + np.clip(share, 0, 1)[:, None] * along
    inside, feet[3] = _projected(point, corners)
    distance = ((feet - point) ** 2).sum(axis=2)
    distance[3, ~inside] = np.inf
    best = distance.argmin(axis=0)
    best[inside] = 3
    return feet[best, np.arange(len(corners))], np.where(best == 3, -1, best)


def _projected(point: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which triangles the point projects into, and where."""
    a, b, c = corners.transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    square = np.maximum((normal**2).sum(axis=1), 1e-300)
    foot = point - (((point - a) * normal).sum(axis=1) / square)[:, None] * normal
    shares = [(np.cross(q - p, foot - p) * normal).sum(axis=1) for p, q in ((a, b), (b, c), (c, a))]
    return (np.array(shares) >= 0).all(axis=0), foot


def _rim(triangles: np.ndarray) -> np.ndarray:
    """(n, 3) whether the edge facing each corner belongs to this triangle only."""
    edges = np.sort(triangles[:, OPPOSITE], axis=2).reshape(-1, 2)
    _, which, count = np.unique(edges, axis=0, return_inverse=True, return_counts=True)
    return (count[which.ravel()] == 1).reshape(-1, 3)


def endocardium(mesh: Mesh, name: str) -> Surface:
    """The boundary triangles of the tetrahedra whose three nodes belong to node set ``name``, turned to the cavity.

    Raises InputError for a node set that is not there or spans no triangle.
    """
    if name not in mesh.node_sets:
        known = ", ".join(sorted(mesh.node_sets)) or "none"
        raise InputError(f"the mesh has no node set '{name}', it has: {known}{nearest(name, mesh.node_sets)}")
    member = np.zeros(mesh.n_nodes, bool)
    member[mesh.node_sets[name]] = True
    faces = boundary(replace(mesh, elements=mesh.elements[mesh.sizes == 4]))
    ours = member[faces.nodes].all(axis=1)
    if not ours.any():
        raise InputError(f"node set '{name}' spans no face of the mesh, so nothing can grow on it")
    triangles, normals = faces.nodes[ours], faces.normals[ours]
    a, b, c = mesh.points[triangles].transpose(1, 0, 2)
    wrong = (np.cross(b - a, c - a) * normals).sum(axis=1) < 0
    triangles[wrong, 1:] = triangles[wrong, :0:-1]
    used, compact = np.unique(triangles, return_inverse=True)
    return Surface(mesh.points[used], compact.reshape(-1, 3))
