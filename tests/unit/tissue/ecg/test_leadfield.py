"""Lead fields against direct solves of the same equation and against closed formulas."""

import numpy as np
import pytest

from hpc_twin.fem import Field, stiffness, subdomain
from hpc_twin.fem.dirichlet import DirichletSolver
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.locate import outside
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world
from hpc_twin.tissue.ecg.leadfield import electrode_node, interpolated, lead_fields, weights
from hpc_twin.tissue.ecg.weights import infinite_medium

SIGMA_I = np.diag([0.17, 0.02, 0.05])
SIGMA_B = 0.6


def everywhere(part, tensor):
    return np.broadcast_to(tensor, (len(part.elements), 3, 3))


def in_bath(h=1.0, size=14.0):
    """A slab of tissue in a cube of bath, and conductivities of both."""
    part = distribute(slab((size, size, size), h), world())
    centre = part.points[part.elements].mean(axis=1) - size / 2
    keep = (np.abs(centre) < (4, 3, 2)).all(axis=1)
    sigma = np.where(keep[:, None, None], SIGMA_I + np.diag([0.6, 0.24, 0.3]), SIGMA_B * np.eye(3))
    return subdomain(part, keep), sigma


def test_reciprocity():
    """The lead field's potentials are those of the elliptic equation, solved directly, to the solvers' tolerance."""
    domain, sigma = in_bath()
    whole, part = domain.whole, domain.part
    V = 50 * np.tanh(7 - part.points[:, 0]) + 10 * np.sin(part.points[:, 1])
    phi = Field(whole, "phi", "mV")
    right = domain.spread(-(stiffness(part, everywhere(part, SIGMA_I)).rows @ V), np.zeros(whole.n_owned))
    solver = DirichletSolver(stiffness(whole, sigma), np.zeros(whole.n_local, bool), "direct", 1e-10)
    solver.solve(None, phi, right)
    places = np.array([[0.0, 7.0, 7.0], [14.0, 6.0, 8.0], [7.0, 14.0, 3.0], [7.0, 7.0, 9.0]])
    nodes = [electrode_node(whole, place, np.ones(whole.n_owned, bool))[0] for place in places]
    fields = lead_fields(whole, sigma, nodes)
    w = weights(part, everywhere(part, SIGMA_I), fields[:, domain.nodes])
    found, direct = w @ V, phi.local[nodes]
    assert np.ptp(direct) > 0.5
    assert found[1:] - found[0] == pytest.approx(direct[1:] - direct[0], abs=1e-6 * np.ptp(direct))


def ball(radius=12.0, h=1.0):
    """A cube of cubes of side 2, blown up to a ball, so that its surface is smooth."""
    cube = slab((2.0, 2.0, 2.0), h / radius)
    x = cube.points - 1.0
    far, length = np.abs(x).max(axis=1), np.maximum(np.linalg.norm(x, axis=1), 1e-12)
    return Mesh(radius * x * (far / length)[:, None], cube.elements, cube.regions)


def test_a_dipole_within_an_insulated_ball():
    """At the centre: on the surface 3 times what it makes in an infinite medium (Frank 1952, J Appl Phys 23:1225)."""
    radius = 12.0
    mesh = ball(radius, 1.0)
    part = distribute(mesh, world())
    inner = np.linalg.norm(part.points[part.elements].mean(axis=1), axis=1) < 2.5
    domain = subdomain(part, inner)
    sigma = everywhere(part, SIGMA_B * np.eye(3))
    tissue = everywhere(domain.part, 0.1 * np.eye(3))
    V = domain.part.points @ (10.0, 4.0, -3.0)
    surface = outside(part.elements, part.n_local)
    places = radius * np.array([[1.0, 0, 0], [0, 0.6, -0.8], [-1.0, 0, 0], [0, -0.6, 0.8]])
    nodes, where = zip(*[electrode_node(part, place, surface)[:2] for place in places], strict=True)
    found = weights(domain.part, tissue, lead_fields(part, sigma, nodes)[:, domain.nodes]) @ V
    infinite = infinite_medium(domain.part, tissue, np.array(where), SIGMA_B) @ V
    assert found[0] - found[2] == pytest.approx(3 * (infinite[0] - infinite[2]), rel=0.02)
    assert found[1] - found[3] == pytest.approx(3 * (infinite[1] - infinite[3]), rel=0.02)


def test_electrodes_snap_to_the_surface():
    part = distribute(slab((4.0, 4.0, 4.0), 1.0), world())
    place, everywhere = np.array([2.1, 2.2, 3.4]), np.ones(part.n_owned, bool)
    node, where, distance = electrode_node(part, place, outside(part.elements, part.n_local))
    assert where.tolist() == [2, 2, 4] and distance == pytest.approx(np.linalg.norm((0.1, 0.2, -0.6)))
    assert electrode_node(part, place, everywhere)[1].tolist() == [2, 2, 3]
    assert part.points[node].tolist() == [2, 2, 4]


def test_interpolation_from_another_mesh_is_exact_for_linear_fields():
    torso = distribute(ball(12.0, 2.0), world())
    field = torso.points @ (1.0, -2.0, 0.5) + 3.0
    points = np.random.default_rng(0).uniform(-4, 4, (200, 3))
    found = interpolated(torso, np.array([field, 2 * field]), points, "ecg.torso.file")
    assert found[0] == pytest.approx(points @ (1.0, -2.0, 0.5) + 3.0, abs=1e-9) and found[1] == pytest.approx(
        2 * found[0]
    )


def test_a_heart_outside_its_torso():
    torso = distribute(slab((4.0, 4.0, 4.0), 1.0), world())
    with pytest.raises(InputError, match=r"ecg.torso.file: 1 of the heart's 2 nodes lie outside.*\(9, 1, 1\)"):
        interpolated(torso, np.zeros((1, torso.n_local)), np.array([[1.0, 1, 1], [9, 1, 1]]), "ecg.torso.file")


def test_a_body_in_pieces_is_its_largest_one():
    """Tissue that nothing connects with the electrodes is not seen by them, and no electrode may lie there."""
    domain, sigma = in_bath()
    whole, part = domain.whole, domain.part
    x = whole.points[whole.elements].mean(axis=1)[:, 0]
    sigma[(x > 7) & (x < 9)] = 0.0
    inner = everywhere(part, SIGMA_I) * ~((x > 7) & (x < 9))[domain.elements][:, None, None]
    at = [int(np.linalg.norm(whole.points - place, axis=1).argmin()) for place in ((0.0, 7, 7), (6.0, 7, 7))]
    w = weights(part, inner, lead_fields(whole, sigma, at)[:, domain.nodes])
    far = part.points[:, 0] > 9.0
    assert np.abs(w[:, far]).max() == 0.0 < 1e-3 < np.abs(w[:, ~far]).max()
    with pytest.raises(InputError, match=r"ecg.electrodes: nothing .* connects the one at \(14, 7, 7\) mm"):
        lead_fields(whole, sigma, [int(np.linalg.norm(whole.points - (14.0, 7, 7), axis=1).argmin())])
