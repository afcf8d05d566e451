"""The two flow maps of the monodomain problem. Orders and velocities are in tests/verify."""

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.fem import Subdomain
from hpc_twin.mesh.generate import sheet
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world
from hpc_twin.tissue.cells import populate
from hpc_twin.tissue.conductivity import tensors
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Pulses, Stimuli, Stimulus

CAPACITY = 1.4


@pytest.fixture(scope="module")
def kernels():
    return [load(name, comm=world()) for name in ("mitchell_schaeffer_2003", "tentusscher_2006_epi")]


def problem(kernels, which=None, stimuli=(), **how):
    part = distribute(sheet((4.0, 3.0), 0.5), world())
    which = np.zeros(part.n_owned, int) if which is None else which(part.points[: part.n_owned, 0])
    sigma = tensors(part, (0.2, 0.1), {}, part.fibres, None)
    populations = populate(kernels, which)
    return Monodomain(
        Subdomain.all_of(part), populations, sigma, Stimuli(part.n_owned, stimuli), CAPACITY, Discretisation(**how)
    )


@pytest.mark.parametrize("lumping", [0.0, 0.25, 1.0])
def test_diffusion_keeps_the_charge(kernels, lumping):
    built = problem(kernels[:1], lumping=lumping, rtol=1e-12, atol=0.0)
    built.V.owned[:] = np.where(built.part.points[:, 0] < 1, 20, -80)
    built.V.touched()
    ones, before = np.ones(built.part.n_owned), built.V.owned.copy()
    for n in range(20):
        built.diffusion(None, 0.1 * n, 0.1)
    mass = built.mass().rows
    assert ones @ mass @ built.V.owned == pytest.approx(ones @ mass @ before, rel=1e-9)
    assert np.ptp(built.V.owned) < 0.95 * np.ptp(before)


def test_constants_stay(kernels):
    built = problem(kernels[:1])
    before = built.V.owned.copy()
    built.diffusion(None, 0.0, 5.0)
    assert np.allclose(built.V.owned, before, atol=1e-9)


@pytest.mark.parametrize(("theta", "factor"), [(0.5, "crank"), (1.0, "euler")])
def test_theta_scheme(kernels, theta, factor):
    """An eigenvector of (K, M) is damped by the scheme's own factor."""
    from scipy.linalg import eigh

    built = problem(kernels[:1], theta=theta, rtol=1e-13, atol=0.0)
    values, vectors = eigh(built.stiffness.rows.toarray(), built.mass().rows.toarray())
    rate, dt = values[5], 0.7
    built.V.owned[:] = vectors[:, 5]
    built.V.touched()
    built.diffusion(None, 0.0, dt)
    damped = {"crank": (1 - rate * dt / 2) / (1 + rate * dt / 2), "euler": 1 / (1 + rate * dt)}[factor]
    assert np.allclose(built.V.owned, damped * vectors[:, 5], atol=1e-9 * abs(vectors).max())


def test_cells_of_two_models_keep_to_their_nodes(kernels):
    built = problem(kernels, which=lambda x: (x > 2).astype(int))
    right = built.part.points[:, 0] > 2
    assert np.allclose(built.V.owned[right], kernels[1].v_initial)
    assert np.allclose(built.V.owned[~right], kernels[0].v_initial)
    alone = [problem([kernel]) for kernel in kernels]
    for one in (built, *alone):
        for n in range(50):
            one.reaction(None, 0.02 * n, 0.02)
    assert np.array_equal(built.V.owned[right], alone[1].V.owned[right])
    assert np.array_equal(built.V.owned[~right], alone[0].V.owned[~right])
    name = kernels[1].state_names[0]
    values = np.empty(built.part.n_owned)
    for population in built.populations:
        population.read(name, values)
    assert np.isnan(values[~right]).all() and np.isfinite(values[right]).all()


def test_stimulus_raises_v_by_its_charge(kernels):
    """A short strong pulse: dV = rate * duration, but for the little that the cells do meanwhile."""
    stimulus = Stimulus(np.arange(5), 1000.0, Pulses(0.0, 0.01))
    built = problem(kernels[:1], stimuli=[stimulus])
    before = built.V.owned.copy()
    built.reaction(None, 0.0, 0.02)
    assert built.V.owned[:5] - before[:5] == pytest.approx(10.0, rel=0.05)
    assert np.allclose(built.V.owned[5:], before[5:], atol=0.01)
