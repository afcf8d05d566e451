"""Measures on electrocardiograms made of waves whose intervals are known."""

import numpy as np
import pytest

from hpc_twin.tissue.ecg.measures import beats, summary, waves

ONSET, QRS_END, T_PEAK, T_END = 40.0, 130.0, 330.0, 400.0
BUMPS = {"Q": (55.0, -0.15, 8.0), "R": (80.0, 1.2, 12.0), "S": (108.0, -0.4, 12.0)}


def bump(t, centre, height, half):
    """A smooth bump that is exactly 0 outside centre +- 2 half."""
    x = np.clip((t - centre) / (2 * half), -1, 1)
    return height * np.cos(np.pi * x / 2) ** 4


def t_wave(t, height):
    """A triangle with rounded top, whose way back is straight over the most of it: its tangent ends at T_END."""
    up = np.clip((t - 230.0) / (T_PEAK - 230.0), 0, 1)
    down = np.clip((T_END - t) / (T_END - T_PEAK), 0, 1)
    return height * np.minimum(np.sin(np.pi * up / 2) ** 2, down)


def beat(t, height=0.3, scale=1.0):
    return scale * (sum(bump(t, *each) for each in BUMPS.values()) + t_wave(t, height))


T = np.arange(0.0, 600.0, 1.0)


def test_one_beat():
    lead = beat(T)
    (found,) = beats(T, lead[:, None])
    assert found.onset == pytest.approx(ONSET, abs=3) and found.offset == pytest.approx(QRS_END, abs=4)
    assert np.isnan(found.rr)
    (seen,) = waves(T, lead[:, None], found)
    assert found.onset + seen.qt == pytest.approx(T_END, abs=1.5)
    assert seen.t_peak == pytest.approx(T_PEAK, abs=2) and seen.t_amplitude == pytest.approx(0.3, rel=0.02)
    assert seen.qrs_range == pytest.approx(np.ptp(lead[30:140]), rel=0.01)


@pytest.mark.parametrize("height", [0.4, 0.05, -0.1, -0.6])
def test_polarity_and_size_of_t_do_not_matter(height):
    seen = summary(T, beat(T, height)[:, None], ["II"])
    assert seen["QT_II"] == pytest.approx(T_END - ONSET, abs=4)
    assert seen["T_II"] == pytest.approx(height, rel=0.03)


@pytest.mark.parametrize("scale", [1e-3, -1.0, 50.0])
def test_scale_does_not_matter(scale):
    one, other = (summary(T, beat(T, scale=s)[:, None], ["II"]) for s in (1.0, scale))
    assert one["QRS"] == other["QRS"] and one["QT"] == pytest.approx(other["QT"])
    assert other["T_II"] == pytest.approx(scale * one["T_II"])


def test_a_constant_offset_does_not_matter():
    assert summary(T, beat(T)[:, None] + 3.0, ["II"]) == pytest.approx(summary(T, beat(T)[:, None], ["II"]))


@pytest.mark.parametrize("step", [0.25, 1.0, 2.0])
def test_sampling(step):
    t = np.arange(0.0, 600.0, step)
    seen = summary(t, beat(t)[:, None], ["II"])
    assert seen["QT"] == pytest.approx(T_END - ONSET, abs=4) and seen["QRS"] == pytest.approx(QRS_END - ONSET, abs=6)


def test_several_beats():
    t = np.arange(0.0, 2600.0, 1.0)
    lead = sum(beat(t - start) for start in (0.0, 800.0, 1650.0))
    seen = summary(t, np.column_stack((lead, -0.5 * lead)), ["II", "aVR"])
    assert seen["beats"] == 3 and seen["RR"] == pytest.approx(825.0, abs=1)
    assert [b.rr for b in beats(t, lead[:, None])][:2] == pytest.approx([800.0, 850.0])
    assert seen["QT_II"] == pytest.approx(T_END - ONSET, abs=4) and seen["T_aVR"] == pytest.approx(-0.15, rel=0.03)


@pytest.mark.parametrize("height", [2.2, -3.0])
def test_a_steep_t_wave_is_no_beat(height):
    """As an electrode near the heart sees it: a third of the steepness of QRS and more."""
    t = np.arange(0.0, 1500.0, 1.0)
    lead = beat(t, height) + beat(t - 800.0, height)
    steep = np.abs(np.diff(lead))
    assert steep[200:500].max() > 0.3 * steep[:200].max()
    seen = summary(t, lead[:, None], ["V3"])
    assert seen["beats"] == 2 and seen["RR"] == pytest.approx(800.0, abs=1)
    assert seen["T_V3"] == pytest.approx(height, rel=0.03) and seen["QT_V3"] == pytest.approx(T_END - ONSET, abs=4)


def test_an_early_beat_is_a_beat():
    """300 ms after the one before, as the next one of a tachycardia or an extrasystole, also where it is smaller."""
    t = np.arange(0.0, 900.0, 1.0)
    seen = summary(t, (beat(t, 0.0) + beat(t - 300.0, 0.0, 0.7))[:, None], ["II"])
    assert seen["beats"] == 2 and seen["RR"] == pytest.approx(300.0, abs=2)


def test_qrs_spans_all_leads():
    late = np.roll(beat(T, 0.0), 25)
    both = np.column_stack((beat(T), late))
    assert summary(T, both, ["a", "b"])["QRS"] == pytest.approx(QRS_END - ONSET + 25, abs=6)


def test_a_plateau_within_qrs_does_not_end_it():
    """A plane wave through a slab: steep where it begins and where it ends, 60 ms later."""
    lead = np.clip((T - 20) / 3, 0, 1) - np.clip((T - 80) / 3, 0, 1)
    assert summary(T, lead[:, None], ["I"])["QRS"] == pytest.approx(63, abs=3)


def test_an_end_before_t_gives_no_qt():
    short = T < 200
    seen = summary(T[short], beat(T)[short, None], ["II"])
    assert "QRS" in seen and "QT" not in seen and "T_II" not in seen


def test_an_end_within_qrs_gives_no_qrs():
    short = T < 75
    assert summary(T[short], beat(T)[short, None], ["II"]) == {"beats": 1.0}
    twice = np.arange(0.0, 875.0, 1.0)
    seen = summary(twice, (beat(twice) + beat(twice - 800))[:, None], ["II"])
    assert seen["beats"] == 2 and seen["QRS"] == pytest.approx(QRS_END - ONSET, abs=6)
    assert seen["QT"] == pytest.approx(T_END - ONSET, abs=4)


def test_an_end_within_t_gives_no_qt():
    short = T < T_PEAK - 10
    assert "QT" not in summary(T[short], beat(T)[short, None], ["II"])


def test_no_t_wave():
    seen = summary(T, beat(T, 0.0)[:, None], ["II"])
    assert "QT" not in seen and seen["QRS"] == pytest.approx(QRS_END - ONSET, abs=4)


@pytest.mark.parametrize("lead", [np.zeros(600), np.full(600, 0.2)])
def test_nothing_moves(lead):
    assert summary(T, lead[:, None], ["II"]) == {"beats": 0.0}


def test_a_single_row():
    assert beats(np.array([0.0]), np.array([[1.0]])) == []


def test_a_catheter_does_not_change_what_the_leads_show():
    """Its electrogram is large and passes late; alone it would be all that is seen."""
    catheter = bump(T, 300.0, 40.0, 5.0)
    alone = summary(T, beat(T)[:, None], ["II"])
    both = summary(T, np.column_stack((beat(T), catheter)), ["II", "catheter"])
    assert {name: both[name] for name in alone} == alone and both["QRS"] == pytest.approx(QRS_END - ONSET, abs=6)
    assert summary(T, catheter[:, None], ["catheter"])["QRS"] < 20
