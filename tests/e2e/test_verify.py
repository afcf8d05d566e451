"""The short form of every check, on two ranks; what the verb says and how it ends."""

import pytest
from tools import COMMAND, run_on, told

from hpc_twin.verify import CHECKS


@pytest.fixture(scope="module")
def all_of_them(tmp_path_factory):
    """What was said, and the page."""
    folder = tmp_path_factory.mktemp("verify")
    done = run_on(2, [*COMMAND, "verify", "all", "--short", "--out", folder], timeout=400)
    assert not done.stderr.count("Traceback"), done.stderr
    return done, (folder / "verification.md").read_text()


@pytest.mark.parametrize("name", CHECKS)
def test_short(all_of_them, name):
    done, page = all_of_them
    assert f"{name} passed (short," in done.stdout and "on 2 ranks" in done.stdout, done.stdout + done.stderr
    assert f"## {name}: " in page


def test_all_pass(all_of_them):
    done = all_of_them[0]
    assert done.returncode == 0 and f"{len(CHECKS)} of {len(CHECKS)} checks passed" in done.stdout, done.stdout


def test_names(obeyed):
    done = obeyed("verify")
    assert done.returncode == 0 and all(f"{name} " in done.stdout for name in CHECKS)


def test_unknown_name(obeyed):
    done = obeyed("verify", "rank")
    assert done.returncode == 2 and "did you mean 'ranks'?" in told(done)[0]


def test_outside_exits_with_1(tmp_path, obeyed):
    """One rank alone has nothing to be compared with."""
    done = obeyed("verify", "ranks", "--short", "--out", tmp_path)
    assert done.returncode == 1 and "OUTSIDE" in done.stdout and told(done) == []


def test_a_folder_that_cannot_be_is_told_of_before_the_work(tmp_path, obeyed):
    (tmp_path / "file").write_text("")
    done = obeyed("verify", "ranks", "--short", "--out", tmp_path / "file")
    assert done.returncode == 2 and "--out: " in told(done)[0] and "ranks" not in done.stdout
