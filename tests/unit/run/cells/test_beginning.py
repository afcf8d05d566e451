"""Runs that begin with a saved state."""

import netCDF4
import numpy as np
import pytest
from tools import CELLS, TISSUE, case_text, results

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError, world
from hpc_twin.run import plan, simulate

TIGHT = '[solver]\nrtol = 1e-12\ntolerance = "1e-10 mV"\n'
LATE = '[[stimulus]]\nnode_set = "x0"\ntimes = ["0 ms", "6 ms"]\nduration = "1 ms"\n'
TP06 = '[cells]\nmodel = "tentusscher_2006_epi"\n'


def case(folder, until: float, more: str, name: str = "case", cells: str = TP06, **sections):
    path = folder / f"{name}.toml"
    tissue = TISSUE.replace('"2 ms"', f'"{until} ms"')
    path.write_text(case_text(tissue=tissue, cells=cells, more=TIGHT + more, **{"stimulus": LATE, **sections}))
    return load_case(path)


def begins(clock: str = "continue", more: str = "", output: str = "") -> str:
    return f'[initial]\nstate = "half/state.nc"\nclock = "{clock}"\n{more}[output]\n{output}every = "1 ms"\n'


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with the run of 5 ms in ``half``, and that of 10 ms in ``whole``."""
    folder = tmp_path_factory.mktemp("states")
    output = '[output]\nevery = "1 ms"\nstate = "end"\n'
    simulate(case(folder, 5, output), folder / "half", world())
    simulate(case(folder, 10, output.replace('"end"', '["5 ms", "10 ms"]')), folder / "whole", world())
    return folder


def states(path):
    with netCDF4.Dataset(path) as data:
        return {name: np.asarray(data[name][:]) for name in data.variables}, data.time


def test_ten_are_five_and_five(saved):
    simulate(case(saved, 10, begins(output='state = "end"\n')), saved / "second", world())
    whole, second = results(saved / "whole" / "result.exo"), results(saved / "second" / "result.exo")
    assert second["times"].tolist() == [5, 6, 7, 8, 9, 10]
    assert np.ptp(whole["V"][-1]) > 20, "a wave is under way"
    assert np.abs(second["V"] - whole["V"][5:]).max() < 1e-5
    ours, time = states(saved / "second" / "state.nc")
    theirs, _ = states(saved / "whole" / "state_10ms.nc")
    assert time == 10 and ours.keys() == theirs.keys()
    for name, values in ours.items():
        assert np.abs(values - theirs[name]).max() < 1e-6 * max(1, np.abs(values).max()), name


def test_both_ways_of_saving_are_one(saved):
    (one, time), (other, _) = states(saved / "half" / "state.nc"), states(saved / "whole" / "state_5ms.nc")
    assert time == 5 and all(np.array_equal(one[name], other[name]) for name in one)


def test_time_may_begin_at_zero(saved):
    simulate(case(saved, 2, begins("zero")), saved / "zero", world())
    found = results(saved / "zero" / "result.exo")
    assert found["times"].tolist() == [0, 1, 2]
    assert np.array_equal(found["V"][0], results(saved / "whole" / "result.exo")["V"][5])


def test_a_drug_is_washed_in(saved):
    drug = TP06 + 'parameters = { "ikr.g" = "0.1x" }\n'
    with pytest.raises(InputError, match=r"initial\.state: .*other parameters of tentusscher_2006_epi"):
        simulate(case(saved, 10, begins(), cells=drug), saved / "drug", world())
    simulate(case(saved, 10, begins(more="other_parameters = true\n"), cells=drug), saved / "drug", world())
    assert results(saved / "drug" / "result.exo")["times"][0] == 5


@pytest.mark.parametrize(
    ("until", "more", "sections", "words"),
    [
        (5, begins(), {}, r"the state goes on from 5 ms"),
        (10, begins().replace("half", "halve"), {}, r"initial\.state: .*no such file"),
        (10, begins().replace("state.nc", "result.exo"), {}, "holds no state of a tissue"),
        (10, begins(), {"cells": CELLS}, "whose states are not those of mitchell_schaeffer_2003"),
        (10, begins(), {"mesh": '[mesh]\ngenerate = "slab"\nshape = { h = "2 mm" }\n'}, "another mesh"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(saved, until, more, sections, words):
    with pytest.raises(InputError, match=words):
        simulate(case(saved, until, more, "bad", **sections), saved / "bad", world())
    assert not (saved / "bad").exists()


def test_a_dry_run_tells_what_it_begins_with(saved):
    assert "saved at t = 5 ms" in plan(case(saved, 10, begins()), world())["begins with"]
    paced = TP06 + 'prepace = { cycle_length = "1 s", beats = 7 }\n'
    assert plan(case(saved, 10, "", cells=paced), world())["begins with"] == "cells after 7 beats of 1000 ms"
