"""Files from outside: every one ends in data that is plain, or in one InputError, soon."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tools import case_text

from hpc_twin.case import load_case
from hpc_twin.io.checkpoint import newest
from hpc_twin.io.status import RunStatus, read_status, write_status
from hpc_twin.parallel import InputError, world
from hpc_twin.run.restart import read_run
from hpc_twin.slurm.cases import read_list, tasks
from hpc_twin.texts import LARGEST, parse_toml, read_json, read_text

CASE = case_text()
BAD_TOML = {
    "brackets": ("x = " + "[" * 200_000, "nested deeper than 50 times"),
    "a list in lists": ("x = " + "[" * 60 + "]" * 60, "nested deeper than 50 times"),
    "tables": ("x = " + "{a = " * 200_000, "nested deeper than 50 times"),
    "a key in parts": (".".join(["a"] * 100_000) + " = 1", "nested deeper than 50 times"),
    "a name in parts": ("[" + ".".join(['"a b"'] * 100_000) + "]\nx = 1", "nested deeper than 50 times"),
    "a key within": ("x = {" + ".".join(["a"] * 100_000) + " = 1}", "nested deeper than 50 times"),
    "digits": (CASE.replace('"0.1 ms"', "1" + "0" * 5000), "an integer beyond 64 bits"),
    "more than 64 bits": ("refine = 9223372036854775808", "refine: an integer beyond 64 bits"),
    "digits in text": (CASE.replace('"0.1 ms"', f'"1{"0" * 90_000} ms"'), r"tissue\.dt: found .*cannot read it as"),
    "infinite": (CASE.replace('"0.1 ms"', "1e400"), r"tissue\.dt: found inf, a time needs a unit"),
    "infinite text": (CASE.replace('"0.1 ms"', '"1e400 ms"'), r"tissue\.dt: .* must be finite"),
    "nan": (CASE + "[solver]\nrtol = nan", r"solver\.rtol: found nan; input should be a finite number"),
    "NUL": ("\0" * 100, "not valid TOML"),
    "NUL in text": ('title = "a\\u0000b"', "title: text with the sign NUL"),
    "NUL in a key": ('[cells]\n"a\\u0000b" = 1', "cells: text with the sign NUL"),
    "long text": (f'title = "{"x" * 10**6}"', "title: text of 1,000,000 characters"),
    "a long key": (f"{'a' * 90_000} = 1\n" + CASE, r"unknown key aaa.* \(90,000 characters\)"),
    "many keys": ("\n".join(f"k{i} = 1" for i in range(2000)) + "\n" + CASE, r"unknown key k0[\s\S]*and 1990 more"),
    "not UTF-8": (CASE.encode("utf-16"), r"is not UTF-8 text \(byte 0\)"),
    "too long": (b"#" * (LARGEST + 1), "is not read"),
}


@pytest.mark.parametrize("name", BAD_TOML)
def test_bad_cases(name, tmp_path):
    text, words = BAD_TOML[name]
    (tmp_path / "case.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    start = time.process_time()
    with pytest.raises(InputError, match=words) as found:
        load_case(tmp_path)
    assert len(str(found.value)) < 3000 and time.process_time() - start < 5


BAD_JSON = ["[" * 200_000, "[" * 60 + "]" * 60, '{"a":' * 200_000, "1" + "0" * 5000, "1e5 2", "", '"\\u0000"', "\0"]


@pytest.mark.parametrize("text", BAD_JSON, ids=range(len(BAD_JSON)))
def test_bad_json(text, tmp_path):
    """In whatever file of a run's folder it stands."""
    for name in ("run.json", "status.json", "array.json", "manifest.json"):
        folder = tmp_path / "checkpoints" / "000000010" if name == "manifest.json" else tmp_path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with pytest.raises(InputError, match="not valid JSON"):
        read_json(tmp_path / "run.json")
    with pytest.raises(InputError, match="cannot read what was run there"):
        read_run(tmp_path)
    with pytest.raises(InputError, match=r"array\.json"):
        read_list(tmp_path)
    assert read_status(tmp_path) is None
    found, refused = newest(world(), tmp_path)
    assert found is None and "manifest.json cannot be read" in refused[0]


@pytest.mark.parametrize("key", ["t", "ranks", "message"])
def test_status_with_something_else_in_it(key, tmp_path):
    write_status(tmp_path, RunStatus("running", 1, 2.0, 0.0, 1.0, 1.0, 2))
    assert read_status(tmp_path).t == 1
    text = (tmp_path / "status.json").read_text()
    (tmp_path / "status.json").write_text(text.replace(f'"{key}": ', f'"{key}": [], "x": '))
    assert read_status(tmp_path) is None


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "folder.toml" / "case.toml").mkdir()
    known = {"pipe": "a pipe", "/dev/zero": "a device", "loop": "symbolic links", "folder.toml": "is a folder"}
    for path, words in {**known, "a" * 300: "too long"}.items():
        with pytest.raises(InputError, match=words):
            load_case(tmp_path / path)
    with pytest.raises(InputError, match=r"no such case file; did you mean 'folder\.toml'"):
        load_case(tmp_path / "foldr.toml")


def piped(text: bytes) -> int:
    """What the shell makes of <(...): the end of a pipe that gives ``text``."""
    here, there = os.pipe()
    threading.Thread(target=lambda: _pour(there, text), daemon=True).start()
    return here


def _pour(end: int, text: bytes) -> None:
    with open(end, "wb") as file, suppress(BrokenPipeError):
        file.write(text)


def test_a_pipe_of_the_shell_is_read_to_its_end():
    case = piped(CASE.encode() + b"#" * 100_000)
    assert load_case(f"/dev/fd/{case}").case.title == ""
    os.close(case)
    endless = piped(b"#" * (LARGEST + 2))
    with pytest.raises(InputError, match="is not read"):
        load_case(f"/dev/fd/{endless}")
    os.close(endless)


def test_who_starts_others_to_read_a_case_wants_a_file():
    case = piped(CASE.encode())
    with pytest.raises(InputError, match="is a pipe"):
        tasks([Path(f"/dev/fd/{case}")], (), ())
    os.close(case)


def test_what_is_good(tmp_path):
    (tmp_path / "a").write_text("\ufeffx = [1, inf]\ny = -9223372036854775808", encoding="utf-8")
    text = read_text(tmp_path / "a")
    assert parse_toml(text) == {"x": [1, float("inf")], "y": -(2**63)}
