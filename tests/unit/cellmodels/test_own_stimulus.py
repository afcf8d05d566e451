"""The stimulus current: exactly ``stimulus`` mV/ms whatever its unit, its ions with it, the file's own pulses."""

import numpy as np
import pytest

from hpc_twin.cellmodels.reading.reader import read

MODEL = """[[model]]
m.V = -80
m.K = 140
[m]
t = 0 {t} bind time
    in {t}
pace = 0 bind pace
{stimulus}
i_tot = V * 0.5 + i_stim
i_K = 0.1 * V + i_stim
dot(V) = -(i_tot + 0 * i_K) / C
    in [mV]
C = 0.05
dot(K) = -3 * i_K
{protocol}"""


@pytest.fixture
def model(tmp_path):
    """The model with this stimulus current (and protocol)."""

    def write(stimulus, protocol="", t="[ms]", name="i_stim"):
        path = tmp_path / "m.mmt"
        path.write_text(MODEL.replace("i_stim", name).format(stimulus=stimulus, protocol=protocol, t=t))
        return read(path)

    return write


def _own(found):
    own = found.own_stimulus
    return None if own is None else (own.amplitude, own.start, own.duration, own.period)


@pytest.mark.parametrize("name", ["i_stim", "i_st", "I_app"])
def test_through_sums_of_currents_and_with_its_ions(model, name):
    found = model(f"{name} = 0", name=name)
    rest, fed = (found.rhs(-80.0, [140.0], stimulus=s) for s in (0.0, 4.0))
    assert fed[0] - rest[0] == pytest.approx(4.0)
    assert fed[1][0] - rest[1][0] == pytest.approx(-3 * 4.0 * -0.05)  # i = stimulus / c, c = -1/C
    assert found.labels["stimulus_current"] == f"m.{name}"


def test_pulses_by_the_protocol(model):
    protocol = "[[protocol]]\n# Level Start Length Period Multiplier\n2.0 5 0.5 300 0\n"
    assert _own(model("i_stim = -1.5 * pace", protocol)) == pytest.approx((60.0, 5, 0.5, 300))
    assert _own(model("i_stim = -1.5 * pace", protocol, "[s]")) == pytest.approx((0.06, 5000, 500, 300_000))
    assert _own(model("i_stim = -1.5 * pace")) is _own(model("i_stim = 0 * pace", protocol)) is None


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("t >= 100 and t < 102", (20.0, 100, 2, None)),
        ("t - floor(t / 350) * 350 < 1.25", (20.0, 0, 1.25, 350)),
        ("t >= 50 and (t - 50) % 800 <= 0.53", (20.0, 50, 0.53, 800)),
        ("t > 1e6", None),
    ],
)
def test_pulses_by_time(model, on, expected):
    found = _own(model(f"i_stim = if({on}, -1, 0)"))
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-5))


@pytest.mark.parametrize(
    ("current", "alike"),
    [
        ("if(t % 300 < 2, -1, 0)", True),
        ("if(t % 300 < 2 and t < 5000, -1, 0)", True),  # the file stops, the pacing of the run goes on
        ("piecewise(t < 100, 0, t < 102, -1, t < 300, 0, t < 302, -2, 0)", False),
        ("piecewise(t < 100, 0, t < 102, -1, t < 300, 0, t < 302, -1, t < 350, 0, t < 352, -1, 0)", False),
        ("piecewise(t < 10, 0, t < 12, -1, t < 14, 1, 0)", False),
    ],
)
def test_pulses_that_are_not_all_alike_are_said(model, current, alike):
    notes = model(f"i_stim = {current}").notes
    assert any("not all alike" in note for note in notes) != alike


def test_time_in_seconds_and_a_constant_current_beside_the_pulses(model):
    found = model("i_stim = if(t >= 0.1 and t < 0.102, -31, -1)", t="[s]")
    assert _own(found) == pytest.approx((30 / 0.05 / 1000, 100, 2, None))
    assert found.rhs(0.0, [140.0])[0] == pytest.approx(1 / 0.05 / 1000)
    assert found.rhs(0.0, [140.0], stimulus=7.0)[0] == pytest.approx(7 + 1 / 0.05 / 1000)
    assert any("kept beside" in note for note in found.notes)


def test_the_pulse_of_the_file_is_not_in_the_equations(model):
    found = model("i_stim = if(t >= 100 and t < 102, -1, 0)")
    assert found.rhs(0.0, [140.0], 101.0)[0] == found.rhs(0.0, [140.0], 0.0)[0] == 0


@pytest.mark.parametrize("stimulus", ["i_stim = exp(V)", "x = 0 label stimulus_current\ni_stim = x^2"])
def test_what_is_no_linear_current_of_time_stays_and_the_stimulus_is_added(model, stimulus):
    found = model(stimulus)
    rest, fed = (found.rhs(0.1, [140.0], stimulus=s)[0] for s in (0.0, 4.0))
    assert fed - rest == pytest.approx(4.0)
    assert "stimulus_current" not in found.labels
    assert any("added to dV/dt" in note for note in found.notes)


def test_a_current_without_a_name_is_found_by_its_place(model):
    found = model("i_stim = i_x\ni_x = if(t % 500 < 2, -1, 0)")
    assert found.labels["stimulus_current"] == "m.i_x" or found.labels["stimulus_current"] == "m.i_stim"
    assert _own(found) == pytest.approx((20.0, 0, 2, 500), abs=1e-5)
    assert np.isclose(found.rhs(0.0, [140.0], stimulus=2.0)[0], 2.0)
