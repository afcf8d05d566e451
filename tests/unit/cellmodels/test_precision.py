"""Occupancies kept as floats: what is a float, how cells lie in memory, and what it costs in accuracy."""

from dataclasses import replace

import numpy as np
import pytest

from hpc_twin.case import CellCase, CellModelCase
from hpc_twin.cellmodels import load
from hpc_twin.parallel import InputError, world
from hpc_twin.run.cells import load_kernels
from hpc_twin.singlecell.pacing import Cells, pace
from hpc_twin.singlecell.protocol import paced
from hpc_twin.tissue.cells import Population

MODEL = "tentusscher_2006_epi"


@pytest.fixture(scope="module")
def kernels():
    """Double and mixed."""
    return load(MODEL), load(MODEL, precision="mixed")


def test_occupancies_are_floats_and_concentrations_are_not():
    kernel = load("ohara_rudy_2011_endo", precision="mixed")
    floats = {kernel.state_names[k] for k in kernel.storage.floats}
    assert {"ina.m", "ical.d"} <= floats
    assert not {n for n in floats if n.split(".")[0] in ("sodium", "potassium", "calcium")}
    assert kernel.storage.n_rows == kernel.n_states - len(floats) // 2
    assert not load(MODEL, scheme="forward_euler", precision="mixed").storage.floats


def test_a_wrong_precision_is_refused():
    with pytest.raises(InputError, match=r"unknown precision 'mixde'.*'mixed'"):
        load(MODEL, precision="mixde")


@pytest.mark.parametrize("n", [0, 1, 7, 512, 1003])
def test_a_column_is_a_cell(kernels, n):
    """States come back as they went in, and cells that are cut out go the same way as among the others."""
    _, mixed = kernels
    V, states = np.linspace(-90.0, 20.0, n), mixed.new_states(n)
    np.testing.assert_allclose(mixed.values(states), np.repeat(mixed.initial[:, None], n, axis=1), rtol=6e-8)
    part = slice(n // 3, n // 2)
    V_part, states_part = V[part].copy(), states[:, part].copy()
    mixed.advance(V, states, None, 0.0, 0.1, substeps=5)
    mixed.advance(V_part, states_part, None, 0.0, 0.1, substeps=5)
    np.testing.assert_allclose(V[part], V_part, rtol=1e-14)
    np.testing.assert_allclose(mixed.values(states)[:, part], mixed.values(states_part), rtol=1e-7)


def test_a_step_rounds_floats_only(kernels):
    """From the same start a call gives the doubles of double precision, and its occupancies rounded once."""
    double, mixed = kernels
    double = replace(double, initial=mixed.values(mixed.new_states(1))[:, 0])
    V, ours = np.linspace(-90.0, 20.0, 300), mixed.new_states(300)
    V2, expected = V.copy(), double.new_states(300)
    mixed.advance(V, ours, None, 0.0, 0.1, substeps=5)
    double.advance(V2, expected, None, 0.0, 0.1, substeps=5)
    np.testing.assert_allclose(V, V2, rtol=1e-13)
    for k, row in enumerate(mixed.views(ours)):
        tolerance = 6e-8 if k in mixed.storage.floats else 1e-12
        np.testing.assert_allclose(row, expected[k], rtol=tolerance, err_msg=mixed.state_names[k])


def test_nan_stays_in_its_cell(kernels):
    _, mixed = kernels
    V, states = np.full(40, -80.0), mixed.new_states(40)
    mixed.views(states)[mixed.state_names.index("ical.d")][7] = np.nan
    mixed.advance(V, states, None, 0.0, 0.02)
    assert set(np.flatnonzero(np.isnan(V))) == {7} and np.isfinite(mixed.values(states)[:, :7]).all()


def test_a_beat_is_that_of_double_precision(kernels):
    """Duration to a step, calcium to ten times the error that docs/performance.md gives after 110 beats."""
    beats = []
    for kernel in kernels:
        found = pace(Cells(kernel, protocol=paced(400.0, 52.0, 1.0, 10.0), dt=0.02), 3, record=1).traces
        calcium = found.states[:, kernel.state_names.index("calcium.cai"), 0].max()
        beats.append((np.count_nonzero(found.V[:, 0] > -76.0) * 0.02, calcium))
    assert beats[0][0] > 200
    assert abs(beats[1][0] - beats[0][0]) <= 0.021
    assert beats[1][1] == pytest.approx(beats[0][1], rel=6e-4) and beats[1][1] != beats[0][1]


def test_a_case_asks_for_it(tmp_path):
    layers = {"endo": CellModelCase(model="tentusscher_2006_endo")}
    found = load_kernels(CellCase(model=MODEL, precision="mixed", layers=layers), tmp_path, world())
    assert [len(kernel.storage.floats) for kernel in found] == [13, 13]


def test_populations_name_their_states(kernels):
    _, mixed = kernels
    population, into = Population.at(mixed, np.array([0, 2]), 3), np.zeros(3)
    population.read("ical.f", into)
    value = mixed.initial[mixed.state_names.index("ical.f")]
    np.testing.assert_allclose(into, [value, 0.0, value], rtol=6e-8)
