"""Jobs of a real SLURM of three nodes, which are all on this machine.

The wall time ends, nodes and ranks are lost, somebody else goes first, scancel, a drug study as an array.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from slurm_daemon import PATH, kill_node, slurm, wait
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
every_simulated = "2 ms"
"""
SLOW = 'export SLOW="{slow}"\nprogram=("{python}" "{root}/tests/e2e/slow.py")\n'
IKR = 'cells.parameters."ikr.g"'
NASTY = "a pair $(touch hacked) `touch hacked` 'of' \"nodes\" %j ; #[b] &"
BLOCKS = ("1x", "0.5x", "0.25x")  # of a drug at 0, 1 and 3 times its IC50: 1 / (1 + D / IC50)


class Cluster:
    """The SLURM, a case and templates in ``folder``; ``submit`` gives the folder of the run."""

    def __init__(self, folder, variables):
        self.folder, self.case = folder, folder / "case.toml"
        self.variables = {**variables, "OMPI_MCA_mpi_yield_when_idle": "1"}  # there may be more ranks than cores
        self.case.write_text(CASE)
        for kind, name in (("single_node", "long"), ("single_node", "node"), ("cluster", "srun")):
            words = SLOW.format(slow=folder / f"{name}.pause", python=sys.executable, root=ROOT)
            (folder / name).write_text(template(kind).replace(JOB, words + JOB))
            self.pause(name, 0.1)

    def pause(self, name, seconds):
        """So long each step of the jobs of a template takes from now on."""
        (self.folder / f"{name}.new").write_text(str(seconds))
        (self.folder / f"{name}.new").replace(self.folder / f"{name}.pause")

    def submit(self, name, *words):
        """Submit the case."""
        out = self.folder / name
        done = self.twin("submit", self.case, "--out", out, *words)
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

    def on(self, *numbers):
        """Words of submit for these nodes."""
        return "--option", f"--nodelist={','.join(self.nodes[n] for n in numbers)}"

    def tool(self, *words):
        """What a tool of SLURM says."""
        env = {**os.environ, **self.variables, "PATH": PATH}
        return subprocess.run(words, env=env, capture_output=True, text=True, timeout=30, check=True).stdout

    def state(self, out):
        """SLURM's word for the newest job of a run, and the number of its restarts."""
        words = self.tool("scontrol", "--oneliner", "show", "job", (out / "jobs").read_text().split()[-1])
        found = dict(word.split("=", 1) for word in words.split() if "=" in word)
        return found["JobState"], int(found["Restarts"])

    @cached_property
    def nodes(self):
        """Names; the first is that of this machine."""
        names = self.tool("sinfo", "--noheader", "--partition=main", "--format=%N").strip()
        return self.tool("scontrol", "show", "hostnames", names).split()

    @contextmanager
    def lost(self, node):
        """Let a node die, and start it again. SLURM would notice by itself after five minutes."""
        kill_node(Path(self.variables["SLURM_CONF"]).parent, node)
        self.tool("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        try:
            yield
        finally:
            self.tool("slurmd", "-N", node)
            wait(lambda: "down" not in self.tool("sinfo", "-h", "-n", node, "-o", "%T"), 30)

    def computes(self, out):
        """Whether its run is in its loop, with a checkpoint to go on from."""
        status = read_status(out)
        return status is not None and status.state == "running" and any(out.glob("checkpoints/*[0-9]"))


def log(out):
    return "".join(path.read_text() for path in sorted(out.glob("slurm-*.log")))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with slurm(cpus=4, nodes=3) as variables:
        yield Cluster(tmp_path_factory.mktemp("cluster"), variables)


@pytest.fixture(scope="module")
def beat(cluster):
    """A run of half a minute: a lost node soon after its begin, and the end of its wall time, while others are tested.

    SLURM looks at wall times every 30 s. The run is warned 58 s before the end of its minute: at the next look.
    """
    out = cluster.submit("beat", "--ranks", 2, "--time", 1, "--warning", 58, "--template", cluster.folder / "node")
    wait(lambda: cluster.computes(out), 60)
    with cluster.lost(cluster.nodes[0]):
        wait(lambda: cluster.state(out)[0] == "PENDING", 20)
        assert "state       requeued" in cluster.twin("status", out).stdout
        wait(lambda: f"2 ranks on {cluster.nodes[1]}, checkpoint: 0" in log(out), 40)
    return out


@pytest.fixture(scope="module")
def drugs(cluster, beat):
    words = ("--set", "tissue.until=450 ms", "--set", "checkpoint.every_simulated=100 ms", *cluster.on(0))
    return cluster.submit("drugs", "--ranks", 1, "--time", 5, "--array", f"{IKR}={','.join(BLOCKS)}", *words)


@pytest.fixture(scope="module")
def single(cluster, beat):
    """One rank, started by mpirun."""
    words = ("--ranks", 1, "--time", 5, "--template", cluster.folder / "long", *cluster.on(0))
    out = cluster.submit("single", *words)
    wait(lambda: cluster.computes(out), 60)
    return out


@pytest.fixture(scope="module")
def pair(cluster, beat):
    """Two ranks on two nodes, started by srun through PMIx."""
    words = ("--nodes", 2, *cluster.on(1, 2))
    out = cluster.submit(NASTY, "--ranks", 2, "--time", 5, "--template", cluster.folder / "srun", *words)
    wait(lambda: cluster.computes(out), 60)
    return out


def test_a_killed_rank_is_queued_again(cluster, drugs, single):
    os.kill(read_status(single).pid, signal.SIGKILL)
    wait(lambda: "queued again" in log(single), 30)
    assert "a rank or a node was lost: exit code 137" in log(single)


def test_ranks_on_two_nodes(cluster, pair):
    assert f"2 ranks on {cluster.nodes[0]}-[2-3]" in log(pair)
    told = cluster.twin("status", pair).stdout
    assert "state       running" in told and "ms/s on 2 ranks" in told and ": enough" in told


def test_a_suspended_job_goes_on(cluster, pair):
    job = (pair / "jobs").read_text().strip()
    cluster.tool("scontrol", "suspend", job)
    assert "suspended" in cluster.twin("status", pair).stdout
    t = read_status(pair).t
    cluster.tool("scontrol", "resume", job)
    wait(lambda: read_status(pair).t > t, 10)


def test_a_user_queues_a_job_again(cluster, single):
    """One job goes on, not two."""
    wait(lambda: "goes on from" in log(single) and cluster.computes(single), 30)
    cluster.tool("scontrol", "requeue", (single / "jobs").read_text().strip())
    wait(lambda: "SLURM has queued it again" in log(single), 20)
    assert len((single / "jobs").read_text().split()) == 1


def test_a_job_that_goes_first_takes_a_node(cluster, pair):
    """It gets it as soon as the checkpoint is written, not when the time of grace, a minute, is over."""
    words = ("--partition=urgent", f"--nodelist={cluster.nodes[2]}", "--exclusive", "--output=/dev/null")
    (pair / "urgent").write_text(cluster.tool("sbatch", "--parsable", *words, "--wrap=true"))
    wait(lambda: "queued again" in log(pair), 30)
    assert "SIGUSR1: asks for a checkpoint" in log(pair) and "for a job that goes first" in log(pair)


def test_a_folder_in_use_and_what_sbatch_does_not_know_are_refused(cluster, beat):
    words = ("submit", cluster.case, "--ranks", 1, "--time", 5)
    done = cluster.twin(*words, "--out", beat)
    assert done.returncode == 2 and "is computed by job 1: scancel 1" in told(done)[0]
    done = cluster.twin(*words, "--out", cluster.folder / "other", "--partition", "nowhere")
    assert done.returncode == 2 and "invalid partition" in told(done)[0]
    words = ("submit", cluster.case, "--ranks", 1, "--time", 5, "--out", cluster.folder / "another")
    done = cluster.twin(*words, "--set", "cells.parameters.gna=2x")  # which the model has not
    assert done.returncode == 2 and "gna" in told(done)[0] and not (cluster.folder / "another").exists()


def test_after_it_the_pair_loses_a_node_and_waits_for_it(cluster, pair):
    wait(lambda: log(pair).count("goes on from") == 1 and cluster.computes(pair), 30)
    assert "JobState=COMPLETED" in cluster.tool("scontrol", "show", "job", (pair / "urgent").read_text().strip())
    with cluster.lost(cluster.nodes[2]):
        wait(lambda: cluster.state(pair)[0] == "PENDING", 20)
        cluster.pause("srun", 0.0)


def test_it_goes_on_until_scancel(cluster, single):
    wait(lambda: log(single).count("goes on from") == 2 and cluster.computes(single), 30)
    cluster.tool("scancel", (single / "jobs").read_text().strip())


def test_what_scancel_leaves_can_be_read_and_gone_on_with(cluster, single, whole):
    """On one rank before, on two after."""
    wait(lambda: (single / "result.exo").exists(), 30)
    t = read_status(single).t
    found = results(single / "result.exo")
    assert len(found["times"]) == 1 + int(t / 5) and np.isfinite(found["V"]).all()
    assert "checkpoint  step" in cluster.tells(single, "stopped: cancelled")
    done = cluster.twin("resume", single, ranks=2)
    assert done.returncode == 0, done.stderr
    found = results(single / "result.exo")
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


def test_the_pair_ends_with_the_numbers_of_one_that_never_stopped(cluster, pair, whole):
    """It was suspended, made room, and lost a node."""
    wait(lambda: cluster.state(pair) == ("COMPLETED", 2), 60)
    assert log(pair).count("goes on from") == 2
    found = results(pair / "result.exo")
    assert np.array_equal(found["times"], whole["times"]) and np.array_equal(found["V"], whole["V"])


def test_the_beat_ends_with_the_numbers_of_one_that_never_stopped(cluster, beat, whole):
    """It lost its node, and its wall time ended; then it is given more, so that a busy machine comes to an end, too."""
    wait(lambda: "SIGUSR1: asks for a checkpoint" in log(beat), 60)
    wait(lambda: cluster.state(beat)[1] >= 2, 60)
    cluster.pause("node", 0.0)
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
