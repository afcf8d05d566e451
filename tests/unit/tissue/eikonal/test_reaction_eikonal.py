"""Waves of pulses, and the current that follows them into the cells."""

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.fem import Subdomain
from hpc_twin.mesh.generate import cable
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world
from hpc_twin.stepping import GODUNOV, Pulses, make_step, march
from hpc_twin.tissue.cells import populate
from hpc_twin.tissue.eikonal.reaction_eikonal import Drive, Foot, ReactionEikonal, first_pulses, waves
from hpc_twin.tissue.eikonal.solver import Eikonal
from hpc_twin.tissue.measures.activation import Activation
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Stimulus

SPEED = 0.5  # mm/ms


@pytest.fixture(scope="module")
def strand():
    part = distribute(cable(10.0, 1.0), world())
    return part, Eikonal(part, np.tile(np.diag([SPEED**2, 1, 1]), (len(part.elements), 1, 1)))


def at(part, x: float, pulses: Pulses) -> Stimulus:
    return Stimulus(np.flatnonzero(abs(part.points[: part.n_owned, 0] - x) < 1e-9), 30.0, pulses)


def test_foot_gives_its_charge_and_no_more():
    foot = Foot.pulse(25.0, 2.0)
    assert foot.given(np.array([-1.0, 0.0, 0.5, 2.0, 9.0])) == pytest.approx([0, 0, 12.5, 50, 50])


@pytest.mark.parametrize("dt", [0.05, 0.3, 1.7])
def test_drive_is_exact_for_any_step(dt):
    """Every node gets the charge of its foot, whatever the step; those that no wave reaches get none."""
    T = np.array([3.0, 0.0, np.inf, 0.7, 3.0, 11.2])
    slow = Foot(np.array([0.0, 1.0, 4.0]), np.array([0.0, 30.0, 5.0]))
    nodes = [np.array([0, 1, 2]), np.array([3, 4, 5])]
    drive = Drive(6, nodes, [Foot.pulse(25.0, 2.0), slow], [T, T + 20.0])
    charge = np.zeros(6)
    for n in range(int(60 / dt)):
        rate = drive.at(n * dt, dt)
        charge += 0.0 if rate is None else dt * rate
    assert charge == pytest.approx([100, 100, 0, 10, 10, 10])


def test_drive_follows_the_times():
    drive = Drive(3, [np.arange(3)], [Foot.pulse(10.0, 1.0)], [np.array([5.0, 1.0, 2.5])])
    assert drive.at(0.0, 0.5) is None
    assert drive.at(1.0, 0.5) == pytest.approx([0, 10, 0])
    assert drive.at(2.0, 1.0) == pytest.approx([0, 0, 5])
    assert drive.at(7.0, 1.0) is None


def test_train_makes_a_wave_for_each_pulse(strand):
    part, eikonal = strand
    found = waves(eikonal, [at(part, 0.0, Pulses(1.0, 2.0, 300.0, 3))], 1000.0)
    x = part.points[:, 0]
    assert len(found) == 3
    for n, T in enumerate(found):
        assert T.local == pytest.approx(1 + 300 * n + x / SPEED)
    assert len(waves(eikonal, [at(part, 0.0, Pulses(1.0, 2.0, 300.0))], 601.0)) == 2


def test_pulse_under_way_joins_the_wave(strand):
    part, eikonal = strand
    ends = [at(part, 0.0, Pulses(0.0, 2.0)), at(part, 10.0, Pulses(4.0, 2.0)), at(part, 2.0, Pulses(15.0, 2.0))]
    (T,) = waves(eikonal, ends, 100.0)
    x = part.points[:, 0]
    assert T.local == pytest.approx(np.minimum(x / SPEED, 4 + (10 - x) / SPEED))
    nodes, times = first_pulses(ends, 10.0)
    assert np.sort(part.points[nodes, 0]) == pytest.approx([0, 10]) and np.sort(times) == pytest.approx([0, 4])


@pytest.mark.parametrize("diffusion", [True, False])
def test_front_keeps_its_velocity_where_diffusion_alone_would_block(strand, diffusion):
    """Nodes 1 mm apart: a wave of the monodomain equation does not even start, the driven one is as fast as asked."""
    part, eikonal = strand
    kernel = load("mitchell_schaeffer_2003", comm=world())
    (T,) = waves(eikonal, [at(part, 0.0, Pulses(0.0, 2.0))], 50.0)
    drive = Drive(part.n_owned, [np.arange(part.n_owned)], [Foot.pulse(35.0, 2.0)], [T.owned])
    sigma = np.tile(np.diag([0.02, 0.0, 0.0]), (len(part.elements), 1, 1))
    cells = populate([kernel], np.zeros(part.n_owned, int))
    heart = ReactionEikonal(
        Monodomain(Subdomain.all_of(part), cells, sigma, drive, 1.4, Discretisation(lumping=1.0)), diffusion
    )
    seen = Activation(heart.V.owned, 0.0)
    heart.prepare(0.05)
    for _, t in march(make_step(heart.operators, GODUNOV), None, 0.05, 50.0):
        seen.update(heart.V.owned, t, 0.05)
    x = part.points[: part.n_owned, 0]
    inner = (x > 0.5) & (x < 9.5)
    assert np.polyfit(seen.times[inner], x[inner], 1)[0] == pytest.approx(SPEED, rel=0.01)
    assert (heart.iterations > 0) == diffusion
