"""Every job of the gallery runs: each case in its folder, with the overrides of the job's short.txt, one per line."""

from pathlib import Path

import numpy as np
import pytest
from tools import ROOT, in_turn, results

CASES = sorted((ROOT / "jobs").glob("*/*.toml"))


def overrides(case: Path) -> list[str]:
    lines = (case.parent / "short.txt").read_text().splitlines()
    return [word for line in lines if line.strip() and not line.startswith("#") for word in ("--set", line)]


def test_there_is_a_gallery():
    assert {"heartbeat", "niederer"} <= {case.parent.name for case in CASES if case.name == "case.toml"}


@pytest.mark.parametrize("job", sorted(p for p in (ROOT / "jobs").iterdir() if p.is_dir()), ids=lambda job: job.name)
def test_every_job_has_its_readme(job):
    assert len((job / "README.md").read_text().split()) > 20


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What two ranks said to each case, and its folder."""
    folder = tmp_path_factory.mktemp("gallery")
    outs = {case: folder / f"{case.parent.name}_{case.stem}" for case in CASES}
    done = in_turn(2, folder, [["run", case, "--out", outs[case], *overrides(case)] for case in CASES], timeout=400)
    return {case: (done[k][0], outs[case]) for k, case in enumerate(CASES)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_short_variant_runs(runs, case):
    done, out = runs[case]
    assert done.returncode == 0, done.stderr
    found = results(out / "result.exo")
    V = found["V"][:, np.isfinite(found["V"][0])]  # holes in the tissue stay NaN
    assert V.shape[1] > 0.7 * found["V"].shape[1] and np.isfinite(V).all() and V.max() > 0, "no cell was excited"
    assert V.min() > -120 and V.max() < 80
    active = np.isfinite(found["activation"])
    assert 0 < active.mean() < 1 and found["activation"][active].min() >= 0


def test_dry_run_of_a_short_variant_writes_nothing(obeyed, tmp_path):
    case = ROOT / "jobs" / "niederer" / "case.toml"
    done = obeyed("run", case, "--out", tmp_path / "out", "--dry-run", *overrides(case))
    assert done.returncode == 0 and "about" in done.stdout and not (tmp_path / "out").exists(), done.stderr
