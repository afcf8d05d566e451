"""What a run tells while it computes: lines, and status.json."""

import json
import os
from types import SimpleNamespace

import pytest

from hpc_twin.io.status import NAME, RunStatus, read_status, write_status
from hpc_twin.parallel import RunError, TwinError
from hpc_twin.run.report import Progress
from hpc_twin.run.report.progress import clock

ROOT, OTHER = SimpleNamespace(rank=0, size=4), SimpleNamespace(rank=1, size=4)


class WishError(TwinError):
    exit_code = 75


def test_lines_and_status_count_from_where_the_run_began(tmp_path, capsys, monkeypatch):
    seconds = iter((0.0, 100.0, 110.0, 110.0, 110.0))  # made, started, after a step, told, at the end
    monkeypatch.setattr("hpc_twin.run.report.progress.time.perf_counter", lambda: next(seconds))
    with Progress(ROOT, 50.0, tmp_path, every=0.0) as progress:
        progress._tell = lambda *words: None
        progress.start(40.0)
        progress.at(42.0)
        del progress._tell
    assert capsys.readouterr().out == "42.0 of 50 ms, 5000 times slower than real time, 0:40 left\n"
    status = read_status(tmp_path)
    assert (status.state, status.t, status.begin, status.until, status.ranks) == ("done", 42.0, 40.0, 50.0, 4)
    assert status.seconds == 10.0 and status.pace == 5.0 and status.pid == os.getpid()


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (WishError("the wall time ends"), "stopped", "the wall time ends"),
        (KeyboardInterrupt(), "stopped", ""),
        (RunError("V is not a number"), "failed", "V is not a number"),
        (ZeroDivisionError("by 0"), "failed", "ZeroDivisionError: by 0"),
    ],
)
def test_status_tells_how_it_ended(tmp_path, error, state, message):
    with pytest.raises(type(error)), Progress(ROOT, 50.0, tmp_path) as progress:
        progress.start(0.0)
        assert read_status(tmp_path).state == "running"
        progress.at(3.0)
        raise error
    status = read_status(tmp_path)
    assert (status.state, status.message, status.t) == (state, message, 3.0)


def test_status_is_told_seldom_and_by_one_rank(tmp_path):
    with Progress(ROOT, 50.0, tmp_path) as progress:
        progress.start(0.0)
        before = (tmp_path / NAME).stat().st_ino
        for n in range(1000):
            progress.at(0.01 * n)
        assert (tmp_path / NAME).stat().st_ino == before
    with Progress(OTHER, 50.0, tmp_path / "other") as progress:
        progress.start(0.0)
    assert not (tmp_path / "other").exists()


def test_a_disk_that_refuses_does_not_end_the_run(tmp_path):
    write_status(tmp_path / "none", RunStatus("running", 0, 1, 0, 0, 0, 1))
    (tmp_path / NAME).mkdir()
    write_status(tmp_path, RunStatus("running", 0, 1, 0, 0, 0, 1))
    assert read_status(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"state": "done"})])
def test_half_a_status_is_none(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    assert read_status(tmp_path) is None


def test_clock():
    assert (clock(5), clock(65.4), clock(3665)) == ("0:05", "1:05", "1:01:05")
