"""Kill a run on two ranks at random moments, again and again, until it has come to its end all the same."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from restarts import NETWORK, WATCHED, tree
from tools import CELLS, COMMAND, box_text, case_text, mesh_text, run_on, start_on, tissue_text

RANKS = 2
EVERY = 6  # steps between checkpoints
UNTIL = 30  # ms of 10 steps
STIMULUS = "[[stimulus]]\n" + box_text((0, 0, 0), (1, 2, 0)) + 'period = "9 ms"\n[[stimulus]]\nnode_set = "his"\n'


@dataclass
class Tally:
    """What happened."""

    kills: int = 0
    ends: int = 0
    fresh: int = 0  # starts without a checkpoint
    half_written: int = 0  # kills that left a checkpoint in the making


def write_case(folder: Path) -> Path:
    """Monodomain, Purkinje system, electrocardiogram, probes, singularities, and checkpoints all the time."""
    (folder / "tree.pkje").write_text(tree())
    tissue = tissue_text(UNTIL, intracellular=(0.2, 0.05), extracellular=(0.4, 0.3))
    text = case_text(mesh_text("slab", (5, 3, 2), 0.5), CELLS, tissue, STIMULUS, NETWORK)
    watched = WATCHED.replace(', "dominant_frequency"', "").partition("[output.frequency]")[0]
    (folder / "case.toml").write_text(f'{text}{watched}[checkpoint]\nevery_simulated = "{EVERY / 10} ms"\n')
    return folder / "case.toml"


def whole(case: Path, out: Path) -> None:
    """The run that nobody kills."""
    done = run_on(RANKS, [*COMMAND, "run", case, "--out", out], timeout=200)
    assert done.returncode == 0, done.stderr


def killed(case: Path, out: Path, wanted: int, seed: int) -> Iterator[Tally]:
    """Start, kill, go on, ... ``wanted`` times; yields what happened whenever the run has come to its end."""
    chance, tally = random.Random(seed), Tally()
    while tally.kills < wanted:
        before = newest(out)
        process = start_on(RANKS, [*COMMAND, "run", case, "--out", out, "--continue"])
        if struck(process, out, chance, tally):
            tally.kills += 1
        said = process.communicate(timeout=60)[0]
        check_start(said, before, tally)
        if process.returncode == 0:
            tally.ends += 1
            yield tally
    done = run_on(RANKS, [*COMMAND, "run", case, "--out", out, "--continue"], timeout=200)
    assert done.returncode == 0, done.stderr
    yield tally


def struck(process: subprocess.Popen, out: Path, chance: random.Random, tally: Tally) -> bool:
    """Wait until files are opened or the loop runs, and a random time more, and kill all or one of the processes.

    False if the run has ended before.
    """
    begin, sign = time.time(), out / chance.choice(("result.exo.part", *["status.json"] * 4))
    while process.poll() is None and not (sign.exists() and sign.stat().st_mtime > begin):
        time.sleep(0.01)
    try:
        process.wait(chance.uniform(0.0, 1.5))
        return False
    except subprocess.TimeoutExpired:
        ranks = children(process.pid)
        if chance.random() < 0.3 and ranks:
            os.kill(chance.choice(ranks), signal.SIGKILL)  # mpirun ends the others
        else:
            os.killpg(process.pid, signal.SIGKILL)
            for rank in ranks:
                gone(rank)
    tally.half_written += any((out / "checkpoints").glob("*.part"))
    return True


def children(pid: int) -> list[int]:
    """The ranks that mpirun has started; each is the leader of a group of its own."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def gone(pid: int) -> None:
    """Kill, and wait until there is no such process, or only its remains."""
    try:
        os.kill(pid, signal.SIGKILL)
        while "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
            time.sleep(0.01)
    except (ProcessLookupError, FileNotFoundError):
        return


def newest(out: Path) -> str | None:
    """The name of the newest checkpoint that is whole by its name."""
    names = [path.name for path in (out / "checkpoints").glob("*") if path.name.isdecimal()]
    return max(names, default=None)


def check_start(said: str, before: str | None, tally: Tally) -> None:
    """The newest was taken, and nothing but it."""
    if "holds the results" in said:
        return
    if before is None:
        tally.fresh += 1
        assert "goes on from" not in said
    else:
        assert f"checkpoints/{before}, t = " in said and "refused" not in said, said
