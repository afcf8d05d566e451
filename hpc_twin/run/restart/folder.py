"""The output folder of a run."""

import errno
import fcntl
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from hpc_twin import __version__
from hpc_twin.case.files import absent
from hpc_twin.case.load import LoadedCase, load_case
from hpc_twin.io.checkpoint import FOLDER, Checkpoint, keep, steps
from hpc_twin.io.drawn import DRAWN, PICTURES, drawn
from hpc_twin.io.result import read_result
from hpc_twin.parallel import InputError, on_root
from hpc_twin.texts import read_json, read_text

CASE, RUN, RESULT = "case.toml", "run.json", "result.exo"
OURS = (RESULT, "traces.nc", "ecg.nc", "singularities.nc", CASE, RUN)
SAVED = re.compile(r"state(_[0-9.e+]+ms)?\.nc")  # of output.state
PATIENCE = 10.0  # s that a run which was just killed is given to be gone


@contextmanager
def alone_in(comm, folder: Path) -> Iterator[None]:
    """Keep ``folder``, which is made if need be, from other runs: two would write to the same files. Collective.

    Raises InputError where another run holds it. The lock (flock) ends with rank 0, however it ends; where a file
    system knows no locks of folders, as NFS, there is none.
    """
    made = on_root(comm, lambda: _made(folder))
    held = on_root(comm, lambda: _locked(folder))
    try:
        yield
    finally:
        if held is not None:
            os.close(held)
        if made:
            with suppress(OSError):  # it holds results
                folder.rmdir()


def _made(folder: Path) -> bool:
    """Whether it was not there."""
    with _writing(folder):
        there = folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
    return not there


def _locked(folder: Path) -> int:
    """A descriptor of ``folder``, which nobody else holds as long as it is open."""
    held, end = os.open(folder, os.O_RDONLY), time.monotonic() + PATIENCE
    while not _got(held):
        if time.monotonic() > end:
            os.close(held)
            raise InputError(
                f"{folder}: another run is writing there (see its status.json): wait, or use another --out"
            )
        time.sleep(0.1)
    return held


def _got(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN)
    return True


def check_folder(folder: Path, overwrite: bool) -> None:
    """Make ``folder`` if need be, and refuse one that holds a run, unless ``overwrite``, or cannot be written."""
    with _writing(folder):
        there = [str(path.relative_to(folder)) for path in _results(folder)]
        if there and not overwrite:
            go_on = ", hpc-twin resume to go on with it" if (folder / FOLDER).is_dir() else ""
            words = f"use --overwrite, or another --out{go_on}"
            raise InputError(f"{folder} holds a run already ({', '.join(there)}): {words}")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def prepare_folder(folder: Path, loaded: LoadedCase, ranks: int, found: Checkpoint | None = None) -> None:
    """Put case.toml and run.json into ``folder``, and remove an older run's files, or take back those of ``found``."""
    with _writing(folder):
        for path in (path for kind in ("*.part", "*.again", "*.room") for path in folder.glob(kind)):
            path.unlink()
        if found is None:
            keep(folder, [])
            _remove_results(folder, loaded)
        else:
            found.restore(folder)
        _replace(folder / CASE, loaded.text)
        facts = {
            "case": str(Path(loaded.source).resolve()),
            "folder": str(loaded.folder.resolve()),
            "overrides": loaded.overrides,
            "ranks": ranks,
            "hpc_twin": __version__,
        }
        _replace(folder / RUN, json.dumps(facts, indent=1))


def _replace(path: Path, text: str) -> None:
    """At once: a run that is killed, or finds the disk full, keeps the old one, without which nobody goes on."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with open(new, "x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


def _results(folder: Path) -> list[Path]:
    """What a run in ``folder`` could have written; a folder of pictures stands for all that view drew there."""
    saved = sorted(path for path in folder.glob("state*.nc") if SAVED.fullmatch(path.name))
    pictures = [folder / PICTURES] if (folder / PICTURES / DRAWN).is_file() else []
    return [folder / name for name in OURS if (folder / name).exists()] + saved + pictures


def _remove_results(folder: Path, loaded: LoadedCase) -> None:
    """Leave what the user has put there, and the state that ``loaded`` begins with."""
    initial = loaded.case.initial
    begun = None if initial is None or initial.state is None else (loaded.folder / initial.state).resolve()
    for path in _results(folder):
        if path.name != PICTURES and path.resolve() != begun:
            path.unlink()
    for path in (*drawn(folder / PICTURES), folder / PICTURES / DRAWN):
        path.unlink(missing_ok=True)
    if (folder / PICTURES).is_dir() and not any((folder / PICTURES).iterdir()):
        (folder / PICTURES).rmdir()


def read_run(folder: Path, overrides: Iterable[str] = (), place: Path | None = None) -> LoadedCase:
    """The case that was run in ``folder``, changed by ``overrides``; ``place``: where its folder is now, if that moved.

    Raises InputError where there is none, or where a file that it names is gone.
    """
    try:
        facts = read_json(folder / RUN)
        before, own, source = [str(word) for word in facts["overrides"]], Path(facts["folder"]), str(facts["case"])
        text = read_text(folder / CASE)
    except FileNotFoundError as error:
        raise InputError(f"{folder}: holds no run to go on with (no {Path(error.filename).name})") from None
    except (InputError, OSError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: cannot read what was run there ({error})") from None
    loaded = load_case(folder / CASE, [*before, *overrides])
    text += "".join(f"\n# --set {override}" for override in overrides)
    if place is not None:
        own = place.parent if place.suffix == ".toml" else place
        source = str(own / CASE if place == own else place)
    needed = [each for each in absent(loaded.case, own) if each[0] != "initial.state"]  # of that only the begin knows
    for key, path in needed:
        remedy = "put it back, or, if the case has moved, say where to: hpc-twin resume RUN --case ITS-FOLDER"
        raise InputError(f"{key}: {path} is not there, which {folder} needs to go on: {remedy}")
    return replace(loaded, folder=own, source=source, text=text)


def tidy(folder: Path, loaded: LoadedCase) -> None:
    """Remove what a run that was killed at its very end has left beside its results."""
    if not loaded.case.checkpoint.at_end:
        keep(folder, [])


def begun(folder: Path, loaded: LoadedCase) -> bool:
    """Whether ``folder`` holds checkpoints to go on from, good or not.

    Raises InputError where it holds none, but what another case than ``loaded`` has left.
    """
    if not steps(folder) and (folder / CASE).is_file() and read_text(folder / CASE) != loaded.text:
        raise InputError(f"{folder} holds another case, without checkpoints: use --overwrite, or another --out")
    return bool(steps(folder))


def finished(folder: Path, loaded: LoadedCase) -> bool:
    """Whether the run in ``folder`` came to its end and closed all its files.

    Raises InputError where that was one of another case than ``loaded``, and left no checkpoint: that of a run with a
    later end goes on from there.
    """
    if not (folder / RESULT).is_file() or list(folder.glob("*.part")):
        return False
    with read_result(folder / RESULT) as result:
        words = result.attributes
    complete, same = words.get("complete") == 1, words.get("case_text") == loaded.text
    if complete and not same and not steps(folder):
        raise InputError(f"{folder} holds the results of another case: use --overwrite, or another --out")
    return bool(complete and same)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        words = getattr(error, "strerror", None) or error
        raise InputError(f"{folder}: cannot write the output there ({words}): use another --out") from None
