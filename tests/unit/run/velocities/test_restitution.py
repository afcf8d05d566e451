"""Restitution protocols on Mitchell-Schaeffer's two currents, where the curve is known in closed form."""

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.parallel import RunError, alone
from hpc_twin.run.velocities import Beat, Cable, ClampedCell, Medium, dynamic, plane_wave_velocity, s1s2, steepest


@pytest.fixture(scope="module")
def medium():
    return Medium(load("mitchell_schaeffer_2003", comm=alone()), 0.5, 0.1)


def test_restitution_of_mitchell_and_schaeffer(medium):
    """APD = tau_close ln(h(DI) / h_min), h = 1 - (1 - h_min) exp(-DI / tau_open), h_min = 4 tau_in / tau_out: (2) of
    Mitchell & Schaeffer 2003, whose intervals begin at the gate's threshold: differences of late APD hold."""
    beats = s1s2(ClampedCell(medium), 1000.0, 3)
    DI = np.array([beat.DI for beat in beats])
    h_min, tau_open, tau_close = 4 * 0.3 / 6.0, 120.0, 150.0
    expected = tau_close * np.log((1 - (1 - h_min) * np.exp(-DI / tau_open)) / h_min)
    found = np.array([beat.APD for beat in beats])
    late = DI > 120
    assert late.sum() == 7 and np.ptp(found[late]) > 40
    assert np.abs((found - found[0]) - (expected - expected[0]))[late].max() < 0.15 * np.ptp(found[late])
    assert found[0] == pytest.approx(expected[0], rel=0.2)


def test_velocity_falls_with_the_interval(medium):
    beats = s1s2(Cable(medium, 0.1334, 20.0), 800.0, 2, couplings=[700.0, 500.0, 400.0, 350.0])
    speeds = [beat.velocity for beat in beats]
    assert [beat.interval for beat in beats] == pytest.approx([700.0, 500.0, 400.0, 350.0])
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[0] == pytest.approx(plane_wave_velocity(medium, 0.1334), rel=0.02)
    assert speeds[-1] < 0.97 * speeds[0]


def test_a_pulse_in_the_refractory_period_ends_the_list(medium):
    for tissue in (ClampedCell(medium), Cable(medium, 0.1334, 20.0)):
        beats = s1s2(tissue, 800.0, 2, couplings=[500.0, 150.0])
        assert [beat.interval for beat in beats] == [500.0]


def test_each_s2_begins_where_s1_left_the_tissue(medium):
    """The order of the early pulses does not matter, nor do the others."""
    alone_ = s1s2(ClampedCell(medium), 800.0, 2, couplings=[400.0])
    among = s1s2(ClampedCell(medium), 800.0, 2, couplings=[600.0, 500.0, 400.0])
    assert alone_[0] == among[-1]


def test_both_protocols_agree_without_memory(medium):
    """Mitchell-Schaeffer has one slow gate: APD depends on DI and on hardly anything else."""
    steady = dynamic(ClampedCell(medium), [900.0, 700.0, 500.0, 420.0], 4)
    early = s1s2(ClampedCell(medium), 1000.0, 3)
    assert len(steady) == 8
    DI, APD = np.array(sorted((beat.DI, beat.APD) for beat in early)).T
    for beat in steady:
        assert beat.DI + beat.APD == pytest.approx(beat.interval, abs=10)
        assert beat.APD == pytest.approx(np.interp(beat.DI, DI, APD), abs=3)


def test_the_dynamic_protocol_ends_where_beats_are_lost(medium):
    beats = dynamic(ClampedCell(medium), [500.0, 200.0, 400.0], 4)
    assert {beat.interval for beat in beats} == {500.0}


def test_s1_that_is_not_followed_is_refused(medium):
    with pytest.raises(RunError, match="S1 each 150 ms is not followed"):
        s1s2(ClampedCell(medium), 150.0, 4)


def test_steepest():
    curve = [Beat(0, DI, APD, np.nan) for DI, APD in ((10, 100), (20, 120), (21, 140), (40, 130))]
    assert steepest(curve) == 2.0
    assert np.isnan(steepest(curve[:1]))


def test_a_cell_alone_is_the_kernel(medium):
    tissue, kernel = ClampedCell(medium), medium.kernel
    tissue.fire([5.0])
    for _ in tissue.march(40.0):
        pass
    V, states = np.full(1, kernel.v_initial), kernel.new_states(1)
    for n in range(400):
        on = 1.0 if 50 <= n < 70 else 0.0
        kernel.advance(V, states, np.full(1, on * tissue.strength), 0.1 * n, 0.1)
    assert tissue.V[0] == pytest.approx(V[0], abs=1e-9)
