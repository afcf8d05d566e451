"""The plane wave of a cell model: its velocity for any conductivity, and the current in it."""

from dataclasses import replace

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.parallel import InputError, world
from hpc_twin.run.velocities import Cable, plane_wave, plane_wave_velocity
from hpc_twin.tissue.eikonal.reaction_eikonal import Drive
from hpc_twin.tissue.monodomain import Discretisation

CAPACITY = 1.4


@pytest.fixture(scope="module")
def wave():
    return plane_wave(load("mitchell_schaeffer_2003", comm=world()), CAPACITY, world())


@pytest.mark.parametrize("sigma", [0.02, 0.3])
def test_velocity_follows_from_one_cable(wave, sigma):
    """v^2 = rate sigma / (chi Cm), against a cable of that conductivity on a mesh of its own."""
    fine = replace(wave.medium, h=np.sqrt(sigma / CAPACITY) / 6, how=Discretisation(lumping=0.25))
    assert plane_wave_velocity(fine, sigma) == pytest.approx(np.sqrt(wave.rate * sigma / CAPACITY), rel=3e-3)


def test_foot_makes_the_cell_of_a_cable(wave):
    """A cell by itself that is given the foot's charge has the V of a cell in the cable, from the foot on."""
    foot, dt = wave.foot(), wave.medium.dt
    kernel = wave.medium.kernel
    V, states = np.full(1, kernel.v_initial), kernel.new_states(1)
    alone = []
    for n in range(1500):
        ends = foot.given(np.array([n * dt, (n + 1) * dt]))
        kernel.advance(V, states, np.diff(ends) / dt, n * dt, dt)
        alone.append(V[0])
    coupled = _middle(wave, 4000)
    alone, shift = np.array(alone), np.argmax(coupled > 0) - np.argmax(np.array(alone) > 0)
    assert np.abs(coupled[shift : shift + 1500] - alone).max() < 3.0
    assert np.ptp(alone) > 80


def test_foot_does_not_depend_on_how_a_time_is_rounded(wave):
    """Arrivals at the start of a step, and a rounding error before and after it."""
    arrivals = 0.5 + np.array([-1e-13, 0.0, 1e-13])
    drive, dt = Drive(3, [np.arange(3)], [wave.foot()], [arrivals]), 0.05
    rates = np.array([drive.at(k * dt, dt).copy() for k in range(9, 20) if drive.at(k * dt, dt) is not None])
    charge = rates.sum(axis=0) * dt
    assert charge[0] > 1 and charge == pytest.approx(charge[0], abs=1e-6)


def _middle(wave, steps: int) -> np.ndarray:
    cable, found = Cable(wave.medium, wave.sigma, 10.0), []
    for _ in cable.march(steps * wave.medium.dt):
        found.append(cable.V[len(cable.x) // 2])
    return np.array(found)


@pytest.mark.parametrize("slower", ["4x", "9x"])
def test_no_wave_is_told(slower):
    """An inward current so weak that the cell fires and no wave propagates; and that no pulse fires it."""
    kernel = load("mitchell_schaeffer_2003", parameters={"inward.tau": slower}, comm=world())
    with pytest.raises(InputError, match="no wave propagates in a cable of mitchell_schaeffer_2003"):
        plane_wave(kernel, CAPACITY, world())
