"""Jobs of a real SLURM: the wall time ends, a node and a rank are lost, scancel, a drug study as an array."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from slurm_daemon import slurm, wait
from tools import ROOT, results, told, twin

from hpc_twin.io.status import read_status
from hpc_twin.slurm.script import JOB, template

CASE = """
title = "Strip of human ventricle"
[mesh]
generate = "cable"
shape = { length = "10 mm", h = "0.5 mm" }
[cells]
model = "tentusscher_2006_epi"
[tissue]
until = "65 ms"
dt = "0.1 ms"
[tissue.conductivity]
intracellular = ["0.3 S/m"]
extracellular = ["0.6 S/m"]
[[stimulus]]
box = { min = ["0 mm", "0 mm", "0 mm"], max = ["1 mm", "0 mm", "0 mm"] }
[ecg.electrodes]
ECG = ["30 mm", "5 mm", "0 mm"]
[output]
every = "5 ms"
[checkpoint]
every_simulated = "5 ms"
"""
SLOW = 'export SLOW={pause}\nprogram=("{python}" "{root}/tests/e2e/slow.py")\n'
IKR = 'cells.parameters."ikr.g"'
BLOCKS = ("1x", "0.5x", "0.25x")  # of a drug at 0, 1 and 3 times its IC50: 1 / (1 + D / IC50)


class Cluster:
    """The SLURM, a case and templates in ``folder``; ``submit`` gives the folder of the run."""

    def __init__(self, folder, variables):
        self.folder, self.case = folder, folder / "case.toml"
        self.variables = {**variables, "OMPI_MCA_mpi_yield_when_idle": "1"}  # there may be more ranks than cores
        self.case.write_text(CASE)
        for kind, name, pause in (
            ("single_node", "long", 0.1),
            ("single_node", "node", 0.04),
            ("cluster", "srun", 0.04),
        ):
            words = SLOW.format(pause=pause, python=sys.executable, root=ROOT)
            (folder / name).write_text(template(kind).replace(JOB, words + JOB))

    def submit(self, name, *words):
        """Submit the case."""
        out = self.folder / name
        done = self.twin("submit", self.case, "--out", out, "--no-check", *words)
        assert done.returncode == 0, done.stderr
        return out

    def twin(self, *words, ranks=1):
        """``hpc-twin WORDS``, as a user of this SLURM."""
        return twin(*words, ranks=ranks, **self.variables)

    def tells(self, out, word, seconds=30):
        """Wait until ``hpc-twin status`` tells the word of a run; all that it tells."""
        end = time.monotonic() + seconds
        while word not in (told := self.twin("status", out).stdout):
            assert time.monotonic() < end, told
        return told

    def tool(self, *words):
        """What a tool of SLURM says."""
        env = {**os.environ, **self.variables}
        return subprocess.run(words, env=env, capture_output=True, text=True, timeout=30, check=True).stdout

    def state(self, out):
        """SLURM's word for the newest job of a run, and the number of its restarts."""
        words = self.tool("scontrol", "--oneliner", "show", "job", (out / "jobs").read_text().split()[-1])
        found = dict(word.split("=", 1) for word in words.split() if "=" in word)
        return found["JobState"], int(found["Restarts"])

    def computes(self, out):
        """Whether its run is in its loop, with a checkpoint to go on from."""
        status = read_status(out)
        return status is not None and status.state == "running" and any(out.glob("checkpoints/*[0-9]"))


def log(out):
    return "".join(path.read_text() for path in sorted(out.glob("slurm-*.log")))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with slurm(cpus=8) as variables:
        yield Cluster(tmp_path_factory.mktemp("cluster"), variables)


@pytest.fixture(scope="module")
def beat(cluster):
    """A run of half a minute: a lost node soon after its begin, and the end of its wall time, while others are tested.

    SLURM looks at wall times every 30 s. The run is warned 58 s before the end of its minute: at the next look.
    """
    out = cluster.submit("beat", "--ranks", 2, "--time", 1, "--warning", 58, "--template", cluster.folder / "node")
    wait(lambda: cluster.computes(out), 60)
    node = cluster.tool("sinfo", "--noheader", "--format=%n").strip()
    cluster.tool("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    wait(lambda: cluster.state(out)[0] == "PENDING", 20)
    assert "state       requeued" in cluster.twin("status", out).stdout
    cluster.tool("sh", "-c", f"scontrol update nodename={node} state=resume || true")  # it may be back by itself
    wait(lambda: "down" not in cluster.tool("sinfo", "--noheader", "--format=%T"), 30)
    return out


@pytest.fixture(scope="module")
def drugs(cluster, beat):
    return cluster.submit("drugs", "--ranks", 1, "--time", 5, "--array", f"{IKR}={','.join(BLOCKS)}",
                          "--set", "tissue.until=450 ms")  # fmt: skip


@pytest.fixture(scope="module")
def cancelled(cluster, beat):
    out = cluster.submit("cancelled", "--ranks", 1, "--time", 5, "--template", cluster.folder / "long")
    wait(lambda: cluster.computes(out), 60)
    cluster.tool("scancel", (out / "jobs").read_text().strip())
    return out


@pytest.fixture(scope="module")
def killed(cluster, beat):
    """Its ranks are started by srun through PMIx; one of them is killed."""
    until = ("--set", "tissue.until=20 ms")
    out = cluster.submit("killed", "--ranks", 2, "--time", 5, "--template", cluster.folder / "srun", *until)
    wait(lambda: cluster.computes(out), 60)
    told = cluster.twin("status", out).stdout
    assert "state       running" in told and "ms/s on 2 ranks" in told and ": enough" in told
    os.kill(read_status(out).pid, signal.SIGKILL)
    return out


def test_a_killed_rank_is_queued_again(cluster, drugs, killed, cancelled):
    wait(lambda: "queued again" in log(killed), 30)
    assert "a rank or a node was lost: exit code 137" in log(killed)
    wait(lambda: cluster.state(killed)[1] == 1, 10)


def test_what_scancel_leaves_can_be_read_and_gone_on_with(cluster, cancelled, whole):
    """On one rank before, on two after."""
    wait(lambda: (cancelled / "result.exo").exists(), 30)
    t = read_status(cancelled).t
    found = results(cancelled / "result.exo")
    assert len(found["times"]) == 1 + int(t / 5) and np.isfinite(found["V"]).all()
    assert "checkpoint  step" in cluster.tells(cancelled, "stopped: cancelled")
    done = cluster.twin("resume", cancelled, ranks=2)
    assert done.returncode == 0, done.stderr
    found = results(cancelled / "result.exo")
    assert np.array_equal(found["times"], whole["times"]) and np.allclose(found["V"], whole["V"], atol=0.01)


def test_a_drug_study_is_an_array_that_is_gathered(cluster, drugs):
    wait(lambda: all((drugs / str(k) / "result.exo").exists() for k in range(3)), 60)
    assert all("completed" in cluster.tells(drugs / str(k), "state       done") for k in range(3))
    assert cluster.twin("status", drugs).stdout.count("  done   450 of 450 ms (100 %)") == 3
    done = cluster.twin("gather", drugs, "--out", drugs / "table.csv")
    with (drugs / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row[IKR] for row in rows] == list(BLOCKS) and {row["whole"] for row in rows} == {"yes"}
    QT = [float(row["ECG QT"]) for row in rows]
    APD = [float(row["APD90 mean ms"]) for row in rows]
    assert 280 < QT[0] < 330 and QT[0] + 10 < QT[1] < QT[2] - 5, "less IKr, longer QT"
    assert np.allclose(np.diff(QT), np.diff(APD), atol=8)
    assert all(f"{value:.4g}" in done.stdout for value in QT)
    assert json.loads((drugs / "array.json").read_text())[1]["values"] == {IKR: "0.5x"}


def test_a_folder_in_use_and_what_sbatch_does_not_know_are_refused(cluster, beat):
    words = ("submit", cluster.case, "--no-check", "--ranks", 1, "--time", 5)
    done = cluster.twin(*words, "--out", beat)
    assert done.returncode == 2 and "is computed by job 1: scancel 1" in told(done)[0]
    done = cluster.twin(*words, "--out", cluster.folder / "other", "--partition", "nowhere")
    assert done.returncode == 2 and "invalid partition" in told(done)[0]
    words = ("submit", cluster.case, "--ranks", 1, "--time", 5, "--out", cluster.folder / "another")
    done = cluster.twin(*words, "--set", "cells.parameters.gna=2x")  # told by run --dry-run, which knows the model
    assert done.returncode == 2 and "gna" in told(done)[0] and not (cluster.folder / "another").exists()


def test_the_killed_run_ends_with_the_numbers_of_one_that_never_stopped(cluster, killed, whole):
    wait(lambda: (killed / "result.exo").exists(), 60)
    assert cluster.state(killed)[1] == 1 and "goes on from" in log(killed)
    found = results(killed / "result.exo")
    assert np.array_equal(found["times"], whole["times"][:5]) and np.array_equal(found["V"], whole["V"][:5])


def test_the_beat_ends_with_the_numbers_of_one_that_never_stopped(cluster, beat, whole):
    """It lost its node, and its wall time ended; then it is given more, so that a busy machine comes to an end, too."""
    wait(lambda: "SIGUSR1: asks for a checkpoint" in log(beat), 60)
    wait(lambda: cluster.state(beat)[1] >= 2, 60)
    cluster.tool("scontrol", "update", f"jobid={(beat / 'jobs').read_text().strip()}", "timelimit=10")
    wait(lambda: cluster.state(beat)[0] == "COMPLETED", 100)
    assert log(beat).count("goes on from") >= 2
    found = results(beat / "result.exo", ("activation", "APD90"))
    assert all(np.array_equal(found[name], whole[name], equal_nan=True) for name in found)
    assert "65 of 65 ms (100 %)" in cluster.tells(beat, "state       done")


@pytest.fixture(scope="module")
def whole(cluster):
    """The same on two ranks, without SLURM, and never stopped."""
    done = cluster.twin("run", cluster.case, "--out", cluster.folder / "whole", ranks=2)
    assert done.returncode == 0, done.stderr
    return results(cluster.folder / "whole" / "result.exo", ("activation", "APD90"))
