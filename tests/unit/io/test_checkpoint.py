"""A checkpoint is whole or not there, and one that was damaged is never taken for good."""

import errno
import json
import os
import shutil
import zlib
from contextlib import suppress

import pytest

from hpc_twin.io import checkpoint
from hpc_twin.io.checkpoint import checksums, copy, keep, newest, steps, write_checkpoint
from hpc_twin.parallel import InputError, RunError, world

FACTS = {"time": 0.1, "case": {"a": [1, 2.5], "b": None}}


@pytest.fixture
def run(tmp_path):
    """A run with two checkpoints."""
    (tmp_path / "a.part").write_bytes(os.urandom(1000))
    (tmp_path / "empty.part").touch()
    for step in (20, 40):
        made = write_checkpoint(world(), tmp_path, step, state(step), ["a.part", "empty.part"], FACTS)
        assert made.name == f"{step:09d}"
    return tmp_path


def state(step: int):
    return lambda path: path.write_bytes(bytes([step]) * 5000)


def test_the_newest_is_found_and_its_results_come_back(run):
    before = (run / "a.part").read_bytes()
    (run / "a.part").write_bytes(b"frames after the checkpoint")
    found, refused = newest(world(), run)
    assert found.step == 40 and refused == [] and found.facts["case"] == FACTS["case"]
    assert found.state.read_bytes() == bytes([40]) * 5000
    found.restore(run)
    assert (run / "a.part").read_bytes() == before and (run / "empty.part").stat().st_size == 0
    assert sorted(p.name for p in run.iterdir()) == ["a.part", "checkpoints", "empty.part"]


def flip(path, place: int):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "state.nc is damaged": lambda f: flip(f / "state.nc", 4321),
    "a.part is damaged": lambda f: flip(f / "a.part", 0),
    "state.nc has 4,999 bytes instead of 5,000": lambda f: os.truncate(f / "state.nc", 4999),
    "a.part is missing": lambda f: (f / "a.part").unlink(),
    "manifest.json is missing": lambda f: (f / "manifest.json").unlink(),
    "manifest.json cannot be read": lambda f: os.truncate(f / "manifest.json", 50),
    "manifest.json was changed": lambda f: (f / "manifest.json").write_text(
        (f / "manifest.json").read_text().replace('"step": 40', '"step": 41')
    ),
}


@pytest.mark.parametrize("words", DAMAGE)
def test_damage_is_told_and_the_one_before_is_taken(run, words):
    DAMAGE[words](run / "checkpoints" / "000000040")
    found, refused = newest(world(), run)
    assert found.step == 20 and len(refused) == 1 and words in refused[0] and "000000040" in refused[0]
    DAMAGE[words](run / "checkpoints" / "000000020")
    if words != "manifest.json was changed":
        assert newest(world(), run)[0] is None


def test_every_flipped_byte_is_found(tmp_path, monkeypatch):
    """In whichever piece it lies."""
    monkeypatch.setattr(checkpoint, "PIECE", 100)
    (tmp_path / "f").write_bytes(bytes(1050))
    known = checksums(world(), tmp_path, ["f"])
    assert len(known["f"]["crc32"]) == 11
    for place in range(0, 1050, 35):
        flip(tmp_path / "f", place)
        now = checksums(world(), tmp_path, ["f"])
        assert [a == b for a, b in zip(now["f"]["crc32"], known["f"]["crc32"], strict=True)].count(False) == 1
        flip(tmp_path / "f", place)


def test_another_format_is_refused(run, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", 3)
    with pytest.raises(InputError, match="is of format 2, this program reads 3"):
        newest(world(), run)


def test_what_cannot_be_written_leaves_nothing(run):
    def full(path):
        path.write_bytes(b"half")
        raise RunError("the disk is full")

    for results, write in ((["a.part"], full), (["a.part", "none.part"], state(60))):
        with pytest.raises(RunError):
            write_checkpoint(world(), run, 60, write, results, FACTS)
        assert [p.name for p in steps(run)] == ["000000020", "000000040"]
        assert len(list((run / "checkpoints").iterdir())) == 2 and newest(world(), run)[0].step == 40


def test_half_written_ones_are_not_seen_and_go(run):
    shutil.copytree(run / "checkpoints" / "000000040", run / "checkpoints" / "000000060.part")
    assert newest(world(), run)[0].step == 40
    keep(run, steps(run)[-1:])
    assert [p.name for p in (run / "checkpoints").iterdir()] == ["000000040"]
    keep(run, [])
    assert not (run / "checkpoints").exists()


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EIO])
def test_copies_where_the_kernel_cannot(tmp_path, monkeypatch, code):
    def refuse(*words):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "copy_file_range", refuse)
    (tmp_path / "a").write_bytes(os.urandom(10_000))
    if code == errno.EXDEV:
        copy(tmp_path / "a", tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    else:
        with pytest.raises(RunError, match="b: cannot be copied to"):
            copy(tmp_path / "a", tmp_path / "b")


def rewrite(folder, **changed):
    """The manifest as a stranger may make it: with other content, and the right sum of that."""
    content = {**json.loads((folder / "manifest.json").read_text())["content"], **changed}
    (folder / "manifest.json").write_text(json.dumps({"crc32": zlib.crc32(dumped(content)), "content": content}))


def dumped(content) -> bytes:
    return json.dumps(content, sort_keys=True).encode()


KNOWN = {"bytes": 1, "crc32": [zlib.crc32(b"x")]}


@pytest.mark.parametrize(
    "name", ["../../out.part", "/{}/out.part", "a/b.part", "..", ".a.part", "case.toml", "a.part\n"]
)
def test_a_strangers_manifest_writes_nowhere_else(run, name):
    folder, name = run / "checkpoints" / "000000040", name.format(run)
    with suppress(OSError):
        (folder / name).write_bytes(b"x")
    files = json.loads((folder / "manifest.json").read_text())["content"]["files"]
    rewrite(folder, files={**files, name: KNOWN})
    found, refused = newest(world(), run)
    assert found.step == 20 and "which is no result's name" in refused[0] and repr(name) in refused[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"files": {}},
        {"files": []},
        {"files": {"state.nc": 7}},
        {"files": {"state.nc": {"bytes": 5000}}},
        {"step": 60},
        {"step": "40"},
        {"files": None},
    ],
)
def test_a_strange_manifest_is_refused(run, changed):
    rewrite(run / "checkpoints" / "000000040", **changed)
    found, refused = newest(world(), run)
    assert found.step == 20 and "manifest.json" in refused[0]


@pytest.mark.parametrize("text", ["[]", '{"crc32": 0, "content": []}', "[" * 100_000, '{"crc32": 0}', "\x00"])
def test_a_manifest_of_no_sense_is_refused(run, text):
    (run / "checkpoints" / "000000040" / "manifest.json").write_text(text)
    found, refused = newest(world(), run)
    assert found.step == 20 and "manifest.json" in refused[0]


def test_what_a_user_puts_beside_checkpoints_stays(run):
    (run / "checkpoints" / "notes").mkdir()
    (run / "checkpoints" / "000000060.part").mkdir()
    keep(run, [])
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["notes"]
