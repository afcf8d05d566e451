"""Leads on ECG paper: what stands where, at which scale, and that traces are drawn to it."""

import imageio.v2 as imageio
import numpy as np
import pytest

from hpc_twin.io.traces import Traces, TraceWriter
from hpc_twin.parallel import world
from hpc_twin.tissue.ecg.leads import TWELVE
from hpc_twin.view import ViewOptions
from hpc_twin.view.ecg import MARGIN, NARROW, PULSE, SPEED, choose_gain, draw_ecg, draw_paper, layout

INK = 70  # darker than any line of the grid


def traces(names, until=450.0, height=1.0):
    t = np.arange(0.0, until + 1, 1.0)
    wave = height * (np.abs(t % 800 - 100) < 20)
    return Traces(t, list(names), {"ecg": np.tile(wave[:, None], len(names))}, {}, {}, None, {"measure_QRS": 40.0})


def test_three_rows_of_four_columns():
    strips = layout(np.arange(0.0, 451.0), TWELVE)
    assert [[s.name for s in strips if s.row == row] for row in range(3)] == [
        ["I", "aVR", "V1", "V4"], ["II", "aVL", "V2", "V5"], ["III", "aVF", "V3", "V6"],
    ]  # fmt: skip
    assert {(s.begin, s.end) for s in strips} == {(0.0, 450.0)}  # all of a short record, side by side
    assert sorted({s.left for s in strips})[1] - MARGIN - PULSE >= NARROW


def test_ten_seconds_run_on_through_the_columns_above_a_rhythm_strip():
    strips = layout(np.arange(0.0, 10001.0), TWELVE)
    assert [(s.begin, s.end) for s in strips if s.row == 0] == [(k * 2500.0, (k + 1) * 2500.0) for k in range(4)]
    rhythm = strips[-1]
    assert (rhythm.name, rhythm.row, rhythm.begin, rhythm.end) == ("II", 3, 0.0, 10000.0)
    assert strips[-2].left + SPEED * 2500 == pytest.approx(rhythm.left + SPEED * 10000)


def test_four_seconds_have_a_rhythm_strip_too():
    strips = layout(np.arange(0.0, 4001.0), TWELVE)
    assert strips[-1].row == 3 and strips[-1].end == 4000 and {s.begin for s in strips} == {0.0}


@pytest.mark.parametrize(
    ("height", "gain"), [(1.0, 10), (4.0, 10), (0.7, 10), (0.02, 1000), (0.11, 200), (30.0, 0.5), (0, 10)]
)
def test_gain(height, gain):
    values = height * np.array([[0.0, 0.0], [1.0, 0.3]])
    assert choose_gain(values) == gain
    assert gain == 10 or 10 < gain * height <= 25


def dark(page):
    return (page.max(axis=2) < INK).nonzero()


def longest_line(page, mm_from_left, mm):
    """mm of the longest unbroken dark line downwards, within 0.2 mm of this place."""
    band = page[:, round((mm_from_left - 0.2) * mm) : round((mm_from_left + 0.2) * mm)].max(axis=2) < INK
    edges = np.flatnonzero(np.diff(np.concatenate(([0], band.any(axis=1).astype(int), [0]))))
    return (edges[1::2] - edges[::2]).max() / mm


def test_the_pulse_and_the_wave_have_their_sizes():
    """At 10 mm/mV a wave of 2 mV that begins after 80 ms stands 20 mm high, 2 mm to the right; the pulse is 10 mm."""
    page = draw_paper(traces(["I"], 450.0, 2.0), ["I"], 1200)
    mm = 1200 / (5 * np.ceil((2 * MARGIN + PULSE + 4 * NARROW) / 5))
    assert longest_line(page, MARGIN + 1, mm) == pytest.approx(10.3, abs=0.3)  # lines are 0.3 mm thick
    assert longest_line(page, MARGIN + PULSE + SPEED * 80.5, mm) == pytest.approx(20.3, abs=0.3)


def write(path, found):
    with TraceWriter(world(), path, found.names, {"ecg": ("mV", "ECG")}, attributes=found.attributes) as writer:
        for t, row in zip(found.times, found.values["ecg"], strict=True):
            writer.append(t, {"ecg": row})


def test_pictures_of_a_run(tmp_path):
    write(tmp_path / "ecg.nc", traces([*TWELVE, "catheter"]))
    written = draw_ecg(tmp_path / "ecg.nc", tmp_path, ViewOptions(size=(800, 600)))
    assert [path.name for path in written] == ["ecg.png", "ecg_potentials.png"]
    page = imageio.imread(written[0])
    assert page.shape[1] == 800 and len(dark(page)[0]) > 1000
    pink = np.abs(page.astype(int) - (0xE8, 0x9F, 0x98)).max(axis=2) < 25
    assert 0.005 < pink.mean() < 0.2


def test_potentials_alone_need_no_paper(tmp_path):
    write(tmp_path / "ecg.nc", traces(["V1", "catheter"]))
    written = draw_ecg(tmp_path / "ecg.nc", tmp_path, ViewOptions(size=(800, 600)))
    assert [path.name for path in written] == ["ecg_potentials.png"]


def test_without_electrodes_there_is_nothing(tmp_path):
    assert draw_ecg(tmp_path / "ecg.nc", tmp_path, ViewOptions()) == []
