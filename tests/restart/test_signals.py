"""Signals: a checkpoint, an end to be gone on with, an end; with and without mpirun, and resume on other ranks."""

import json
import signal
import time

import netCDF4
import numpy as np
import pytest
from tools import COMMAND, case_text, start_on, tissue_text, twin, wait_for

from hpc_twin.cli.resume_verb import resume, starts_ranks
from hpc_twin.cli.run_verb import run
from hpc_twin.parallel import InputError

LONG = case_text(tissue=tissue_text(1e6, effective=(0.13, 0.02)), more='[output]\nevery = "1 ms"\n')


@pytest.fixture
def started(tmp_path):
    """A function that starts a run without end and waits until its loop runs."""
    (tmp_path / "case.toml").write_text(LONG)
    processes = []

    def start(ranks: int, *words: str):
        command = [*COMMAND, "run", tmp_path / "case.toml", "--out", tmp_path / "out", *words]
        begin = time.time()
        processes.append(start_on(ranks, command))
        wait_for(lambda: told_since(tmp_path / "out" / "status.json", begin) or processes[-1].poll() is not None, 60)
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


def told_since(path, begin: float) -> bool:
    """The loop runs, and has done so since ``begin``."""
    return path.exists() and path.stat().st_mtime > begin


def names(out) -> list[str]:
    """Of the checkpoints that are there."""
    return sorted(path.name for path in (out / "checkpoints").glob("*[0-9]"))


def reached(out) -> float:
    """Time of the newest checkpoint [ms]."""
    manifest = out / "checkpoints" / names(out)[-1] / "manifest.json"
    return json.loads(manifest.read_text())["content"]["time"]


def test_a_checkpoint_an_end_and_the_rest_on_other_ranks(started, tmp_path):
    out, ranks, then = tmp_path / "out", 2, 3
    process = started(ranks)
    process.send_signal(signal.SIGUSR2)
    wait_for(lambda: names(out))
    assert process.poll() is None
    process.send_signal(signal.SIGUSR1)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 75 and "stopped at t = " in said and f"hpc-twin resume {out} goes on" in said
    end = np.ceil(reached(out)) + 2
    assert json.loads((out / "status.json").read_text())["state"] == "stopped"
    done = twin("resume", out, "-n", then, "--set", f'tissue.until="{end:g} ms"')
    assert done.returncode == 0, done.stderr
    assert f"written by {ranks} ranks" in done.stdout and f"│ {then}," in done.stdout
    with netCDF4.Dataset(out / "result.exo") as data:
        assert np.array_equal(data["time_whole"][:], np.arange(end + 1)) and (data.complete, data.ranks) == (1, then)
    assert not (out / "checkpoints").exists()


def test_interrupted(started, tmp_path):
    """A usable result, and a checkpoint; run --continue takes it up."""
    process = started(1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1].count("error: stopped at t = ") == 1 and process.returncode == 130
    with netCDF4.Dataset(tmp_path / "out" / "result.exo") as data:
        assert data.complete == 0 and len(data["time_whole"]) > 0
    first, before = names(tmp_path / "out"), (tmp_path / "out" / "result.exo").read_bytes()
    assert len(first) == 1
    process = started(1, "--continue")
    assert (tmp_path / "out" / "result.exo.part").exists()
    assert (tmp_path / "out" / "result.exo").read_bytes() == before, "it stays until the longer one is whole"
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 130 and f"{first[0]}, t = " in said and names(tmp_path / "out")[-1] > first[0]


def test_by_the_clock_on_the_wall(started, tmp_path):
    process = started(1, "--set", 'checkpoint.every="0.2 s"', "--set", "checkpoint.keep=1")
    wait_for(lambda: names(tmp_path / "out"))
    first = names(tmp_path / "out")[0]
    wait_for(lambda: names(tmp_path / "out")[-1:] > [first])
    assert len(names(tmp_path / "out")) <= 2 and process.poll() is None


def test_words_that_do_not_fit(tmp_path, monkeypatch):
    (tmp_path / "case.toml").write_text(LONG)
    with pytest.raises(InputError, match="--continue and --dry-run: give one of them"):
        run(tmp_path, go_on=True, dry_run=True)
    with pytest.raises(InputError, match=r"holds no run to go on with \(no run.json\)"):
        resume(tmp_path)
    assert starts_ranks(["resume", "RUN", "-n", "4"]) and not starts_ranks(["run", "-n", "4"])
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert starts_ranks(["resume", "RUN", "-n", "4"]), "a batch script of SLURM is no rank"
    monkeypatch.setenv("PMI_SIZE", "1")
    assert not starts_ranks(["resume", "RUN", "-n", "4"])
    with pytest.raises(InputError, match="-n 3: a launcher has started 1 ranks already"):
        resume(tmp_path, ranks=3)
