"""Where a run stands, from what its folder and SLURM say."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hpc_twin.io.status import RunStatus, write_status
from hpc_twin.parallel import InputError
from hpc_twin.slurm import queue, standing
from hpc_twin.slurm.cases import Task, write_list
from hpc_twin.slurm.queue import Job, known_jobs, own_job
from hpc_twin.slurm.standing import checkpoint_time, judged, last_words, newest_checkpoint, runs_in, standings
from hpc_twin.slurm.submit import submit

NOW = time.time()
HALF = RunStatus("running", t=60.0, until=100.0, begin=20.0, seconds=80.0, updated=NOW, ranks=4)


@pytest.fixture(autouse=True)
def as_when_collected(monkeypatch):
    """A long suite comes here minutes later."""
    monkeypatch.setattr(standing.time, "time", lambda: NOW)


@pytest.fixture
def dead():
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("job", "status", "state", "why"),
    [
        (Job("1", "PENDING", reason="Resources"), None, "queued", "Resources"),
        (Job("1", "RUNNING", NOW - 9), None, "starting", ""),
        (Job("1", "RUNNING", NOW - 9), HALF, "running", ""),
        (Job("1", "SUSPENDED", NOW - 9), HALF, "suspended", ""),
        (Job("1", "RUNNING", NOW + 9), HALF, "starting", ""),  # the status of an earlier start
        (Job("1", "RUNNING", NOW - 9), replace(HALF, state="stopped"), "starting", ""),
        (Job("1", "COMPLETED", NOW - 9, NOW), replace(HALF, state="done"), "done", ""),
        (Job("1", "CANCELLED", NOW - 9, NOW), replace(HALF, state="stopped"), "stopped", "cancelled"),
        (Job("1", "TIMEOUT", NOW - 9, NOW), HALF, "stopped", "timeout by SLURM"),
        (Job("1", "NODE_FAIL", NOW - 9, NOW), HALF, "failed", "SLURM: NODE_FAIL"),
        (Job("1", "OUT_OF_MEMORY", NOW - 9, NOW), HALF, "failed", "SLURM: OUT_OF_MEMORY"),
        (Job("1", "FAILED", NOW, NOW + 99, "NonZeroExitCode"), replace(HALF, state="stopped"), "failed",
         "SLURM: FAILED, NonZeroExitCode"),
        (Job("1", "FAILED", NOW - 9, NOW), replace(HALF, state="failed", message="V is NaN"), "failed", "V is NaN"),
        (None, HALF, "running", ""),
        (None, replace(HALF, state="stopped", message="at t = 60 ms"), "stopped", "at t = 60 ms"),
        (None, replace(HALF, state="done"), "done", ""),
        (None, replace(HALF, host="elsewhere"), "running", ""),
        (None, None, "nothing", "no status.json yet"),
    ],
)  # fmt: skip
def test_state(tmp_path, job, status, state, why):
    found = judged(tmp_path, job, status)
    assert (found.state, found.why) == (state, why)


def test_a_job_that_began_before_is_requeued(tmp_path):
    (tmp_path / "starts").write_text("1 none\n")
    assert judged(tmp_path, Job("1", "PENDING", reason="BeginTime"), HALF).state == "requeued"


def test_a_process_that_is_gone_failed(tmp_path, dead):
    found = judged(tmp_path, None, replace(HALF, pid=dead))
    assert found.state == "failed" and str(dead) in found.why
    assert judged(tmp_path, None, replace(HALF, host="elsewhere", updated=NOW - 600)).state == "failed"
    assert judged(tmp_path, None, replace(HALF, updated=NOW - 7200)).state == "failed", "its number is another's by now"


@pytest.mark.parametrize(("left", "enough"), [(81, True), (79, False)])
def test_whether_the_wall_time_suffices(tmp_path, left, enough):
    """40 ms took 80 s: the other 40 ms will take as long."""
    found = judged(tmp_path, Job("1", "RUNNING", NOW - 100, NOW + left), HALF)
    assert found.expected_end == pytest.approx(NOW + 80) and found.enough is enough


def test_nothing_is_expected_of_what_does_not_run(tmp_path):
    assert judged(tmp_path, None, replace(HALF, state="done")).expected_end is None
    assert judged(tmp_path, None, replace(HALF, t=20.0)).enough is None


def test_checkpoints(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    for step in (100, 200):
        (tmp_path / "checkpoints" / f"{step:09d}").mkdir(parents=True)
    (tmp_path / "checkpoints" / "000000300.part").mkdir()
    assert newest_checkpoint(tmp_path) == 200 and checkpoint_time(tmp_path) is None
    (tmp_path / "checkpoints" / "000000200" / "manifest.json").write_text('{"content": {"time": 2.5}}')
    assert checkpoint_time(tmp_path) == 2.5


def test_the_runs_of_a_folder(tmp_path):
    for name in ("beat", "study", "other/deep"):
        (tmp_path / name).mkdir(parents=True)
    write_status(tmp_path / "beat", HALF)
    write_list(tmp_path / "study", [Task("/a", (), {}), Task("/a", ("x=1",), {})])
    assert runs_in(tmp_path) == [tmp_path / "beat", tmp_path / "study" / "0", tmp_path / "study" / "1"]
    assert runs_in(tmp_path / "beat") == [tmp_path / "beat"]
    (tmp_path / "other" / "jobs").mkdir()  # as in our own repository
    (tmp_path / "other" / "case.toml").touch()
    assert runs_in(tmp_path / "other") == []


def test_the_job_of_a_run(tmp_path):
    run, task = tmp_path / "beat", tmp_path / "study" / "3"
    for folder in (run, task):
        folder.mkdir(parents=True)
    assert own_job(run) == ""
    (run / "jobs").write_text("12\n15\n")
    (tmp_path / "study" / "jobs").write_text("20\n")
    assert own_job(run) == "15" and own_job(task) == ""
    write_list(tmp_path / "study", [])
    assert own_job(task) == "20_3"
    (task / "jobs").write_text("31_3\n")
    assert own_job(task) == "31_3"


SQUEUE = "20_3|23|RUNNING|2026-11-21T10:00:00|2026-11-21T14:00:00|None|/r/job.sbatch\n21|21|PENDING|N/A|N/A|Priority|\n"
SACCT = "20_3|23|PENDING|Unknown|Unknown|None\n19|19|CANCELLED by 0|2026-11-21T10:00:00|2026-11-21T10:01:00|None\n"


def test_what_slurm_says(tmp_path, monkeypatch):
    for name, words in (("squeue", SQUEUE), ("sacct", SACCT)):
        (tmp_path / name).write_text(f"#!/bin/sh\nprintf '%s' '{words}'\necho $@ >> {tmp_path}/asked\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = known_jobs(["20_3", "21", "19", ""])
    assert found["20_3"] == found["23"] and found["20_3"].state == "RUNNING", "squeue knows better than sacct"
    assert found["20_3"].end - found["20_3"].start == 4 * 3600
    assert found["21"] == Job("21", "PENDING", None, None, "Priority") and found["21"].waits
    assert found["19"].state == "CANCELLED" and not found["19"].goes
    assert all(" 19,20,21 " in line for line in (tmp_path / "asked").read_text().splitlines())


def test_a_job_of_another_slurm_is_not_taken_for_ours(tmp_path, monkeypatch):
    (tmp_path / "jobs").write_text("20_3\n")
    for script, state in ((tmp_path / "job.sbatch", "starting"), ("/other/job.sbatch", "stopped")):
        monkeypatch.setattr(
            standing, "known_jobs", lambda ids, s=script: {"20_3": Job("20_3", "RUNNING", script=str(s))}
        )
        write_status(tmp_path, replace(HALF, state="stopped"))
        assert standings([tmp_path])[0].state == state


@pytest.mark.parametrize(("later", "of", "state"), [(-9, "", "running"), (9, "", "stopped"), (-9, "20", "stopped")])
def test_a_run_that_goes_on_by_hand_after_its_job(tmp_path, monkeypatch, later, of, state):
    """What it wrote after the job's end, outside of SLURM, counts: not that the job was cancelled."""
    (tmp_path / "jobs").write_text("20\n")
    monkeypatch.setattr(
        standing, "known_jobs", lambda ids: {"20": Job("20", "CANCELLED", NOW + later - 60, NOW + later)}
    )
    write_status(tmp_path, replace(HALF, job=of))
    found = standings([tmp_path])[0]
    assert (found.state, found.job is None) == (state, state == "running")


def test_without_slurm_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(queue.shutil, "which", lambda tool: None)
    assert known_jobs(["1"]) == {}
    write_status(tmp_path, replace(HALF, job="77"))
    assert standings([tmp_path])[0].state == "running"


def test_a_list_of_jobs_that_is_none(tmp_path):
    (tmp_path / "jobs").write_bytes(b"\xff\xfe")
    assert queue.own_job(tmp_path) == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sbatch: error: invalid partition specified: x", "refuses /r/job.sbatch: invalid partition specified: x$"),
        ("sbatch: error: no x\nsbatch: error: Batch job failed", "job.sbatch: no x; Batch job failed$"),
        ("sbatch: fatal: Could not establish a configuration source", "finds no SLURM"),
        (None, "sbatch is not on this machine"),
    ],
)
def test_what_sbatch_refuses(tmp_path, monkeypatch, words, message):
    if words is not None:
        (tmp_path / "sbatch").write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
        (tmp_path / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=message):
        queue.submitted(Path("/r/job.sbatch"))


def test_a_job_whose_number_cannot_be_noted(tmp_path, monkeypatch):
    """The disk is full now: the job is queued, and the user must know of it."""
    (tmp_path / "sbatch").write_text(f"#!/bin/sh\nmkdir {tmp_path}/out/jobs\necho 7\n")
    (tmp_path / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(InputError, match=r"out/jobs: cannot be written .*job 7, which is queued: scancel 7"):
        submit("#!/bin/bash\n", [Task("/a", (), {})], tmp_path / "out", False)


def test_the_end_of_the_newest_log(tmp_path):
    assert last_words(tmp_path) == []
    (tmp_path / "slurm-1.log").write_text("\n".join(f"line {n}" for n in range(5000)) + "\n\n")
    assert last_words(tmp_path)[-1] == "line 4999" and len(last_words(tmp_path)) == 8


def test_a_status_of_another_kind_is_none(tmp_path):
    (tmp_path / "status.json").write_text(json.dumps({"state": "running"}))
    assert standings([tmp_path])[0].state == "nothing"
