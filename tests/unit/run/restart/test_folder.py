"""What a new run removes of an older one in its folder, and what it leaves."""

import fcntl
import os

import pytest
from tools import case_text

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError, world
from hpc_twin.run import simulate
from hpc_twin.run.restart import alone_in, check_folder, prepare_folder
from hpc_twin.run.restart import folder as folders
from hpc_twin.view import ViewOptions, make_pictures

THEIRS = ("state_of_things.nc", "notes.txt", "pictures/mine.png", "state_5mss.nc")


@pytest.fixture
def out(tmp_path):
    """A folder with a run's states and pictures, and files of the user's."""
    (tmp_path / "case.toml").write_text(case_text())
    words = ['output.state=["0.2 ms"]', 'tissue.until="0.4 ms"']
    simulate(load_case(tmp_path / "case.toml", words), tmp_path / "out", world())
    make_pictures(tmp_path / "out" / "result.exo", None, ViewOptions(movie=None, size=(300, 300)))
    (tmp_path / "out" / "state.nc").touch()
    for name in THEIRS:
        (tmp_path / "out" / name).touch()
    return tmp_path / "out"


def test_states_and_pictures_of_an_older_run_go(out):
    with pytest.raises(InputError, match=r"result\.exo.*state\.nc, state_0\.2ms\.nc, pictures\)"):
        check_folder(out, False)
    assert (out / "pictures" / "activation.png").is_file()
    prepare_folder(out, load_case(out.parent / "case.toml"), 1)
    left = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert left == {*THEIRS, "case.toml", "run.json", "status.json"}


def test_the_state_that_a_run_begins_with_stays(out):
    loaded = load_case(out.parent / "case.toml", ['initial.state="out/state_0.2ms.nc"'])
    prepare_folder(out, loaded, 1)
    assert (out / "state_0.2ms.nc").is_file() and not (out / "state.nc").exists()


def test_no_picture_outside_its_folder_goes(out):
    """A name in the list of pictures that leads elsewhere is nobody's."""
    (out / "pictures" / "drawn.txt").write_text("../notes.txt\n..\nactivation.png\n")
    prepare_folder(out, load_case(out.parent / "case.toml"), 1)
    assert (out / "notes.txt").is_file() and not (out / "pictures" / "activation.png").exists()


def test_two_runs_do_not_share_a_folder(tmp_path, monkeypatch):
    """The second is told, also before the first has written anything; what the first holds ends with it."""
    monkeypatch.setattr(folders, "PATIENCE", 0.2)
    (tmp_path / "case.toml").write_text(case_text())
    loaded = load_case(tmp_path / "case.toml")
    with alone_in(world(), tmp_path / "out"):
        with pytest.raises(InputError, match="another run is writing there"):
            simulate(loaded, tmp_path / "out", world(), overwrite=True)
        assert not any((tmp_path / "out").iterdir())
    assert not (tmp_path / "out").exists(), "it held nothing"
    assert simulate(loaded, tmp_path / "out", world()).loop.steps


def test_a_file_system_without_locks_is_no_hindrance(tmp_path, monkeypatch):
    def none(held, how):
        raise OSError(9, os.strerror(9))

    monkeypatch.setattr(fcntl, "flock", none)
    with alone_in(world(), tmp_path / "out"), alone_in(world(), tmp_path / "out"):
        assert (tmp_path / "out").is_dir()


class Nothing:
    """A checkpoint without results."""

    def restore(self, into):
        pass


def test_what_is_needed_to_go_on_is_replaced_at_once(out, monkeypatch):
    """Where that fails, the old one is whole; a link is replaced, not what it points to."""
    before, elsewhere = (out / "case.toml").read_text(), out.parent / "elsewhere"
    loaded = load_case(out.parent / "case.toml", ['tissue.until="0.6 ms"'])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(OSError(28, os.strerror(28))))
        with pytest.raises(InputError, match="No space left"):
            prepare_folder(out, loaded, 1, Nothing())
    assert (out / "case.toml").read_text() == before
    elsewhere.write_text("theirs")
    (out / "run.json").unlink()
    (out / "run.json").symlink_to(elsewhere)
    prepare_folder(out, loaded, 1)
    assert elsewhere.read_text() == "theirs" and not (out / "run.json").is_symlink()
