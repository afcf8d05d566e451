import shutil
from collections import namedtuple

from hpc_twin.io.room import lack_of_room


def test_room_for_little(tmp_path):
    (tmp_path / "a").touch()
    assert lack_of_room(tmp_path / "a", 1000) is None
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_full_disk_is_told(tmp_path):
    assert "the disk is full" in lack_of_room(tmp_path / "a", 1 << 60)


def test_what_cannot_be_allocated_is_told(tmp_path, monkeypatch):
    """As with a quota: the disk says that it is empty, and refuses."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(1 << 62))
    assert lack_of_room(tmp_path / "a", 1 << 60)
    assert not list(tmp_path.iterdir())
