"""The bidomain's flow maps against dense algebra, the monodomain and known currents. Orders are in tests/verify."""

import numpy as np
import pytest
from media import CAPACITY, TIGHT, along, bidomain, medium

from hpc_twin.cellmodels import load
from hpc_twin.fem import Field, mass, subdomain
from hpc_twin.fem.dirichlet import DirichletSolver
from hpc_twin.mesh.generate import cable, sheet
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world
from hpc_twin.stepping import STRANG, Pulses, make_step, march
from hpc_twin.tissue.bidomain.electrodes import Electrode
from hpc_twin.tissue.bidomain.extracellular import EllipticSolve
from hpc_twin.tissue.cells import populate
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Stimuli, Stimulus, in_box

WAYS = ("decoupled", "block")


def plate(h=0.25):
    return distribute(sheet((3.0, 2.0), h), world())


def middles(part):
    return part.points[part.elements].mean(axis=1)


def start(problem):
    """A step in V, neither along the axes nor the elements."""
    x, y, _ = problem.part.points[: problem.part.n_owned].T
    problem.V.owned[:] = 100 / (1 + np.exp(3 * (x + 0.5 * y - 1))) - 80
    problem.V.touched()


def reduced(problem, theta, dt):
    """V after a step by dense algebra: psi eliminated by the pseudo-inverse of K."""
    K, K_i = problem.outside.bulk.rows.toarray(), problem.outside.intracellular.rows.toarray()
    at = np.eye(len(K))[problem.domain.owned]
    B = K_i - K_i @ at @ np.linalg.pinv(K) @ at.T @ K_i
    M = CAPACITY * mass(problem.part).rows.toarray()
    return problem.V.owned + np.linalg.solve(M + theta * dt * B, -dt * B @ problem.V.owned)


@pytest.mark.parametrize("theta", [0.5, 1.0])
@pytest.mark.parametrize("bath", [False, True], ids=["tissue", "bath"])
def test_block_step_against_dense_algebra(theta, bath):
    whole = plate(0.5)
    problem = bidomain(medium(whole, tissue=middles(whole)[:, 0] < 2 if bath else None), way="block", theta=theta)
    start(problem)
    expected = reduced(problem, theta, 0.3)
    problem.diffusion(None, 0.0, 0.3)
    assert np.allclose(problem.V.owned, expected, atol=1e-7)
    assert np.ptp(problem.V.owned - expected) < 1e-7 < 1 < np.ptp(problem.V.owned)


@pytest.mark.parametrize("bath", [False, True], ids=["tissue", "bath"])
def test_decoupled_comes_to_block_with_the_square_of_dt(bath):
    whole = plate()
    found = []
    for steps in (10, 20, 40):
        V = []
        for way in WAYS:
            problem = bidomain(medium(whole, tissue=middles(whole)[:, 0] < 2 if bath else None), way=way)
            start(problem)
            for n in range(steps):
                problem.diffusion(None, n / steps, 1 / steps)
            V.append(problem.V.owned.copy())
        found.append(np.abs(V[0] - V[1]).max())
    assert found[0] < 0.5
    assert np.log2(np.divide(found[:-1], found[1:])) == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("way", WAYS)
def test_equal_anisotropy_is_the_monodomain(way):
    """sigma_e = lambda sigma_i: phi_e = -V/(1 + lambda) + c, and V obeys the monodomain of the harmonic mean."""
    whole, ratio = plate(), 2.5
    inside = np.array((0.2, 0.05))
    kernel = load("mitchell_schaeffer_2003", comm=world())
    stimulus = [Stimulus(in_box(whole, (0, 0, 0), (0.5, 0.5, 0)), 40.0, Pulses(0.0, 1.0))]
    which = np.zeros(whole.n_owned, int)
    both = bidomain(medium(whole, inside, ratio * inside), populate([kernel], which), stimulus, way=way)
    sigma = along(inside * ratio / (1 + ratio), whole)
    domain = subdomain(whole, np.ones(len(whole.elements), bool))
    alone = Monodomain(
        domain, populate([kernel], which), sigma, Stimuli(whole.n_owned, stimulus), CAPACITY, Discretisation(**TIGHT)
    )
    for problem in (both, alone):
        for _ in march(make_step(problem.operators, STRANG), None, 0.02, 6.0):
            pass
    assert np.ptp(alone.V.owned) > 30
    assert np.abs(both.V.owned - alone.V.owned).max() < {"block": 1e-6, "decoupled": 0.1}[way]
    phi_e = both.fields["phi_e"].values()
    assert np.allclose(phi_e + both.V.owned / (1 + ratio), np.mean(phi_e + both.V.owned / (1 + ratio)), atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_charge_stays(way):
    whole = plate()
    problem = bidomain(medium(whole, tissue=middles(whole)[:, 0] < 2), way=way)
    start(problem)
    weights = mass(problem.part).rows.sum(axis=0)
    before = weights @ problem.V.owned
    for n in range(10):
        problem.diffusion(None, 0.1 * n, 0.1)
    assert weights @ problem.V.owned == pytest.approx(before, rel=1e-9)


def test_current_through_tissue_and_bath_in_a_row():
    """1 uA/mm^2 along x from end to end, V flat at first: phi_e falls by 1/(sigma_i + sigma_e) and 1/sigma_b per mm."""
    whole = distribute(cable(4.0, 0.1), world())
    x = whole.points[:, 0]
    ends = [np.flatnonzero(abs(x - end) < 1e-9) for end in (0.0, 4.0)]
    current = [
        Electrode(name, "current", nodes, sign, Pulses(0.0, 1.0))
        for name, nodes, sign in zip("ab", ends, (1, -1), strict=True)
    ]
    made = medium(whole, (0.2,), (0.6,), 2.0, middles(whole)[:, 0] < 2)
    phi_e = _shown_at_once(bidomain(made, electrodes=current))
    assert phi_e @ mass(whole).rows @ np.ones_like(x) == pytest.approx(0.0, abs=1e-9)
    order = np.argsort(x)
    drop = np.diff(phi_e[order]) / np.diff(x[order])
    assert drop[:20] == pytest.approx(-1 / 0.8, rel=1e-7)
    assert drop[20:] == pytest.approx(-1 / 2.0, rel=1e-7)


def _shown_at_once(problem):
    """phi_e after a step too short to move V."""
    problem.V.owned[:] = -80.0
    problem.V.touched()
    problem.diffusion(None, 0.5, 1e-9)
    return problem.fields["phi_e"].values()


def test_bath_takes_the_potential_of_a_cylinder_in_a_field():
    """A disc of tissue (radius a, sigma_t) in a bath (sigma_b) under a uniform field E: inside, phi = -E 2 sigma_b /
    (sigma_b + sigma_t) x: Jackson, Classical Electrodynamics, section 4.4, in two dimensions. The exact solution is
    held at the edge of the square."""
    whole, a, sigma_t, sigma_b = distribute(sheet((4.0, 4.0), 0.05), world()), 1.0, 0.5, 2.0
    centred = whole.points - (2.0, 2.0, 0.0)
    disc = np.linalg.norm(middles(whole) - (2.0, 2.0, 0.0), axis=1) < a
    made = medium(whole, (0.2,), (sigma_t - 0.2,), sigma_b, disc)
    problem = bidomain(made)
    rim = np.abs(centred[:, :2]).max(axis=1) > 2 - 1e-9
    r2 = (centred**2).sum(axis=1)
    exact = np.where(r2 > a**2, 1 + (sigma_b - sigma_t) / (sigma_b + sigma_t) * a**2 / np.maximum(r2, a**2), 0.0)
    exact = np.where(r2 > a**2, exact, 2 * sigma_b / (sigma_b + sigma_t)) * centred[:, 0]
    found = Field(whole, "phi_e", "mV")
    DirichletSolver(problem.outside.bulk, rim).solve(exact, found)
    assert np.abs(found.owned - exact).max() < 0.04
    inside = r2 < 0.5 * a**2
    assert np.polyfit(centred[inside, 0], found.owned[inside], 1)[0] == pytest.approx(1.6, rel=0.01)


def test_voltage_electrodes_hold_and_open():
    whole = plate()
    x = whole.points[:, 0]
    left, right = (np.flatnonzero(abs(x - end) < 1e-9) for end in (0.0, 3.0))
    for held in (False, True):
        electrodes = [
            Electrode("plus", "voltage", left, 300.0, Pulses(1.0, 1.0), held),
            Electrode("ground", "ground", right),
        ]
        problem = bidomain(medium(whole), electrodes=electrodes)
        start(problem)
        problem.diffusion(None, 0.0, 0.1)
        before = problem.phi_e()
        problem.diffusion(None, 1.0, 0.1)
        on = problem.phi_e()
        assert np.allclose(on[left], 300.0) and np.allclose(on[right], 0.0) and np.allclose(before[right], 0.0)
        assert np.allclose(before[left], 0.0) == held and (np.ptp(before[left]) > 1e-3) != held


@pytest.mark.parametrize("way", WAYS)
def test_dog_bone(way):
    """A cathode on resting tissue of unequal anisotropy: depolarised below and across, hyperpolarised at two sides
    along the fibre (Sepulveda, Roth & Wikswo 1989, Biophys. J. 55:987)."""
    whole = distribute(sheet((12.0, 12.0), 0.25), world())
    points = whole.points[: whole.n_owned] - (6.0, 6.0, 0.0)
    electrodes = [
        Electrode("cathode", "current", np.flatnonzero(np.linalg.norm(points, axis=1) < 0.3), -20.0, Pulses(0.0, 5.0)),
        Electrode("far", "ground", np.flatnonzero(np.abs(points).max(axis=1) > 6 - 1e-9)),
    ]
    problem = bidomain(medium(whole, (0.2, 0.02), (0.2, 0.08)), electrodes=electrodes, way=way, theta=1.0)
    for n in range(10):
        problem.diffusion(None, 0.2 * n, 0.2)

    def V(x, y):
        return problem.V.owned[np.linalg.norm(points - (x, y, 0.0), axis=1).argmin()]

    assert V(0, 0) > 10 and V(0, 0.75) > 1 and V(0, -0.75) > 1
    assert V(1.5, 0) < -0.5 and V(-1.5, 0) < -0.5
    assert V(1.5, 0) == pytest.approx(V(-1.5, 0), rel=0.1)


def test_currents_that_cannot_leave_are_refused():
    def electrode(strength, start=0.0):
        return Electrode(f"{strength:g}", "current", np.array([0]), strength, Pulses(start, 1.0))

    ground = Electrode("ground", "ground", np.array([5]))
    for wrong in ([electrode(5.0)], [electrode(5.0), electrode(-5.0, 1.0)]):
        with pytest.raises(InputError, match="the currents of 5 sum to 5 uA and cannot leave"):
            bidomain(medium(plate()), electrodes=wrong)
        bidomain(medium(plate()), electrodes=[*wrong, ground])
    bidomain(medium(plate()), electrodes=[electrode(5.0), electrode(-5.0)])


def test_currents_between_pieces_that_nothing_connects_are_refused():
    whole = plate()
    made = medium(whole)
    made.bulk[abs(middles(whole)[:, 0] - 1.5) < 0.4] = 0.0
    ends = [
        Electrode(str(sign), "current", np.flatnonzero(abs(whole.points[:, 0] - x) < 1e-9), sign, Pulses(0.0, 1.0))
        for x, sign in ((0.0, 1.0), (3.0, -1.0))
    ]
    problem = bidomain(made, electrodes=ends)
    with pytest.raises(InputError, match=r"1 uA go into a piece of the medium .* not connected with the rest"):
        problem.prepare(0.1)


def split():
    """A plate of tissue in two pieces, x <= 0.5 and x >= 1.5, with nothing that conducts in between."""
    whole = plate()
    made = medium(whole)
    cut = abs(middles(whole)[:, 0] - 1.0) < 0.49
    made.bulk[cut] = made.intracellular[cut] = 0.0
    return made


def test_the_largest_of_pieces_has_no_mean_and_the_others_a_zero():
    made = split()
    x = made.domain.whole.points[:, 0]
    problem = bidomain(made)
    start(problem)
    phi_e = problem.phi_e()
    large, small = x > 1.4, x < 0.6
    assert np.array_equal(np.isfinite(phi_e), large | small)
    assert abs(made.volumes[large] @ phi_e[large]) < 1e-9 * np.ptp(phi_e[large])
    assert np.abs(phi_e[small]).min() == 0.0 and np.ptp(phi_e[small]) > 0.01


def test_a_reference_where_nothing_floats_is_refused():
    made = split()
    x = made.domain.whole.points[:, 0]
    for nowhere in (x < 0.6, np.zeros(len(x), bool)):
        with pytest.raises(InputError, match=r"bidomain.reference: nothing conducts there"):
            bidomain(made, reference=nowhere.astype(float)).prepare(0.1)


def test_what_electrodes_make_is_solved_for_once_and_tightly():
    """A shock is far larger than what cells make, and V takes its error: it must not be that of a time step."""
    whole = plate()
    left, right = (np.flatnonzero(abs(whole.points[:, 0] - x) < 1e-9) for x in (0.0, 3.0))
    ends = [Electrode("a", "voltage", left, 1e4, Pulses(0.0, 1.0)), Electrode("b", "ground", right)]
    made = medium(whole)
    outside = made.outside(made.membrane(0.0), ends, EllipticSolve(1e-2))
    found = Field(whole, "phi", "mV")
    outside.impose(0.0, 0.1, (0, 1), found)
    assert found.owned == pytest.approx(1e4 * (1 - whole.points[:, 0] / 3.0), abs=1e-3)


def test_electrodes_that_share_nodes_are_refused():
    both = [Electrode(name, "ground", np.array([3])) for name in "ab"]
    with pytest.raises(InputError, match="share nodes"):
        bidomain(medium(plate()), electrodes=both)


def test_reference():
    whole = plate()
    corner = whole.points[:, 0] < 0.5
    problem = bidomain(medium(whole), reference=corner.astype(float))
    start(problem)
    phi_e, weights = problem.phi_e(), mass(whole, 1.0).rows @ corner.astype(float)
    assert abs(weights @ phi_e) < 1e-9 < 1e-2 < abs(phi_e.mean())
