"""Waves whose arrival is known exactly, for the eikonal solver."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hpc_twin.mesh.generate import sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import max_over, on_root, sum_over
from hpc_twin.tissue.eikonal.solver import arrival
from hpc_twin.verify.shapes import sphere

FIBRE = np.array([0.8, 0.6, 0.0])
ANISOTROPIC = 0.3**2 * np.eye(3) + (0.6**2 - 0.3**2) * np.outer(FIBRE, FIBRE)  # mm^2/ms^2: 0.6 along, 0.3 across
SIDE, RADIUS = 8.0, 5.0  # mm
SLOW, FAST, DEPTH = 0.3, 0.6, 2.0  # mm/ms above and below an interface, mm
NORMAL = np.array([0.48, 0.6, 0.64])


@dataclass(frozen=True)
class Wave:
    """A mesh for each level, D at the elements' centres, exact times [ms], and which nodes are given them."""

    name: str
    mesh: Callable[[int], Mesh]
    tensor: Callable[[np.ndarray], np.ndarray]
    exact: Callable[[np.ndarray], np.ndarray]
    given: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Error:
    """Over all nodes: largest and mean difference from the exact times, and the latest of these [ms]."""

    nodes: int
    largest: float
    mean: float
    latest: float


def error(wave: Wave, level: int, comm) -> Error:
    """Solve and compare; collective."""
    part = distribute(on_root(comm, lambda: wave.mesh(level)), comm)
    exact, given = wave.exact(part.points), np.flatnonzero(wave.given(part.points))
    T = arrival(part, wave.tensor(_centres(part)), given, exact[given])
    apart = np.abs(T.owned - exact[: part.n_owned])
    return Error(part.n_nodes, max_over(comm, float(apart.max(initial=0))), sum_over(comm, apart.sum()) / part.n_nodes,
                 max_over(comm, float(exact.max())))  # fmt: skip


def orders(errors: list[Error]) -> list[tuple[float, float]]:
    """Of the largest and of the mean error, from one level to the next, which halves the edges."""
    return [tuple(np.log2([a.largest / b.largest, a.mean / b.mean])) for a, b in pairwise(errors)]


def _centres(part: Part) -> np.ndarray:
    inside = part.elements >= 0
    return (part.points[part.elements] * inside[..., None]).sum(axis=1) / inside.sum(axis=1)[:, None]


def _cube(level: int) -> Mesh:
    return slab((SIDE,) * 3, 2.0 / 2**level)


def _constant(tensor: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda centres: np.broadcast_to(tensor, (len(centres), 3, 3))


def _from(place: np.ndarray, tensor: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """sqrt(d . D^-1 d): a straight way from ``place``."""
    metric = np.linalg.inv(tensor)
    return lambda points: np.sqrt(np.einsum("ni,ij,nj->n", points - place, metric, points - place))


def _ball(name: str, tensor: np.ndarray, given: float) -> Wave:
    """From the cube's middle; exact within a given time [ms], which leaves the singularity out."""
    exact = _from(np.full(3, SIDE / 2), tensor)
    return Wave(name, _cube, _constant(tensor), exact, lambda points: exact(points) <= given + 1e-9)


def _plane() -> Wave:
    exact = lambda points: points @ NORMAL / np.sqrt(NORMAL @ ANISOTROPIC @ NORMAL)  # noqa: E731
    return Wave("plane wave", _cube, _constant(ANISOTROPIC), exact, lambda points: (points < 1e-9).any(axis=1))


def _globe() -> Wave:
    """Great circles from the node of the icosahedron nearest to the pole, at 0.6 mm/ms."""
    pole = sphere(0).points[np.argmax(sphere(0).points[:, 2])]

    def exact(points: np.ndarray) -> np.ndarray:
        return RADIUS / FAST * np.arccos(np.clip(points @ pole / RADIUS, -1, 1))

    return Wave("sphere", lambda level: sphere(level + 2, RADIUS), _constant(FAST**2 * np.eye(3)), exact,
                lambda points: exact(points) <= 1e-6)  # fmt: skip


def _layers() -> Wave:
    """From a corner of a slow layer over a fast one: the direct wave, the refracted one, and the head wave.

    Below the interface Fermat's least time over the place of crossing; above it the least of the direct way and
    x / v2 + (depth + (depth - y)) sqrt(1/v1^2 - 1/v2^2), which leaves the interface at the critical angle.
    """
    high = lambda y: y < DEPTH  # noqa: E731

    def tensor(centres: np.ndarray) -> np.ndarray:
        return np.where(high(centres[:, 1]), SLOW**2, FAST**2)[:, None, None] * np.eye(3)

    def exact(points: np.ndarray) -> np.ndarray:
        x, y = points[:, 0], points[:, 1]
        direct, delay = np.hypot(x, y) / SLOW, np.sqrt(1 / SLOW**2 - 1 / FAST**2)
        tangent = SLOW / np.sqrt(FAST**2 - SLOW**2)
        head = np.where(x >= (2 * DEPTH - y) * tangent, x / FAST + (2 * DEPTH - y) * delay, np.inf)
        return np.where(high(y), np.minimum(direct, head), _refracted(x, y - DEPTH))

    return Wave("head wave", lambda level: sheet((20.0, 4.0), 0.5 / 2**level), tensor, exact,
                lambda points: np.hypot(points[:, 0], points[:, 1]) <= 1.0 + 1e-9)  # fmt: skip


def _refracted(x: np.ndarray, below: np.ndarray) -> np.ndarray:
    """min over 0 <= s <= x of  hypot(s, depth) / v1 + hypot(x - s, below) / v2, by bisection of its derivative."""
    low, high = np.zeros_like(x), np.maximum(x, 0.0)
    for _ in range(60):
        s = (low + high) / 2
        ahead = np.divide(x - s, np.hypot(x - s, below), out=np.ones_like(x), where=x > s)
        late = s / np.hypot(s, DEPTH) / SLOW > ahead / FAST
        low, high = np.where(late, low, s), np.where(late, s, high)
    return np.hypot(low, DEPTH) / SLOW + np.hypot(x - low, below) / FAST


WAVES = (
    _plane(),
    _ball("point, isotropic", FAST**2 * np.eye(3), 0.0),
    _ball("point, anisotropic", ANISOTROPIC, 0.0),
    _ball("ball, anisotropic", ANISOTROPIC, 6.0),
    _globe(),
    _layers(),
)
