"""A threshold that no cell can reach is told before the run, and one that cells reach is not."""

import pytest
from tools import case_text

from hpc_twin.case import load_case
from hpc_twin.parallel import world
from hpc_twin.run import plan
from hpc_twin.run.cells import load_kernels, tell_unreachable


def told(tmp_path, capsys, *overrides) -> str:
    (tmp_path / "case.toml").write_text(case_text())
    case = load_case(tmp_path, overrides).case
    tell_unreachable(case, load_kernels(case.cells, tmp_path, world()), world())
    return capsys.readouterr().err


@pytest.mark.parametrize(("threshold", "warned"), [(95, True), (0, False), (-40, False), (-90, True)])
def test_thresholds(threshold, warned, tmp_path, capsys):
    """Mitchell and Schaeffer's V goes from -80 to 20 mV."""
    words = told(tmp_path, capsys, f'output.activation_threshold="{threshold} mV"')
    assert (f"output.activation_threshold = {threshold} mV: V may never rise through it" in words) == warned
    assert ("mitchell_schaeffer_2003 -80 to" in words) == warned


def test_a_dry_run_tells_it_too(tmp_path, capsys):
    (tmp_path / "case.toml").write_text(case_text())
    plan(load_case(tmp_path, ['output.activation_threshold="95 mV"']), world())
    assert capsys.readouterr().err.count("output.activation_threshold = 95 mV") == 1


def test_who_measures_no_beats_is_not_asked(tmp_path, capsys):
    assert not told(tmp_path, capsys, 'output.measures=["singularities"]', "cells.model=aliev_panfilov_1996")


@pytest.mark.parametrize("model", ["tentusscher_2006_epi", "aliev_panfilov_1996"])
def test_usual_models_and_the_usual_threshold(model, tmp_path, capsys):
    assert not told(tmp_path, capsys, f"cells.model={model}", "tissue.dt=0.02 ms")
