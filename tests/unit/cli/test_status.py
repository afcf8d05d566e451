"""What status says of folders, runs and not."""

import time
from pathlib import Path

import pytest

from hpc_twin.cli.status_verb import status
from hpc_twin.cli.submit_verb import typed
from hpc_twin.io.status import RunStatus, write_status
from hpc_twin.parallel import InputError

ENDED = RunStatus("failed", 60.0, 100.0, 20.0, 80.0, time.time(), 4, "V is not a number any more")


@pytest.mark.parametrize(
    ("made", "asked", "message"),
    [
        (None, "nowhere", "nowhere: there is no such folder; hpc-twin status alone lists the runs in results"),
        ("out/result.exo", "out/result.exo", "result.exo: is a file: give the folder of a run, .*/out;"),
        ("scaling/scaling.md", "scaling", "scaling: holds no run: none of its folders has a status.json or a result"),
    ],
)
def test_what_is_no_run(tmp_path, made, asked, message):
    if made is not None:
        (tmp_path / made).parent.mkdir()
        (tmp_path / made).touch()
    with pytest.raises(InputError, match=message):
        status([tmp_path / asked])


def test_what_the_user_copies_is_for_a_shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert typed(tmp_path / "a $(b)") == "'a $(b)'" and typed(tmp_path / "-x") == "./-x"
    assert typed(Path("/a/b")) == "/a/b"


def test_one_and_several(tmp_path, capsys):
    """Without a checkpoint nothing can go on; brackets in names are no colours."""
    for name in ("a [red]b[bold]", "c"):
        (tmp_path / name).mkdir()
        write_status(tmp_path / name, ENDED)
    status([tmp_path / "c"])
    told = capsys.readouterr().out
    assert "state       failed: V is not a number any more" in told and "60 of 100 ms (60 %)" in told
    assert "no checkpoint: run it again, with --overwrite" in told and "hpc-twin resume" not in told
    (tmp_path / "c" / "checkpoints" / "000000100").mkdir(parents=True)
    status([tmp_path / "c"])
    assert f"hpc-twin resume {tmp_path}/c" in capsys.readouterr().out
    status([tmp_path])
    assert "[red]b[bold]" in capsys.readouterr().out.replace("\n", "")
