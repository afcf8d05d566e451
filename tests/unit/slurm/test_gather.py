"""One table of many runs."""

import netCDF4
import numpy as np
import pytest
from tools import case_text

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError, world
from hpc_twin.run import simulate
from hpc_twin.slurm.cases import Task, write_list
from hpc_twin.slurm.gather import columns, gathered


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """An array of two runs, of which the first was done."""
    folder = tmp_path_factory.mktemp("results") / "study"
    folder.mkdir()
    (folder / "case.toml").write_text(case_text(more='[output]\nevery = "1 ms"\n'))
    write_list(folder, [Task(str(folder / "case.toml"), (), {"dt": value}) for value in ("0.1 ms", "0.05 ms")])
    simulate(load_case(folder / "case.toml"), folder / "0", world())
    (folder / "1").mkdir()
    return folder


def test_rows_hold_what_was_varied_and_the_extremes_of_maps(study):
    first, second = gathered([study])
    assert first["run"] == str(study / "0") and first["dt"] == "0.1 ms" and first["whole"] == "yes"
    assert first["until ms"] == 2.0
    with netCDF4.Dataset(study / "0" / "result.exo") as data:
        times = np.ma.filled(data["vals_nod_var2"][-1], np.nan)
    expected = [np.nanmin(times), np.nanmean(times), np.nanmax(times)]
    assert [first[f"activation {word} ms"] for word in ("min", "mean", "max")] == pytest.approx(expected)
    assert 0 < expected[0] < expected[2] < 2.0
    assert second == {"run": str(study / "1"), "dt": "0.05 ms", "whole": "no result"}
    assert columns([second, first])[:4] == ["run", "dt", "whole", "until ms"]


def test_a_task_can_be_gathered_alone_or_from_above(study):
    assert gathered([study.parent])[0]["dt"] == "0.1 ms"
    assert gathered([study / "0"])[0]["until ms"] == 2.0


def test_intervals_of_the_ecg(study):
    with netCDF4.Dataset(study / "0" / "ecg.nc", "w") as data:
        data.setncattr("measure_QT", 400.5)
        data.setncattr("title", "an ECG")
    row = gathered([study])[0]
    (study / "0" / "ecg.nc").write_text("no netCDF")
    assert row["ECG QT"] == 400.5 and "ECG title" not in row
    damaged = gathered([study])[0]
    assert "ecg.nc: cannot be read" in damaged["whole"] and damaged["dt"] == "0.1 ms" and "until ms" not in damaged
    (study / "0" / "ecg.nc").unlink()


def test_a_damaged_result_does_not_hide_the_others(study, tmp_path):
    (tmp_path / "case.toml").write_text(case_text())
    (tmp_path / "result.exo").write_text("x")
    rows = gathered([tmp_path, study])
    assert [row["whole"].split(":")[0] for row in rows] == ["damaged", "yes", "no result"]


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no run"):
        gathered([tmp_path])
    with pytest.raises(InputError, match="no such folder"):
        gathered([tmp_path / "none"])
