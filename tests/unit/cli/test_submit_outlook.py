"""What submit foretells of the wall time and the disk."""

import pytest
from tools import case_text

from hpc_twin import scaling
from hpc_twin.case import load_case
from hpc_twin.cli.submit_outlook import outlook, wall_time
from hpc_twin.scaling.networks import here
from hpc_twin.scaling.plan import Estimate, Plan
from hpc_twin.slurm.request import Request


def estimate(start, step, steps=1000):
    return Estimate(4, here(10.0, 4), 100, (1.0, 1.0), {"mesh": start}, {"solve": step}, steps)


@pytest.mark.parametrize(
    ("start", "step", "words"),
    [
        (40, 0.5, "by hpc-twin plan it takes about 00:09:00 on this machine: --time 00:10:00 is enough"),
        (40, 0.6, "00:10:40 on this machine: --time 00:10:00 is not enough, it will queue itself again, about 2 jobs"),
        (40, 5.0, "about 10 jobs in all"),
        (560, 0.1, "560 s of it to start: in --time 00:10:00 no job comes to its first step"),
    ],
)
def test_whether_the_wall_time_is_enough(start, step, words):
    """A tenth of it is kept for the last checkpoint: 540 s are left."""
    told = wall_time(estimate(start, step), Request(4, 600))
    assert words in told and told.startswith("(!)") is ("is enough" not in told)


@pytest.fixture
def loaded(tmp_path):
    (tmp_path / "in.toml").write_text(case_text())
    return load_case(tmp_path / "in.toml")


def test_what_was_never_measured_is_not_foretold(loaded):
    (told,) = outlook(loaded, Request(4, 600), 1, 10**12)
    assert told == f"how long it takes: hpc-twin plan {loaded.source} --ranks 4 measures that, once"


def test_the_hint_is_of_this_case(tmp_path, monkeypatch):
    """With its overrides, and as a shell reads it: what was measured is kept by all of the case."""
    folder = tmp_path / "a $(b)"
    folder.mkdir()
    (folder / "case.toml").write_text(case_text())
    monkeypatch.chdir(tmp_path)
    (told,) = outlook(load_case(folder, ['tissue.dt="0.1 ms"']), Request(4, 600), 1, 10**12)
    assert "hpc-twin plan 'a $(b)' --set 'tissue.dt=\"0.1 ms\"' --ranks 4" in told


def test_results_and_their_copies_need_room(loaded, monkeypatch):
    """Two checkpoints stay, while a third one is written: four copies, of each of three runs."""
    monkeypatch.setattr(scaling, "kept", lambda case: "measured before")
    plan = Plan(1000, 5000, 1000, 1e9, (estimate(40, 0.5),), ())
    monkeypatch.setattr(scaling, "planned", lambda case, ranks, network, calibration: plan)
    assert len(outlook(loaded, Request(4, 600), 3, 12 * 10**9)) == 1
    assert outlook(loaded, Request(4, 600), 3, 10**10)[1] == (
        "(!) results and their copies in checkpoints may need 12 GB, 10 GB are free"
    )
