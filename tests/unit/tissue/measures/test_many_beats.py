"""Several beats at one node: which one a map shows."""

import numpy as np
import pytest

from hpc_twin.tissue.measures import Activation, Repolarisation

DT = 0.1
STARTS = (10.0, 260.0, 480.0)
FALLS = (150.0, 140.0, 120.0)


def potential(t: float) -> np.ndarray:
    """Three beats: 1 ms from -80 to 20 mV, then a straight fall; a second cell that has only the first of them."""
    beats = [np.interp(t - start, (0, 1, 1 + fall), (0, 100, 0)) for start, fall in zip(STARTS, FALLS, strict=True)]
    return np.array((-80 + sum(beats), -80 + beats[0]))


@pytest.fixture(scope="module")
def seen():
    activation, repolarisation = Activation(potential(0.0), 0.0), Repolarisation(potential(0.0), 0.9)
    for n in range(1, 7000):
        V = potential(n * DT)
        activation.update(V, n * DT, DT)
        if n % 5 == 0:
            repolarisation.update(V, activation, n * DT, 5 * DT)
    return activation, repolarisation


def test_first_last_and_count(seen):
    activation, _ = seen
    assert activation.count.tolist() == [3, 1]
    assert activation.times == pytest.approx((10.8, 10.8)) and activation.last == pytest.approx((480.8, 10.8))


def test_cycle_lengths(seen):
    activation, _ = seen
    assert activation.cycle == pytest.approx((220.0, np.nan), nan_ok=True)
    assert activation.mean_cycle() == pytest.approx((235.0, np.nan), nan_ok=True)


def test_last_duration_and_diastolic_interval(seen):
    _, repolarisation = seen
    ends = [start + 1 + 0.9 * fall for start, fall in zip(STARTS, FALLS, strict=True)]
    assert repolarisation.times == pytest.approx((ends[0], ends[0]), abs=1e-6)
    assert repolarisation.last == pytest.approx((ends[2], ends[0]), abs=1e-6)
    assert repolarisation.duration == pytest.approx((0.2 + 108, 0.2 + 135), abs=1e-6)
    assert repolarisation.interval == pytest.approx((480.8 - ends[1], np.nan), abs=1e-6, nan_ok=True)


def see_all(values: list[float], share: float = 0.9, rest: float = -80.0):
    V = np.array((values[0],), float)
    activation, repolarisation = Activation(V, 0.0), Repolarisation(V, share, np.array((rest,)))
    for t, value in enumerate(values[1:], start=1):
        V = np.array((value,), float)
        activation.update(V, float(t), 1.0)
        repolarisation.update(V, activation, float(t), 1.0)
    return activation, repolarisation


def test_a_notch_across_the_threshold_is_no_beat():
    activation, _ = see_all([-80, 30, -10, 15, 10, -30, 5])
    assert activation.count[0] == 2  # 30 and, after -30, 5; not 15 after the notch at -10


@pytest.mark.parametrize(("threshold", "rest", "count"), [(-70.0, -84.0, 2), (-70.0, None, 1), (-90.0, -84.0, 2)])
def test_a_threshold_near_rest(threshold, rest, count):
    """20 mV below -70 mV is never reached; half-way to rest is. Rest above the threshold: every crossing counts."""
    V = np.array((threshold - 5.0,))
    activation = Activation(V, threshold, None if rest is None else np.array((rest,)))
    for t, value in enumerate((20.0, threshold - 10, 20.0), start=1):
        activation.update(np.array((value,)), float(t), 1.0)
    assert activation.count[0] == count


def test_a_beat_before_repolarisation_has_no_diastolic_interval():
    activation, repolarisation = see_all([-80, 20, -30, 20, -80])
    assert activation.count[0] == 2 and np.isnan(repolarisation.interval[0])
    assert repolarisation.duration[0] == pytest.approx(3 + 0.9 - (2 + 30 / 50))


def test_rest_is_given_where_a_run_starts_in_mid_beat():
    """Starts in the plateau; without ``rest`` the level would be 0.9 of the way to +10 mV and never be crossed."""
    activation, repolarisation = see_all([10, -40, -80, 20, -20, -80])
    assert activation.count[0] == 1 and repolarisation.duration[0] == pytest.approx(4 + 50 / 60 - 2.8)
