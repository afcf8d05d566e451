"""Structured meshes: cable, sheet and slab, each of equal simplices."""

from itertools import permutations

import numpy as np

from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import InputError

AXES = "xyz"


def slab(size: tuple[float, float, float] = (20.0, 7.0, 3.0), h: float = 0.5) -> Mesh:
    """A box of tetrahedra with one corner at the origin and fibres along x; ``size`` and the edge length ``h`` in mm.

    Every cube is cut into the six tetrahedra along its diagonal (Freudenthal 1942, Kuhn 1960), so neighbours conform.
    Defaults to the slab of Niederer et al. (2011), doi:10.1098/rsta.2011.0139. Node sets x0, x1, y0, y1, z0, z1 are the
    faces. Raises InputError for sizes or h that are not positive, or an h larger than the box.
    """
    return _box("slab", size, h)


def sheet(size: tuple[float, float] = (20.0, 20.0), h: float = 0.2) -> Mesh:
    """A rectangle of triangles in the plane z = 0, fibres along x, node sets x0, x1, y0, y1; lengths in mm."""
    return _box("sheet", size, h)


def cable(length: float = 20.0, h: float = 0.1) -> Mesh:
    """A straight line of line elements along x, node sets x0 and x1; lengths in mm."""
    return _box("cable", (length,), h)


def _box(name: str, size, h: float) -> Mesh:
    lengths, counts = _checked(name, size, h)
    points = _grid(lengths, counts)
    elements = _simplices(counts)
    fibres = np.tile((1.0, 0.0, 0.0), (len(elements), 1))
    return Mesh(
        points,
        elements,
        np.zeros(len(elements), dtype=np.int32),
        fibres,
        node_sets=_faces(points, lengths),
        notes=_steps(lengths, counts, h),
    )


def _checked(name: str, size, h: float) -> tuple[np.ndarray, np.ndarray]:
    """Lengths and number of elements per axis."""
    lengths = np.array(size, dtype=float).reshape(-1)
    expected = {"slab": 3, "sheet": 2, "cable": 1}[name]
    if len(lengths) != expected:
        raise InputError(f"{name}: size has {len(lengths)} lengths, expected {expected}")
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise InputError(f"{name}: found size {lengths.tolist()}, lengths must be above 0 mm")
    if not (np.isfinite(h) and 0 < h <= lengths.min()):
        raise InputError(f"{name}: found h = {h}, allowed is above 0 up to the shortest side, {lengths.min():g} mm")
    return lengths, np.maximum(np.rint(lengths / h), 1).astype(np.int64)


def _grid(lengths: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(n_nodes, 3) nodes of a regular grid, x fastest."""
    axes = [np.linspace(0, length, count + 1) for length, count in zip(lengths, counts, strict=True)]
    mesh = np.meshgrid(*axes[::-1], indexing="ij")[::-1]
    points = np.zeros((mesh[0].size, 3))
    for axis, coordinate in enumerate(mesh):
        points[:, axis] = coordinate.ravel()
    return points


def _simplices(counts: np.ndarray) -> np.ndarray:
    """(n_elements, d + 1) the d! simplices of every cell of the grid: one per order in which to walk the axes."""
    strides = np.concatenate(([1], np.cumprod(counts[:-1] + 1)))
    corner = np.zeros(1, dtype=np.int64)
    for count, stride in zip(counts, strides, strict=True):
        corner = (np.arange(count)[:, None] * stride + corner).ravel()
    dimension = len(counts)
    walks = np.array([_walk(strides, order) for order in permutations(range(dimension))])
    return (corner[:, None, None] + walks).reshape(-1, dimension + 1)


def _walk(strides: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """Nodes passed on the way along the axes in this order; two change places where that makes the simplex positive."""
    nodes = np.concatenate(([0], np.cumsum(strides[list(order)])))
    odd = sum(order[i] > order[j] for j in range(len(order)) for i in range(j)) % 2
    if odd:
        nodes[[-2, -1]] = nodes[[-1, -2]]
    return nodes


def _faces(points: np.ndarray, lengths: np.ndarray) -> dict[str, np.ndarray]:
    faces = {}
    for axis, length in enumerate(lengths):
        for end, place in (("0", 0.0), ("1", length)):
            faces[AXES[axis] + end] = np.flatnonzero(points[:, axis] == place)
    return faces


def _steps(lengths: np.ndarray, counts: np.ndarray, h: float) -> tuple[str, ...]:
    """A word for those whose h does not divide the sides."""
    steps = lengths / counts
    if np.allclose(steps, h, rtol=1e-6):
        return ()
    return (f"h = {h:g} mm does not divide the sides: steps are {', '.join(f'{step:.4g}' for step in steps)} mm",)
