"""What is seen of a mesh: its outer surface, a cut through it, from where to look; worked out once, not per frame."""

from dataclasses import dataclass

import numpy as np
import pyvista as pv
from scipy.sparse import csr_matrix
from scipy.spatial import ConvexHull, Delaunay, cKDTree

from hpc_twin.io.result import Result
from hpc_twin.parallel import InputError

KINDS = {4: pv.CellType.TETRA, 3: pv.CellType.TRIANGLE, 2: pv.CellType.LINE}
EDGE = 50.0  # degrees; a sharper edge is not smoothed
FLAT = 0.01  # a base plane is at most this uneven, relative to the size of the organ
LEVEL = 0.999  # cosine of its unevenness: caps of a round surface are as flat, but are not level
TILT = np.radians(18.0)
HOLLOW = 0.6  # a mesh that fills less of its box than this is an organ, not a slab


@dataclass(frozen=True)
class View:
    """A surface, the matrix (n_surface_points, n_nodes) that brings nodal values onto it, and the camera's axes."""

    surface: pv.PolyData
    weights: csr_matrix
    right: np.ndarray
    up: np.ndarray
    outlined: bool = False

    @property
    def frame(self) -> np.ndarray:
        """(3, 3) rows: right, up, towards the viewer."""
        return np.array([self.right, self.up, np.cross(self.right, self.up)])

    @property
    def aspect(self) -> float:
        """Height over width of what is seen."""
        width, height, _ = np.ptp(np.asarray(self.surface.points) @ self.frame.T, axis=0)
        return float(np.clip(height / max(width, 1e-12), 0.2, 3.0))

    def values(self, nodal: np.ndarray) -> np.ndarray:
        """(n_surface_points,) values from the nodal ones."""
        return self.weights @ nodal


def views_of(result: Result, towards: tuple[float, float, float] | None = None) -> list[View]:
    """The views worth showing: one from outside and, of a hollow organ, one cut open.

    ``towards`` points from the organ to the viewer; z, or y where one looks along z, is then up. By default the shape
    decides.
    """
    grid = _grid(result)
    size = int(grid.celltypes[0] == pv.CellType.TETRA)
    axes = _principal_axes(grid.points)
    hollow = bool(size) and _filling(grid, axes) < HOLLOW
    flat = _extents(grid.points, axes)[2] < 1e-3 * _extents(grid.points, axes)[0]
    right, up = _organ(grid, axes) if hollow else _table(axes, flat or not size)
    if towards is not None:
        right, up = _seen_from(np.asarray(towards, float))
    if not hollow:
        return [_outside(grid, right, up, outlined=bool(size))]
    raised = _tilted(right, up) if towards is None else up
    return [_outside(grid, right, raised, outlined=False), _cut(grid, right, up, raised)]


def _grid(result: Result) -> pv.UnstructuredGrid:
    """The elements of the highest dimension (a surface or lines beside tetrahedra lie on them anyway)."""
    blocks = [block.linear for block in result.blocks if len(block.elements)]
    if not blocks:
        raise InputError(f"{result.path}: holds no elements, so there is nothing to see")
    width = max(elements.shape[1] for elements in blocks)
    elements = np.concatenate([e for e in blocks if e.shape[1] == width])
    return pv.UnstructuredGrid({KINDS[width]: elements}, result.points)


def _principal_axes(points: np.ndarray) -> np.ndarray:
    """(3, 3) rows: directions of the largest, middle and smallest spread, each pointing to its larger positive part."""
    centred = points - points.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1].T[::-1]
    lead = np.abs(axes).argmax(axis=1)
    return axes * np.sign(axes[np.arange(3), lead])[:, None]


def _extents(points: np.ndarray, axes: np.ndarray) -> np.ndarray:
    return np.ptp(points @ axes.T, axis=0)


def _filling(grid: pv.UnstructuredGrid, axes: np.ndarray) -> float:
    return grid.volume / max(float(np.prod(_extents(grid.points, axes))), 1e-300)


def _organ(grid: pv.UnstructuredGrid, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Base above, apex below, the broadest side towards the viewer, the thicker wall, which is that of the left
    ventricle, at the right as when one faces the patient."""
    points = np.asarray(grid.points, dtype=float)
    base = _base_normal(grid)
    up = base if base is not None else axes[0] * (1 if _hollow(grid) @ axes[0] > 0 else -1)
    across = points - points.mean(axis=0)
    across -= np.outer(across @ up, up)
    right = np.linalg.eigh(across.T @ across)[1][:, -1]
    return (right if _thicker(grid, right) else -right), up


def _thicker(grid: pv.UnstructuredGrid, side: np.ndarray) -> bool:
    """Whether the wall is thicker on that side of the middle: elements are farther from the surface, on average."""
    surface = grid.extract_surface(algorithm=None).points
    centres = np.asarray(grid.points, float)[grid.cell_connectivity.reshape(-1, 4)].mean(axis=1)
    depth, x = cKDTree(surface).query(centres)[0], centres @ side
    there = x > (x.min() + x.max()) / 2
    return bool(depth[there].mean() >= depth[~there].mean())


def _hollow(grid: pv.UnstructuredGrid) -> np.ndarray:
    """From the centre of the wall to that of its convex hull: towards the openings, for the wall is closed below."""
    points = np.asarray(grid.points, dtype=float)
    corners = points[ConvexHull(points).vertices]
    return _centre(corners, Delaunay(corners).simplices) - _centre(points, grid.cell_connectivity.reshape(-1, 4))


def _centre(points: np.ndarray, tets: np.ndarray) -> np.ndarray:
    volumes = np.abs(np.linalg.det(points[tets[:, 1:]] - points[tets[:, :1]]))
    return np.average(points[tets].mean(axis=1), axis=0, weights=volumes)


def _base_normal(grid: pv.UnstructuredGrid) -> np.ndarray | None:
    """Outward normal of the plane that cut the organ off, if there is one: the direction with the largest flat area."""
    surface = grid.extract_surface(algorithm=None).compute_normals(point_normals=False, auto_orient_normals=True)
    normals = np.asarray(surface.cell_data["Normals"], dtype=float)
    areas = np.asarray(surface.compute_cell_sizes(length=False, volume=False).cell_data["Area"])
    _, bins = np.unique((normals * 8).round().astype(int), axis=0, return_inverse=True)
    weight = np.bincount(bins.ravel(), weights=areas)
    lead = normals[bins.ravel() == weight.argmax()].mean(axis=0)
    near = normals @ lead > 0.99 * np.linalg.norm(lead)
    if not near.any():
        return None
    normal = (normals[near] * areas[near, None]).sum(axis=0)
    normal /= np.linalg.norm(normal)
    heights = surface.cell_centers().points[near] @ normal
    coplanar = np.abs(heights - np.median(heights)) < FLAT * np.ptp(surface.points @ normal)
    plane = coplanar & (normals[near] @ normal > LEVEL)
    return normal if areas[near][plane].sum() > 0.5 * areas[near].sum() else None


def _table(axes: np.ndarray, flat: bool) -> tuple[np.ndarray, np.ndarray]:
    """A sheet is seen from straight above, a slab from its front, right and above; the long axis runs to the right."""
    right, back = axes[0], axes[1]
    if flat:
        return right, back
    top = axes[2]
    towards = 0.45 * right - 0.9 * back + 0.75 * top
    towards /= np.linalg.norm(towards)
    up = top - (top @ towards) * towards
    up /= np.linalg.norm(up)
    return np.cross(up, towards), up


def _seen_from(towards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    towards = towards / np.linalg.norm(towards)
    upright = np.eye(3)[2 if abs(towards[2]) < 0.999 else 1]
    up = upright - (upright @ towards) * towards
    up /= np.linalg.norm(up)
    return np.cross(up, towards), up


def _outside(grid: pv.UnstructuredGrid, right: np.ndarray, up: np.ndarray, outlined: bool) -> View:
    grid.point_data["node"] = np.arange(grid.n_points)
    lines = grid.celltypes[0] == pv.CellType.LINE
    surface = pv.PolyData(grid.points, lines=grid.cells) if lines else grid.extract_surface(algorithm=None)
    nodes = np.arange(grid.n_points) if lines else np.asarray(surface.point_data["node"])
    rows = np.arange(len(nodes))
    weights = csr_matrix((np.ones(len(nodes)), (rows, nodes)), shape=(len(nodes), grid.n_points))
    return _shaded(surface, weights, right, up, outlined)


def _tilted(right: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The camera's upright axis when it looks a little from above, so that the openings of the base are seen."""
    return np.cos(TILT) * up - np.sin(TILT) * np.cross(right, up)


def _cut(grid: pv.UnstructuredGrid, right: np.ndarray, up: np.ndarray, raised: np.ndarray) -> View:
    """The half behind the plane through the middle, so that walls and cavities are seen."""
    half = grid.clip(normal=np.cross(right, up), origin=_middle(grid.points, right, up))
    surface = half.extract_surface(algorithm=None)
    return _shaded(surface, _interpolation(grid, np.asarray(surface.points)), right, raised, False)


def _shaded(surface: pv.PolyData, weights: csr_matrix, right: np.ndarray, up: np.ndarray, outlined: bool) -> View:
    """Give the surface normals, for smooth shading; sharp edges stay sharp by doubling their points."""
    surface.clear_data()
    if surface.n_faces:
        surface.point_data["origin"] = np.arange(surface.n_points)
        surface = surface.compute_normals(
            cell_normals=False, split_vertices=True, feature_angle=EDGE, auto_orient_normals=True
        )
        weights = weights[np.asarray(surface.point_data["origin"])]
    return View(surface, weights, right, up, outlined)


def _middle(points: np.ndarray, right: np.ndarray, up: np.ndarray) -> np.ndarray:
    axes = np.array([right, up, np.cross(right, up)])
    local = points @ axes.T
    return (local.min(axis=0) + local.max(axis=0)) / 2 @ axes


def _interpolation(grid: pv.UnstructuredGrid, points: np.ndarray) -> csr_matrix:
    """Barycentric weights of ``points`` in the tetrahedra that hold them."""
    nodes = grid.cell_connectivity.reshape(-1, 4)[grid.find_closest_cell(points)]
    corners = np.asarray(grid.points, dtype=float)[nodes]
    edges = np.moveaxis(corners[:, 1:] - corners[:, :1], 1, 2)
    inner = np.linalg.solve(edges, (points - corners[:, 0])[:, :, None])[:, :, 0]
    shares = np.column_stack([1 - inner.sum(axis=1), inner]).clip(0, 1)
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(points)), 4)
    return csr_matrix((shares.ravel(), (rows, nodes.ravel())), shape=(len(points), grid.n_points))
