"""The eikonal solver: its local solver against minimisation by brute force, exact waves, sources, unreached tissue."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial import Delaunay

from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world
from hpc_twin.tissue.eikonal.solver import Eikonal, arrival, squared_times


def plain(points, elements):
    return distribute(Mesh(np.asarray(points, float), np.asarray(elements), np.zeros(len(elements), np.int32)), world())


def random_tensor(random) -> np.ndarray:
    axes, _ = np.linalg.qr(random.normal(size=(3, 3)))
    return (axes * random.uniform(0.02, 1.0, 3)) @ axes.T


def least(points, times, metric) -> float:
    """min over the simplex of  w . t + |x(w) - q|,  q the last point, by SLSQP from several starts and the corners."""

    def arrives(w):
        way = w @ points[:-1] - points[-1]
        return w @ times + np.sqrt(way @ metric @ way)

    n = len(times)
    starts = np.vstack([np.eye(n) * 0.98 + 0.02 / n, np.full((1, n), 1 / n)])
    whole = {"type": "eq", "fun": lambda w: w.sum() - 1}
    found = [
        minimize(arrives, start, bounds=[(0, 1)] * n, constraints=whole, tol=1e-13, method="SLSQP").fun
        for start in starts
    ]
    return min([*found, *map(arrives, np.eye(n))])


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("seed", range(25))
def test_local_solver_finds_the_earliest_way(size, seed):
    """Tetrahedra, triangles in space and lines of any shape, any D, starting times that let some nodes come too late.

    Along surfaces only D's tangential part counts, so the metric of the plane is its inverse there.
    """
    random = np.random.default_rng(100 * size + seed)
    points, tensor = random.normal(size=(size, 3)), random_tensor(random)
    part = plain(points, [list(range(size))])
    times = random.uniform(0, 1.5, size - 1)
    node = np.argsort(part.node_ids)
    found = arrival(part, tensor[None], node[:-1], times).local
    edges = points[1:] - points[0]
    plane = np.linalg.svd(edges)[2][: size - 1]
    metric = plane.T @ np.linalg.inv(plane @ tensor @ plane.T) @ plane
    assert found[node[-1]] == pytest.approx(least(points, found[node[:-1]], metric), abs=2e-6)


def delaunay(seed: int, n: int = 120):
    """Random points, so flat and obtuse tetrahedra, but none without volume."""
    points = np.random.default_rng(seed).uniform(size=(n, 3))
    elements = Delaunay(points).simplices
    edges = points[elements[:, 1:]] - points[elements[:, :1]]
    return plain(points, elements[np.abs(np.linalg.det(edges)) > 1e-4])


@pytest.mark.parametrize("seed", [1, 2])
def test_solution_is_the_fixed_point_on_a_bad_mesh(seed):
    """No node could be earlier by any element, each is as early as one element says: independent of the sweep."""
    part, random = delaunay(seed), np.random.default_rng(seed)
    tensor = np.array([random_tensor(random) for _ in part.elements])
    T = arrival(part, tensor, np.array([0]), np.array([0.0])).local
    metric = np.linalg.inv(tensor)
    for node in random.choice(np.arange(1, part.n_local), 12, replace=False):
        ways = []
        for e in np.flatnonzero((part.elements == node).any(axis=1)):
            face = part.elements[e][part.elements[e] != node]
            ways.append(least(part.points[[*face, node]], T[face], metric[e]))
        assert T[node] == pytest.approx(min(ways), abs=5e-6)


@pytest.mark.parametrize("build", [lambda: slab((2.0, 1.5, 1.0), 0.25), lambda: sheet((2.0, 1.5), 0.25)])
def test_oblique_plane_wave_is_exact(build):
    """T = n.x / (n.Dn)^(1/2) is linear, so it is met to rounding when the inflow faces start with it."""
    part = distribute(build(), world())
    tensor = np.diag([0.36, 0.09, 0.04])
    flat = np.ptp(part.points[:, 2]) == 0
    normal = np.array([0.6, 0.7, 0.0 if flat else 0.4])
    exact = part.points @ normal / np.sqrt(normal @ tensor @ normal)
    inflow = np.flatnonzero((part.points[:, : 2 if flat else 3] < 1e-9).any(axis=1))
    T = arrival(part, np.tile(tensor, (len(part.elements), 1, 1)), inflow, exact[inflow])
    assert np.abs(T.local - exact).max() < 1e-12


def test_line_in_space_takes_its_own_direction():
    part = plain([[0, 0, 0], [1, 1, 0], [2, 2, 0]], [[0, 1], [1, 2]])
    tensor = np.tile(np.diag([0.5, 0.1, 9.0]), (2, 1, 1))
    T = arrival(part, tensor, np.flatnonzero(part.node_ids == 0), np.zeros(1))
    along = np.array([1, 1, 0]) / np.sqrt(2)
    assert T.local[part.node_ids == 2] == pytest.approx(np.sqrt(8) / np.sqrt(along @ tensor[0] @ along))


def test_later_source_counts_where_no_wave_has_been():
    part = distribute(cable(10.0, 0.5), world())
    tensor = np.tile(np.diag([0.25, 1, 1]), (len(part.elements), 1, 1))
    x = part.points[:, 0]
    solver = Eikonal(part, tensor)
    ends = np.array([np.argmin(x), np.argmax(x), np.argmin(abs(x - 2))])
    T, work = solver.solve(ends, np.array([0.0, 10.0, 8.0]))
    assert np.abs(T.local - np.minimum(x / 0.5, 10 + (10 - x) / 0.5)).max() < 1e-12
    assert work.passes == 1
    again, _ = solver.solve(ends[:1], np.array([3.0]))
    assert np.abs(again.local - (3 + x / 0.5)).max() < 1e-12


def test_unreached_tissue_is_infinite():
    part = plain([[0, 0, 0], [1, 0, 0], [5, 0, 0], [6, 0, 0]], [[0, 1], [2, 3]])
    T = arrival(part, np.tile(np.eye(3), (2, 1, 1)), np.flatnonzero(part.node_ids == 0), np.zeros(1))
    assert np.isinf(T.local[part.node_ids > 1]).all() and np.isfinite(T.local[part.node_ids < 2]).all()


def test_squared_times_on_a_mixed_mesh():
    """A triangle and a line that share a node, as a network on a surface."""
    part = plain([[0, 0, 0], [3, 0, 0], [0, 4, 0], [0, 0, 2]], [[0, 1, 2], [0, 3, -1]])
    squares = squared_times(part, np.array([np.eye(3), 4 * np.eye(3)]))
    assert squares[0, [0, 1, 3]] == pytest.approx([9, 16, 25])
    assert squares[1, 0] == pytest.approx(1) and np.isnan(squares[1, 1:]).all()
    T = arrival(part, np.array([np.eye(3), 4 * np.eye(3)]), np.flatnonzero(part.node_ids == 3), np.zeros(1))
    assert T.local[np.argsort(part.node_ids)] == pytest.approx([1, 4, 5, 0])


def test_a_slow_layer_is_walked_around():
    """Two velocities: no element between fast tissue and slow lets the wave in earlier than Fermat allows."""
    part = distribute(sheet((4.0, 2.0), 0.1), world())
    centre = part.points[part.elements].mean(axis=1)
    slow = (abs(centre[:, 0] - 2) < 0.3) & (centre[:, 1] < 1.5)
    tensor = np.where(slow, 1e-6, 1.0)[:, None, None] * np.eye(3)
    corner = np.flatnonzero(np.linalg.norm(part.points, axis=1) < 1e-9)
    T = arrival(part, tensor, corner, np.zeros(1))
    end = np.flatnonzero(np.linalg.norm(part.points - [4.0, 0, 0], axis=1) < 1e-9)
    shortest = 2 * np.hypot(1.7, 1.5) + 0.6
    assert shortest < T.local[end] < 1.02 * shortest


@pytest.mark.parametrize("height", [1e-3, 1e-9])
def test_slivers_keep_their_edges(height):
    """A tetrahedron that is nearly flat is as long as its edges."""
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, height]], float)
    part = plain(points, [[0, 1, 2, 3]])
    lengths = [np.linalg.norm(points[i] - points[j]) for i in range(4) for j in range(i + 1, 4)]
    assert np.sqrt(squared_times(part, 4 * np.eye(3)[None])[0]) == pytest.approx(np.array(lengths) / 2, rel=1e-12)
