"""Elements of order 2 beside what polynomials say, and on several ranks."""

import sys

import numpy as np
import pytest
from tools import run_on

from hpc_twin.fem import mass, stiffness
from hpc_twin.fem.elements import quadrature, reference, shape_slopes, shapes
from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.order import EDGES, quadratic
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world

MESHES = {
    "cable": lambda: cable(4.0, 0.5),
    "sheet": lambda: sheet((3.0, 2.0), 0.5),
    "slab": lambda: slab((3.0, 2.0, 1.0), 0.5),
}


@pytest.fixture(params=MESHES)
def part(request):
    return distribute(quadratic(MESHES[request.param]()), world())


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_shape_functions_are_one_at_their_node(dimension):
    unit = np.eye(dimension + 1)
    nodes = np.vstack((unit, [(unit[a] + unit[b]) / 2 for a, b in EDGES[dimension + 1]]))
    assert np.allclose(shapes(2, nodes), np.eye(len(nodes)))
    assert np.allclose(shapes(1, nodes), nodes)


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("order", [1, 2])
def test_slopes_are_the_derivatives(dimension, order):
    places = np.random.default_rng(1).random((5, dimension + 1))
    step = 1e-6 * np.eye(dimension + 1)
    for i, d in enumerate(step):
        change = (shapes(order, places + d) - shapes(order, places - d)) / 2e-6
        assert np.allclose(shape_slopes(order, places)[:, :, i], change, atol=1e-8)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_quadrature_is_exact(dimension):
    """int L_0^a L_1^b over a simplex of measure 1 is a! b! d! / (a + b + d)!."""
    from math import factorial

    places, weights = quadrature(dimension, 4)
    for a, b in ((0, 0), (1, 0), (2, 1), (2, 2), (4, 0), (0, 4)):
        exact = factorial(a) * factorial(b) * factorial(dimension) / factorial(a + b + dimension)
        assert weights @ (places[:, 0] ** a * places[:, 1] ** b) == pytest.approx(exact, rel=1e-13)


def test_row_sums_of_order_2_are_not_positive_at_corners():
    """Why lumping is refused."""
    sums = [reference(d, 2).mass.sum(axis=1)[0] for d in (1, 2, 3)]
    assert sums == pytest.approx([1 / 6, 0.0, -1 / 20], abs=1e-14)


def test_lumping_is_refused(part):
    with pytest.raises(InputError, match=r'tissue.mass: found 0.5.*"consistent"'):
        mass(part, 0.5)


def test_mass_and_stiffness_are_exact_for_quadratic_fields(part):
    """int u^2 and int grad u . sigma grad u of u = x^2 + 2 x y over the box."""
    sigma = np.diag((3.0, 2.0, 1.0))
    x, y = part.points[:, 0], part.points[:, 1]
    u = x**2 + 2 * x * y
    a, b, c = np.maximum(part.points.max(axis=0), [0, 0, 0])
    flat = part.elements.shape[1] - 1
    K = stiffness(part, np.tile(sigma, (len(part.elements), 1, 1))).rows
    M = mass(part).rows
    square, energy = {
        1: (a**5 / 5, 3 * 4 * a**3 / 3),
        2: _plane(a, b),
        3: tuple(c * value for value in _plane(a, b)),
    }[flat]
    assert u @ (M @ u) == pytest.approx(square) and u @ (K @ u) == pytest.approx(energy)
    assert np.allclose(K @ np.ones_like(x), 0) and abs(K - K.T).max() < 1e-12


def _plane(a, b):
    square = a**5 * b / 5 + 4 * a**4 / 4 * b**2 / 2 + 4 * a**3 / 3 * b**3 / 3
    energy = 3 * 4 * (a**3 / 3 * b + 2 * a**2 / 2 * b**2 / 2 + a * b**3 / 3) + 2 * 4 * a**3 / 3 * b
    return square, energy


RANKS = """
import numpy as np
from hpc_twin.fem import Field, LinearSolver, mass, stiffness
from hpc_twin.fem.subdomain import subdomain
from hpc_twin.mesh.generate import sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.order import quadratic
from hpc_twin.mesh.partition import METHODS, balance, distribute
from hpc_twin.parallel import sum_over, world
comm = world()
flat = sheet((3, 2), 0.5)
n = flat.n_nodes
elements = np.vstack((flat.elements, [(0, n, -1), (n, n + 1, -1)]))
mixed = Mesh(np.vstack((flat.points, [(0, 0, -1), (0, 0, -2)])), elements, np.zeros(len(elements), np.int32))
for mesh in (slab((3, 2, 1), 0.5), mixed):
    whole = quadratic(mesh)
    for method in (name for name in METHODS if name != "auto"):
        part = distribute(whole if comm.rank == 0 else None, comm, method)
        owned = part.n_owned
        assert part.order == 2 and sum_over(comm, owned) == whole.n_nodes and balance(part).mean > 0
        assert np.array_equal(part.points, whole.points[part.node_ids])
        assert np.array_equal(np.where(part.element_nodes < 0, -1, part.node_ids[part.element_nodes]),
                              whole.element_nodes[part.element_ids])
        for name, nodes in whole.node_sets.items():
            assert np.array_equal(np.sort(part.node_ids[part.node_sets[name]]), np.intersect1d(nodes, part.node_ids))
        u = Field(part, "u", "1")
        u.local[:] = part.points[:, 0] ** 2
        K = stiffness(part, np.tile(np.eye(3), (len(part.elements), 1, 1)))
        total = sum_over(comm, u.owned @ (K.rows @ u.local))
        half = subdomain(part, part.points[part.elements[:, 0], 0] < 1.4)
        some = mass(half.part).rows
        volume = sum_over(comm, float(some.sum()))
        if comm.rank == 0:
            print(f"{whole.n_nodes} {total:.9f} {half.part.n_nodes} {volume:.9f}")
"""


def test_the_same_on_any_ranks_and_by_any_partition():
    done = [run_on(n, [sys.executable, "-c", RANKS]) for n in (1, 2, 3)]
    assert all(d.returncode == 0 for d in done), [d.stderr for d in done]
    lines = [d.stdout.split("\n")[:-1] for d in done]
    assert len(lines[0]) == 6 and lines[0] == lines[1] == lines[2] and len(set(lines[0])) == 2
