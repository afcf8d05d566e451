"""Plane waves and tuned conductivities. Converged velocities are in tests/verify/test_cable_cv.py."""

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.parallel import RunError, alone
from hpc_twin.run.velocities import Cable, Medium, plane_wave_velocity
from hpc_twin.run.velocities.velocity import tuned
from hpc_twin.tissue.monodomain import Discretisation


def medium(h=0.2, dt=0.05, model="mitchell_schaeffer_2003", **others) -> Medium:
    return Medium(load(model, comm=alone()), h, dt, **others)


@pytest.mark.parametrize("splitting", ["godunov", "strang"])
def test_velocity_scales_with_length(splitting):
    """x -> 2 x leaves the equation alone when sigma -> 4 sigma, on the grid as well."""
    v = plane_wave_velocity(medium(0.2, splitting=splitting), 0.1)
    assert 0.1 < v < 2
    assert plane_wave_velocity(medium(0.4, splitting=splitting), 0.4) == pytest.approx(2 * v, rel=1e-4)


def test_velocity_depends_on_sigma_and_capacity_by_their_ratio():
    v = plane_wave_velocity(medium(capacity=1.4), 0.14)
    assert plane_wave_velocity(medium(capacity=2.8), 0.28) == pytest.approx(v, rel=1e-4)


def test_the_numerics_of_the_medium_are_used():
    speeds = {
        name: plane_wave_velocity(medium(0.4, model="tentusscher_2006_epi", **change), 0.1334)
        for name, change in {
            "half": {},
            "lumped": {"how": Discretisation(lumping=1.0)},
            "consistent": {"how": Discretisation(lumping=0.0)},
            "coarse dt": {"dt": 0.1},
        }.items()
    }
    assert speeds["lumped"] < 0.98 * speeds["half"] < speeds["half"] < 0.98 * speeds["consistent"]
    assert abs(speeds["coarse dt"] / speeds["half"] - 1) > 0.01


def test_a_longer_cable_tells_the_same():
    v = plane_wave_velocity(medium(), 0.1)
    assert plane_wave_velocity(medium(), 0.1, 30.0) == pytest.approx(v, rel=1e-3)


@pytest.mark.parametrize("wanted", [0.7, 0.25])
def test_tuned_conductivity_gives_the_velocity(wanted):
    trials = []
    coarse = medium(0.4, model="tentusscher_2006_epi")
    sigma = tuned(coarse, wanted, 0.13, tell=lambda *trial: trials.append(trial))
    assert plane_wave_velocity(coarse, sigma) == pytest.approx(wanted, rel=1e-3)
    assert len(trials) <= 6
    fine = plane_wave_velocity(medium(0.1, model="tentusscher_2006_epi"), sigma)
    assert fine > 1.02 * wanted, "on a fine mesh the wave is faster: what is tuned is the mesh's own velocity"


def test_no_wave_is_as_slow_as_that():
    with pytest.raises(RunError, match="give a finer --h"):
        tuned(medium(1.0, model="tentusscher_2006_epi"), 0.02, 0.1)
    assert np.isnan(plane_wave_velocity(medium(1.0, model="tentusscher_2006_epi"), 1e-4))


def test_the_cable_begins_at_rest():
    cable = Cable(medium(), 0.1, 10.0)
    assert (cable.V == cable.rest).all() and cable.x.min() == 0 and cable.x.max() == pytest.approx(10.0)
    assert cable.rest < cable.level < cable.rest + 100
