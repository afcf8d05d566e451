"""A run that was stopped and gone on with leaves the results of one that never was: to the last bit on the same ranks.

Whoever adds an observer or an equation with a memory of its own finds here that it is forgotten: every measure and
every model of a case must stand in restarts.py.
"""

import sys
from pathlib import Path
from typing import get_args

import netCDF4
import numpy as np
import pytest
from restarts import MEASURES, contents, outputs, texts, write_cases
from tools import ROOT, run_on

from hpc_twin.case.measures import Measure
from hpc_twin.case.tissue import TissueCase

# of ranks: what is run, and from which step of 80 it goes on; frames are written in every eighth or tenth
WISHES = {
    1: ("1", "whole:1:0", "plain:plain:0", "cut:1-1:46"),
    2: ("2", "whole:2:0", "cut:2-2:23"),
    3: ("2", "cut:2-3:46"),
}
SAME = [("1", "plain"), ("1", "1-1"), ("2", "2-2")]
TOLERANCE = 2e-4  # of V's range and of times; solves stop at 1e-10, results are in single precision


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("restart")
    write_cases(folder)
    script = Path(__file__).parent / "restarts.py"
    for ranks, wishes in WISHES.items():
        done = run_on(
            ranks, [sys.executable, script, folder, *wishes], timeout=200, PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}"
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("goes on from") == len(texts()) * (ranks == 1 or "cut" in wishes[-1])
    return folder


def test_all_models_and_measures_are_tried():
    assert set(MEASURES) == set(get_args(Measure))
    models = {line.split('"')[1] for text in texts().values() for line in text.splitlines() if line.startswith("model")}
    assert set(get_args(TissueCase.model_fields["model"].annotation)) - {"eikonal"} - {"monodomain"} <= models


@pytest.mark.parametrize(("whole", "other"), SAME)
@pytest.mark.parametrize("name", texts())
def test_same_bits_on_the_same_ranks(folder, name, whole, other):
    files = outputs(folder / whole / name)
    assert outputs(folder / other / name) == files
    for file in files:
        assert contents(folder / other / name / file) == contents(folder / whole / name / file), file


@pytest.mark.parametrize("name", texts())
def test_same_to_the_solvers_tolerance_on_other_ranks(folder, name):
    """Three go on with what two have begun."""
    for file in outputs(folder / "2" / name):
        with netCDF4.Dataset(folder / "2" / name / file) as one, netCDF4.Dataset(folder / "2-3" / name / file) as other:
            assert list(one.variables) == list(other.variables)
            for variable in one.variables:
                a, b = one[variable][:], other[variable][:]
                assert a.shape == b.shape, variable
                if a.dtype.kind == "f":
                    near(np.ma.filled(a, np.nan), np.ma.filled(b, np.nan), f"{file}: {variable}")
                else:
                    assert np.array_equal(np.ma.getdata(a), np.ma.getdata(b)), variable


def near(a: np.ndarray, b: np.ndarray, words: str) -> None:
    assert np.array_equal(np.isnan(a), np.isnan(b)), words
    scale = max(np.nanmax(np.abs(a), initial=0), 1e-3)
    assert np.nanmax(np.abs(a - b), initial=0) <= TOLERANCE * scale, words


def test_the_runs_are_worth_comparing(folder):
    with netCDF4.Dataset(folder / "1" / "spiral" / "singularities.nc") as data:
        assert len(data.dimensions["event"]) > 5
    with netCDF4.Dataset(folder / "1" / "watched" / "ecg.nc") as data:
        assert data["ecg"].shape[0] == 27 and np.ptp(data["ecg"][:]) > 0
    for name in texts():
        with netCDF4.Dataset(folder / "1" / name / "result.exo") as data:
            assert data["time_whole"].size in (6, 9, 11) and data.complete == 1
            V = data["vals_nod_var1"][:]
            assert np.ptp(V) > 50 and np.abs(V[-1] - V[-4]).max() > 5, name
