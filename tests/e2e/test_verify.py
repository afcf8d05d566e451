"""The short form of every check, on two ranks; what the verb says and how it ends."""

import pytest
from tools import told, twin

from hpc_twin.verify import CHECKS


@pytest.mark.parametrize("name", CHECKS)
def test_short(name, tmp_path):
    done = twin("verify", name, "--short", "--out", tmp_path, ranks=2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{name} passed (short," in done.stdout and "on 2 ranks" in done.stdout
    assert f"## {name}: " in (tmp_path / "verification.md").read_text()


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
