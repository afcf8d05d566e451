"""Pacing: beats, traces, steady state, per-cell parameters, and the threshold of a cell."""

from dataclasses import replace

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.parallel import InputError, RunError
from hpc_twin.singlecell.experiment import Experiment, perform, read, reference
from hpc_twin.singlecell.pacing import Cells, pace
from hpc_twin.singlecell.protocol import own_cycle, paced, protocol_of, threshold

MODEL = "mitchell_schaeffer_2003"
TRAIN = paced(700.0, 20.0, 1.0, start=3.0)


@pytest.fixture(scope="module")
def kernel():
    return load(MODEL)


def test_the_traces_are_those_of_a_plain_march(kernel):
    """Coarse calls without recording, fine ones with it, and one step after the other: the same numbers."""
    found = pace(Cells(kernel, protocol=TRAIN, dt=0.05), 3, record=2, every=1.0)
    V, states, strength = np.full(1, kernel.v_initial), kernel.new_states(1), np.empty(1)
    march = [V[0]]
    for k in range(3 * 14000):
        strength[:] = TRAIN.strength * TRAIN.pulses.share(k * 0.05, 0.05)
        kernel.advance(V, states, strength, k * 0.05, 0.05)
        if (k + 1) % 20 == 0:
            march.append(V[0])
    assert found.traces.V[:, 0] == pytest.approx(march[700:], abs=1e-8)
    assert found.traces.t == pytest.approx(np.arange(1401.0))
    assert found.V == pytest.approx(march[-1], abs=1e-8) and found.beats == 3 and found.complete


def test_steady_ends_the_pacing(kernel):
    found = pace(Cells(kernel, protocol=TRAIN), 50, until_steady=1e-6)
    assert found.beats < 20 and (found.changes[-5:-2] < 1e-6).all()
    assert pace(Cells(kernel, protocol=TRAIN), 4, until_steady=1e-30).beats == 4


def test_a_stop_leaves_one_recorded_beat(kernel):
    found = pace(Cells(kernel, protocol=TRAIN), 50, stop=lambda: True)
    assert (found.beats, found.traces.beats, found.complete) == (2, 1, False)
    assert found.traces.V.max() > 0


def test_parameters_and_strength_of_each_cell():
    kernel = load(MODEL, varying=("gate.tau_close",))
    different = {"parameters": np.array([[150.0, 200.0, 150.0]]), "strength": np.array([20, 20, 0.0])}
    V = pace(Cells(kernel, 3, protocol=TRAIN, **different), 2, every=1.0).traces.V
    up = np.count_nonzero(V > -50, axis=0)
    assert up[1] > 1.1 * up[0] > 0 == up[2]


def test_threshold_is_where_the_cell_begins_to_fire(kernel):
    found = threshold(kernel, 0.02, 1.0)
    V = pace(Cells(kernel, 2, protocol=TRAIN, strength=found * np.array([0.98, 1.02])), 1, record=1).traces.V
    assert V[500:, 0].max() < -60 and V[:, 1].max() > 0
    assert own_cycle(kernel, 0.05) is None


def test_a_cell_that_drives_itself_is_left_alone():
    outcome = perform(Experiment("noble_1962", beats=4, scheme="auto2"))
    exact = reference(outcome)[0]
    assert outcome.protocol is None and "drives itself" in outcome.protocol_source
    assert outcome.beats[0].cycle_length == pytest.approx(exact[0].cycle_length, rel=1e-3)
    assert outcome.paced.period == pytest.approx(exact[0].cycle_length, rel=0.1)
    with pytest.raises(InputError, match="nothing paces this cell"):
        perform(Experiment("noble_1962", until_steady=1e-4))


def test_blow_up_and_a_period_that_is_no_multiple(kernel):
    with pytest.raises(RunError, match="blew up in beat 1"):
        pace(Cells(kernel, protocol=TRAIN, strength=np.array([np.inf])), 1)
    with pytest.raises(InputError, match="multiple of dt"):
        Cells(kernel, protocol=TRAIN, dt=0.3)


def test_pacing_agrees_with_cvode():
    outcome = perform(Experiment(MODEL, beats=3, period=700.0, parameters={"inward.tau": "0.9x"}))
    exact, traces = reference(outcome)
    assert len(exact) == len(outcome.beats) == 2
    for name in ("rest", "peak", "upstroke", "APD50", "APD90"):
        assert getattr(outcome.beats[1], name) == pytest.approx(getattr(exact[1], name), rel=2e-3)
    upstroke = np.argmax(np.diff(traces.V[:, 0]))
    assert abs(outcome.paced.traces.V - traces.V)[upstroke + 500 :].max() < 0.5


def test_initial_state_is_that_of_the_file():
    first = perform(Experiment(MODEL, beats=3))
    states = dict(zip(first.kernel.state_names, first.paced.states[:, 0], strict=True))
    again = perform(Experiment(MODEL, beats=1, initial=(first.paced.V[0], states)))
    assert again.paced.traces.V[0, 0] == first.paced.V[0]
    with pytest.raises(InputError, match=r"without gate\.h; unknown gate\.g"):
        perform(Experiment(MODEL, initial=(0.0, {"gate.g": 1.0})))


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"period": 1000.0, "duration": 2000.0}, "longer than the beat of 1000 ms"),
        ({"period": 1e12}, "10000000 steps"),
        ({"dt": 1e-12}, "10000000 steps"),
        ({"until_steady": float("nan")}, "greater than 0"),
    ],
)
def test_wishes_that_cannot_be(wish, word):
    with pytest.raises(InputError, match=word):
        perform(Experiment(MODEL, **wish))


def test_a_pulse_that_does_not_fit_at_its_time_comes_at_once(kernel):
    """The file's pulse begins at 10 ms: in a beat of 10.5 ms it would be cut."""
    equations = read(Experiment(MODEL))
    own = replace(equations.own_stimulus, start=10.0, duration=1.0)
    for period, start in ((20.0, 10.0), (10.5, 0.0)):
        protocol, _, beat = protocol_of(replace(equations, own_stimulus=own), kernel, 0.5, period)
        assert (protocol.pulses.start, protocol.pulses.duration, beat) == (start, 1.0, period)
    long = replace(own, duration=1500.0, period=None)
    assert protocol_of(replace(equations, own_stimulus=long), kernel, 0.5)[2] == 2000.0
