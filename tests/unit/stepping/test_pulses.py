"""Pulses: their edges and the time they have been on agree."""

import pytest

from hpc_twin.stepping import Pulses


@pytest.mark.parametrize("pulses", [Pulses(3, 2), Pulses(3, 2, 10), Pulses(0, 1, 10, 2), Pulses(3, 10, 10)])
@pytest.mark.parametrize(("begin", "end"), [(0, 4), (4, 27), (4.5, 4.7), (13, 14), (0, 100), (50, 60)])
def test_between_holds_the_time_on(pulses, begin, end):
    on = sum(min(off, end) - max(on, begin) for on, off in pulses.between(begin, end))
    assert on == pytest.approx(pulses.time_on(end) - pulses.time_on(begin))
