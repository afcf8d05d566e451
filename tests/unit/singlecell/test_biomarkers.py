"""Biomarkers of curves that are known."""

import numpy as np
import pytest

from hpc_twin.singlecell.biomarkers import biomarkers, cycle_of


def test_a_trapezium():
    """-80 mV, up at 100 mV/ms from 10 to 11 ms, straight down from 20 mV to -80 mV in 200 ms."""
    t = np.arange(0, 300, 0.25)
    found = biomarkers(
        t, np.interp(t, [10, 11, 211], [-80, 20, -80]), np.interp(t, [10, 10.25, 110.25], [1e-4, 1e-3, 1e-4])
    )
    assert (found.rest, found.peak, found.amplitude) == (-80, 20, 100)
    assert found.upstroke == pytest.approx(100)
    start = 10.125  # the middle of the first of four equally steep rows
    assert [found.APD30, found.APD50, found.APD90] == pytest.approx([71 - start, 111 - start, 191 - start])
    assert (found.calcium_diastolic, found.calcium_systolic) == (1e-4, 1e-3)
    assert [found.CaTD50, found.CaTD90] == pytest.approx([60.25 - start, 100.25 - start])


def test_what_is_not_there_is_not_a_number():
    found = biomarkers(np.arange(5.0), np.array([-80, 20, 10, 5, 0.0])).values()
    assert "APD90" not in found and "calcium_systolic" not in found and found["peak"] == 20


def test_cycle():
    t = np.arange(0, 2500, 0.5)
    rows, length = cycle_of(t, -40 + 30 * np.sin(2 * np.pi * t / 623.0))
    assert length == pytest.approx(623, abs=1e-3)
    assert t[rows][-1] - t[rows][0] == pytest.approx(623, abs=1)
    assert cycle_of(t, np.full(len(t), -80.0)) is None
    assert cycle_of(t[:1000], np.sin(2 * np.pi * t[:1000] / 623)) is None
