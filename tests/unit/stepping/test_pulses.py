"""Pulses: their edges and the time they have been on agree, and no step loses charge."""

import numpy as np
import pytest

from hpc_twin.stepping import Pulses

ALL = [
    Pulses(3, 2),
    Pulses(3, 2, 10),
    Pulses(0, 1, 10, 2),
    Pulses(3, 10, 10),
    Pulses.at((4.0, 9.5, 30.25), 2.0),
    Pulses.coupled(3, 2, 10, 3, (7.0, 5.5)),
    Pulses.coupled(3, 2, None, 1, (7.0,)),
]


@pytest.mark.parametrize("pulses", ALL)
@pytest.mark.parametrize(("begin", "end"), [(0, 4), (4, 27), (4.5, 4.7), (13, 14), (0, 100), (50, 60)])
def test_between_holds_the_time_on(pulses, begin, end):
    on = sum(min(off, end) - max(on, begin) for on, off in pulses.between(begin, end))
    assert on == pytest.approx(pulses.time_on(end) - pulses.time_on(begin))


@pytest.mark.parametrize("pulses", ALL)
@pytest.mark.parametrize("dt", [0.01, 0.3, 1.7, 40.0])
def test_no_step_loses_charge(pulses, dt):
    steps = int(np.ceil(80 / dt))
    charge = sum(dt * pulses.share(n * dt, dt) for n in range(steps))
    assert charge == pytest.approx(sum(min(off, steps * dt) - on for on, off in pulses.between(0, steps * dt)))


def test_extra_stimuli_follow_each_other():
    pulses = Pulses.coupled(5.0, 2.0, 400.0, 8, (320.0, 280.0))
    begins = [on for on, _ in pulses.between(0.0, 1e5)]
    assert begins == [*(5.0 + 400.0 * np.arange(8)), 2805.0 + 320.0, 2805.0 + 320.0 + 280.0]
