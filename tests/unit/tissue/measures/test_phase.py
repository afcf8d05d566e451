import numpy as np
import pytest

from hpc_twin.tissue.measures import Delay, phase


def test_delay_gives_what_was_pushed_lag_samples_ago():
    delay = Delay(np.array((0.0, 100.0)), 3)
    for n in range(1, 9):
        delay.push(np.array((n, 100.0 + n)))
        assert delay.earlier.tolist() == [max(n - 3, 0), 100 + max(n - 3, 0)]


def test_phase_grows_through_a_beat():
    """-135 degrees at rest, through -45 in the upstroke and 45 in the plateau to 135, where it wraps."""
    times = np.arange(0.0, 400.0)
    V = np.interp(times, (50, 52, 150, 300), (-85, 30, 10, -85))
    found = phase(V[10:], V[:-10].astype(np.float32), -40.0, np.empty(390))
    assert found[0] == pytest.approx(-0.75 * np.pi) and found[-1] == pytest.approx(-0.75 * np.pi)
    inside = np.unwrap(found)
    assert np.diff(inside).min() > -0.05 and inside[-1] - inside[0] == pytest.approx(2 * np.pi)
    assert found[45] == pytest.approx(np.arctan2(-45, 70), abs=0.05)  # at 55 ms: 30 mV now, -85 mV 10 ms before
