"""The state of a cell in a file: it comes back, and a case begins with it, or says why it cannot."""

import pickle
import re
import subprocess
import sys
from dataclasses import replace

import netCDF4
import numpy as np
import pytest
from tools import case_text

from hpc_twin.case import load_case
from hpc_twin.io.cellstate import CellState, read_cell_state, write_cell_state
from hpc_twin.io.traces import read_traces
from hpc_twin.parallel import InputError, world
from hpc_twin.run.cells import load_kernels, save_state, save_traces
from hpc_twin.singlecell.experiment import Experiment, perform

MODEL = "mitchell_schaeffer_2003"


@pytest.fixture(scope="module")
def outcome():
    return perform(Experiment(MODEL, beats=2, dt=0.05, parameters={"gate.tau_close": "1.2x"}))


@pytest.fixture
def steady(outcome, tmp_path):
    path = tmp_path / "steady.nc"
    save_state(outcome, path)
    return path


def kernels(folder, cells: str):
    path = folder / "case.toml"
    path.write_text(case_text(cells=cells))
    return load_kernels(load_case(path).case.cells, folder, world())


def test_a_state_comes_back(outcome, steady):
    found = read_cell_state(steady)
    assert found.V == outcome.paced.V[0]
    assert list(found.states.values()) == outcome.paced.states[:, 0].tolist()
    assert found.parameters == {"gate.tau_close": pytest.approx(180.0)}
    assert (found.model, found.beats, found.digest) == (MODEL, 2, outcome.equations.digest)


def test_jobs_that_write_one_file_at_the_same_time_leave_a_whole_one(outcome, tmp_path):
    """The prepaced states of equal cells are kept under one name."""
    path, states = tmp_path / "steady.nc", []
    save_state(outcome, path)
    one = read_cell_state(path)
    writers = "import pickle, sys\nfrom hpc_twin.io.cellstate import write_cell_state\n"
    writers += "state = pickle.loads(sys.stdin.buffer.read())\nfor _ in range(30): write_cell_state(sys.argv[1], state)"
    jobs = [subprocess.Popen([sys.executable, "-c", writers, path], stdin=subprocess.PIPE) for _ in range(2)]
    for job in jobs:
        job.stdin.write(pickle.dumps(one))
        job.stdin.close()
    while any(job.poll() is None for job in jobs):
        states.append(read_cell_state(path))
    assert [job.returncode for job in jobs] == [0, 0] and states and all(s.states == one.states for s in states)
    assert [p.name for p in tmp_path.iterdir()] == ["steady.nc"]


def test_a_case_begins_with_it(steady, capsys):
    state = read_cell_state(steady)
    text = f'[cells]\nmodel = "{MODEL}"\n[cells.layers.endo]\nmodel = "{MODEL}"\nscheme = "forward_euler"\n'
    same = 'parameters = { "gate.tau_close" = "1.2x" }\ninitial = "steady.nc"\n'
    usual, endo = kernels(steady.parent, text + same)
    assert (endo.v_initial, endo.initial[0]) == (state.V, state.states["gate.h"]) and endo.scheme == "forward_euler"
    assert usual.v_initial == -80 and usual.scheme == "auto" and capsys.readouterr().err == ""
    kernels(steady.parent, text + 'initial = "steady.nc"\n')
    warning = capsys.readouterr().err
    assert "cells.layers.endo.initial" in warning and "gate.tau_close = 180" in warning


def test_what_a_case_cannot_begin_with(steady):
    cells = f'[cells]\nmodel = "{MODEL}"\ninitial = "steady.nc"\n'
    with pytest.raises(InputError, match=r"cells\.initial: .*nothing\.nc: no such file \(there: steady\.nc\)"):
        kernels(steady.parent, cells.replace("steady", "nothing"))
    state = read_cell_state(steady)
    write_cell_state(steady, replace(state, states={"gate.g": 1.0}))
    with pytest.raises(InputError, match=re.escape("without gate.h; unknown gate.g")):
        kernels(steady.parent, cells)
    write_cell_state(steady, replace(state, V=float("nan")))
    with pytest.raises(InputError, match="no finite number"):
        kernels(steady.parent, cells)
    with netCDF4.Dataset(steady, "w"):
        pass
    with pytest.raises(InputError, match="holds no state of a cell"):
        kernels(steady.parent, cells)
    steady.write_bytes(b"\x89HDF\r\n" + bytes(100))
    with pytest.raises(InputError, match="cannot be read"):
        kernels(steady.parent, cells)


def test_traces(outcome, tmp_path):
    save_traces({"control": outcome, "again": outcome}, tmp_path / "traces.nc", ["V", "inward.j"])
    found = read_traces(tmp_path / "traces.nc")
    assert found.names == ["control", "again"] and found.units == {"V": "mV", "inward.j": "1/ms"}
    t, V = outcome.paced.traces.t, outcome.paced.traces.V[:, 0]
    assert found.values["V"][:, 1] == pytest.approx(np.interp(found.times, t, V))
    with pytest.raises(InputError, match=r"no state or variable 'inward\.k'; did you mean 'inward\.j'"):
        save_traces({"control": outcome}, tmp_path / "traces.nc", ["inward.k"])


def test_traces_of_different_models_hold_what_all_have(outcome, tmp_path):
    other = perform(Experiment("aliev_panfilov_1996", beats=2, dt=0.05, period=outcome.paced.period))
    save_traces({"one": outcome, "two": other}, tmp_path / "traces.nc", [])
    assert list(read_traces(tmp_path / "traces.nc").values) == ["V"]


def test_a_case_takes_a_file_with_its_labels(tmp_path):
    model = "[[model]]\na.p = 2\na.q = 1\n\n[a]\nt = 0 [ms] bind time\ndot(p) = -0.1 * p\ndot(q) = -q\n"
    (tmp_path / "own.mmt").write_text(model)
    text = '[cells]\nmodel = "own.mmt"\nlabels = { v = "a.p" }\n'
    assert kernels(tmp_path, text)[0].state_names == ("a.q",)
    with pytest.raises(InputError, match=r"cells\.model: own\.mmt has no membrane potential"):
        kernels(tmp_path, text.replace('labels = { v = "a.p" }\n', ""))
    with pytest.raises(InputError, match=r"cells\.labels"):
        kernels(tmp_path, text.replace("v =", "w ="))


def test_long_names_come_back_whole(tmp_path):
    states = {f"{'ä' * 150}.{k}": float(k) for k in range(2)}
    write_cell_state(tmp_path / "long.nc", CellState("m", None, states, "0"))
    assert read_cell_state(tmp_path / "long.nc").states == states
