import numpy as np
import pytest

from hpc_twin.tissue.measures import Activation, Repolarisation


def potential(t: float) -> np.ndarray:
    """Two cells at -80 mV that rise linearly to 20 mV from 1.23 and 2.71 ms on, in 1 ms, and fall in 100 ms from 50 ms.

    Between them one that never moves.
    """
    start = np.array((1.23, np.inf, 2.71))
    return np.interp(t - start, (0, 1, 50, 150), (-80, 20, 20, -80))


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.37])
def test_activation_of_a_linear_upstroke_is_exact(dt):
    """Once the step is inside the upstroke: V = 0 is reached 0.8 ms after the start."""
    activation = Activation(potential(0.0), 0.0)
    for n in range(1, int(160 / dt)):
        activation.update(potential(n * dt), n * dt, dt)
    bound = 1e-9 if dt < 0.2 else dt  # 0.37 does not see the kink at its end
    assert activation.times == pytest.approx((2.03, np.nan, 3.51), abs=bound, nan_ok=True)


def test_first_upstroke_counts():
    activation = Activation(np.array((-80.0, 10.0)), 0.0)
    for t, V in enumerate(((20, 10), (-80, -80), (-80, -80), (20, 20)), start=1):
        activation.update(np.array(V, float), float(t), 1.0)
    assert activation.times == pytest.approx((0.8, 3.8))  # the second one began above the threshold


@pytest.mark.parametrize(("share", "duration"), [(0.9, 49 + 0.2 + 90), (0.5, 49 + 0.2 + 50)])
def test_action_potential_duration(share, duration):
    activation, repolarisation = Activation(potential(0.0), 0.0), Repolarisation(potential(0.0), share)
    dt, every = 0.05, 10
    for n in range(1, int(200 / dt)):
        activation.update(potential(n * dt), n * dt, dt)
        if n % every == 0:
            repolarisation.update(potential(n * dt), activation, n * dt, every * dt)
    assert repolarisation.times - activation.times == pytest.approx((duration, np.nan, duration), abs=1e-6, nan_ok=True)


def test_no_repolarisation_without_activation():
    """A hump that stays below the threshold."""
    activation, repolarisation = Activation(np.array((-80.0,)), 0.0), Repolarisation(np.array((-80.0,)), 0.9)
    for t, V in enumerate((-40.0, -79.0, -80.0), start=1):
        activation.update(np.array((V,)), t, 1.0)
        repolarisation.update(np.array((V,)), activation, t, 1.0)
    assert np.isnan(activation.times).all() and np.isnan(repolarisation.times).all()
