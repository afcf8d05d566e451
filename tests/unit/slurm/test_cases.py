"""Arrays of cases: which runs they make."""

import pytest
from tools import case_text

from hpc_twin.parallel import InputError
from hpc_twin.slurm.cases import LIST, Task, read_list, tasks, write_list


@pytest.fixture
def case(tmp_path):
    (tmp_path / "case.toml").write_text(case_text())
    return tmp_path


def test_every_case_with_every_combination(case):
    (case / "other.toml").write_text(case_text())
    arrays = ["tissue.dt=0.1 ms, 0.05 ms", 'cells.parameters."tau_in"  cells.parameters.tau_out = 1x']
    found = tasks([case, case / "other.toml"], arrays, ["tissue.until=4 ms"])
    first, second = 'cells.parameters."tau_in"=1x', "cells.parameters.tau_out=1x"
    assert [task.overrides for task in found[:2]] == [
        ("tissue.until=4 ms", "tissue.dt=0.1 ms", first, second),
        ("tissue.until=4 ms", "tissue.dt=0.05 ms", first, second),
    ]
    assert [task.values["case"] for task in found] == [case.name, case.name, "other", "other"]
    assert found[3].values == {"case": "other", "tissue.dt": "0.05 ms", 'cells.parameters."tau_in"': "1x"}
    assert {task.case for task in found} == {str(case / "case.toml"), str(case / "other.toml")}


def test_cases_are_told_apart_by_their_folders(case):
    """Most files are called case.toml: gather's table would say "case" of all."""
    for name in ("control", "block"):
        (case / name).mkdir()
        (case / name / "case.toml").write_text(case_text())
    assert [task.values for task in tasks([case / "control", case / "block"], [], [])] == [
        {"case": "control"},
        {"case": "block"},
    ]


@pytest.mark.parametrize(
    ("times", "arrays", "overrides", "message"),
    [
        (2, [], [], "CASE: .*case.toml is given twice"),
        (1, ["tissue.dt=0.1 ms"], ["tissue.dt=0.2 ms"], "--array, --set: tissue.dt is given twice"),
        (1, ["tissue.dt=0.1 ms", "tissue.dt=0.2 ms"], [], "--array, --set: tissue.dt is given twice"),
        (1, ['cells.parameters."tau_in" cells.parameters.tau_in=1x'], [], "tau_in is given twice"),
    ],
)
def test_nothing_is_given_twice(case, times, arrays, overrides, message):
    with pytest.raises(InputError, match=message):
        tasks(times * [case], arrays, overrides)


def test_values_that_hold_commas_are_written_in_toml(case):
    found = tasks([case], ['tissue.conductivity.effective=["0.1 S/m", "0.02 S/m"], ["0.2 S/m", "0.03 S/m"]'], [])
    assert found[1].overrides == ('tissue.conductivity.effective=["0.2 S/m", "0.03 S/m"]',)


@pytest.mark.parametrize(
    "text", ["tissue.dt", "tissue.dt=", "=1", "tissue.dt=0.1 ms,,0.2 ms", "", "tissue.dt=1 ms,1 ms"]
)
def test_what_is_no_array_is_refused(case, text):
    with pytest.raises(InputError, match="--array"):
        tasks([case], [text], [])


def test_each_task_is_checked(case):
    with pytest.raises(InputError, match=r"unknown key tissue\.dtt"):
        tasks([case], ["tissue.dtt=0.1 ms,0.2 ms"], [])
    with pytest.raises(InputError, match="not a time"):
        tasks([case], ["tissue.dt=0.1 ms,0.2 mm"], [])


@pytest.mark.parametrize("override", ["title=a\nb", "title=a\x00b", "title=\x1b[2J"])
def test_signs_that_cannot_be_seen_are_refused(case, override):
    with pytest.raises(InputError, match="cannot be seen"):
        tasks([case], [], [override])


def test_the_list_is_kept_and_no_other_goes_into_its_folder(tmp_path):
    found = [Task("/a.toml", ("x=1",), {"x": "1"}), Task("/a.toml", ("x=2",), {"x": "2"})]
    assert read_list(tmp_path) == []
    write_list(tmp_path, found)
    write_list(tmp_path, found)
    assert read_list(tmp_path) == found
    with pytest.raises(InputError, match="another array"):
        write_list(tmp_path, found[:1])
    (tmp_path / LIST).write_text("[{}]")
    with pytest.raises(InputError, match="cannot be read"):
        read_list(tmp_path)
