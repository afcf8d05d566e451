"""Files of others through the door: labels, right-hand sides against Myokit's own, runs against CVODE.

``HPC_TWIN_CORPUS=all pytest tests/verify/test_import_corpus.py`` compiles and runs every file (a few without it).
"""

import os
from functools import cache
from itertools import chain
from pathlib import Path

import myokit
import myokit.formats
import numpy as np
import pytest
from import_corpus import CORPUS, path_of

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.expressions.ir import depends
from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.singlecell.cvode import solve

MILLISECONDS = {"ms": 1.0, "s": 1e3, "min": 6e4, "": 1.0}
FEW = ("hh_1952.cellml", "hodgkin-1952.mmt", "lotka-volterra.mmt", "noble_1962.cellml")
RUN = tuple(CORPUS) if os.environ.get("HPC_TWIN_CORPUS") == "all" else FEW
read = cache(read)
# Where dV/dt > 150 mV/ms a state of Faber & Rudy 2000 rises at 100/ms: that takes a fraction of a step, and decides how
# much calcium is released. At dt = 0.0005 ms the notch after the upstroke is right to 1 mV, at 0.005 ms to 11 mV.
ALLOWED = {"faber_rudy_2000.cellml": 0.12}


@pytest.fixture
def path(request):
    """The path of a file of the corpus; the test is skipped where it is not there."""
    found = path_of(request.param)
    if not found.is_file():
        pytest.skip("the reference files (../shared/reference) are not here")
    return found


files = pytest.mark.parametrize("path", CORPUS, indirect=True)


@files
def test_labels_units_and_the_own_stimulus(path):
    expected, found = CORPUS[path.name], read(path)
    assert found.v == expected.v == found.labels.get("membrane_potential")
    assert found.labels.get("stimulus_current") == expected.stimulus
    assert found.labels.get("intracellular_calcium") == expected.calcium
    assert "time" in found.labels
    assert any("converted to ms" in note for note in found.notes) == (expected.time == "s")
    own = found.own_stimulus
    if expected.pulse is None:
        assert own is None
    else:
        pulse = (own.amplitude, own.start, own.duration, own.period or 0.0)
        np.testing.assert_allclose(pulse, [x or 0.0 for x in expected.pulse], rtol=1e-6)
    names = {"time", "stimulus", found.v, *found.states, *found.varying}
    assert set().union(*depends([*found.rates, *found.variables.values()]).values()) <= names


def _model(path, stimulus):
    if path.suffix == ".mmt":
        model = myokit.load_model(str(path))
    else:
        model = myokit.formats.importer("cellml").model(str(path))
    if stimulus is not None:
        model.get(stimulus).set_rhs(0)
    return model


def _rates_of_myokit(model, y):
    """Right-hand sides at many states, by Myokit's own numpy code; ``y`` (n_states, n) in its order."""
    writer = myokit.numpy_writer()
    values = {writer.ex(myokit.Name(v)): row for v, row in zip(model.states(), y, strict=True)}
    rates = {}
    with np.errstate(all="ignore"):
        for lhs, rhs in ((e.lhs, e.rhs) for e in chain(*model.solvable_order().values())):
            value = np.asarray(eval(writer.ex(rhs), {"numpy": np}, values), dtype=float)[()]
            if lhs.is_derivative():
                rates[lhs.var()] = value
            values[writer.ex(lhs)] = value
    return np.array([np.broadcast_to(rates[state], y.shape[1:]) for state in model.states()])


@files
def test_right_hand_side_is_that_of_myokit(path):
    """At 200 states: V from -95 to 60 mV, what starts between 0 and 1 in there, all else within a factor of two."""
    expected, ours, random = CORPUS[path.name], read(path), np.random.default_rng(3)
    model = _model(path, expected.stimulus)
    n, names = 200, [v.qname() for v in model.states()]
    start = np.array(model.initial_values(as_floats=True))[:, None]
    fraction = (start >= 0) & (start <= 1)
    y = np.where(fraction, random.uniform(0, 1, (len(start), n)), start * random.uniform(0.5, 2, (len(start), n)))
    if ours.v is not None:
        y[names.index(ours.v)] = random.uniform(-95, 60, n)
    theirs = dict(zip(names, _rates_of_myokit(model, y) / MILLISECONDS[expected.time], strict=True))
    row = dict(zip(names, y, strict=True))
    v_rate, rates = ours.rhs(row.get(ours.v), [row[s] for s in ours.states])
    found = dict(zip(ours.states, rates, strict=True)) | ({} if ours.v is None else {ours.v: v_rate})
    assert found.keys() == theirs.keys()
    for name, value in theirs.items():
        known = np.isfinite(value)  # Myokit's tanh is lost where its exponential overflows
        assert known.mean() > 0.1
        size = np.abs(value[known]).max()
        here = np.broadcast_to(found[name], n)[known]
        np.testing.assert_allclose(here, value[known], rtol=1e-9, atol=1e-12 * size, err_msg=name)


@files
def test_no_number_is_lost_on_a_grid_of_potentials(path):
    """Every half mV, whole numbers and the usual thresholds among them: 0/0 in the file is a limit here."""
    equations = read(path)
    if equations.v is None:
        return
    V = np.unique([*np.arange(-120, 80.5, 0.5), -47.13, -38.9, -26.5, -14.1, -14.2, 3.3328, 7.9, 19.9])
    v_rate, rates = equations.rhs(V, np.repeat(np.array(equations.initial)[:, None], V.size, axis=1))
    for name, value in zip((equations.v, *equations.states), (v_rate, *rates), strict=True):
        assert np.isfinite(value).all(), f"{name} at V = {V[~np.isfinite(np.broadcast_to(value, V.shape))]} mV"


@pytest.mark.parametrize("path", RUN, indirect=True)
def test_a_run_matches_cvode(path):
    """Two of the file's own beats (at most 1 s), dt = 0.005 ms: V within 2 % of its range, but where it jumps."""
    equations, kernel = read(path), load(path)
    own = equations.own_stimulus
    step = 0.5 if equations.v is not None else 0.005
    end = 1000 * step if own is None else min(2 * (own.period or 300.0) + own.start, own.start + 1000.0)
    pulses = [] if own is None else _pulses(own, end)
    times = np.arange(0.0, end, step)
    exact = solve(equations, times, stimulus=pulses, rtol=1e-7)
    V = None if equations.v is None else np.array([equations.v_initial])
    states, found = kernel.new_states(1), []
    for t in times:
        found.append(states[0, 0] if V is None else V[0])
        strength = sum(a for on, off, a in pulses if on <= t < off)
        stimulus = None if V is None else np.array([float(strength)])
        kernel.advance(V, states, stimulus, t, step, substeps=100)
    expected = exact.states[0] if V is None else exact.V
    slow = np.abs(np.gradient(expected)) < 0.02 * np.ptp(expected)
    assert slow.mean() > 0.5
    assert np.abs(np.array(found) - expected)[slow].max() < ALLOWED.get(path.name, 0.02) * np.ptp(expected)


def test_the_docs_list_every_file():
    text = (Path(__file__).resolve().parents[2] / "docs" / "import.md").read_text()
    assert not [name for name in CORPUS if f"| {name} |" not in text]


def _pulses(own, end):
    starts = np.arange(own.start, end, own.period) if own.period else [own.start]
    return [(on, on + own.duration, own.amplitude) for on in starts]
