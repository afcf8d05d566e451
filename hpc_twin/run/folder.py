"""The output folder of a run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpc_twin.parallel import InputError

OURS = ("result.exo", "traces.nc", "case.toml")


def check_folder(folder: Path, overwrite: bool) -> None:
    """Make ``folder`` if need be, and refuse one that holds a run, unless ``overwrite``, or cannot be written."""
    with _writing(folder):
        there = [name for name in OURS if (folder / name).exists()]
        if there and not overwrite:
            raise InputError(f"{folder} holds a run already ({', '.join(there)}): use --overwrite, or another --out")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def prepare_folder(folder: Path, text: str) -> None:
    """Put the case's text into ``folder`` and remove an older run's files."""
    with _writing(folder):
        for name in OURS:
            (folder / name).unlink(missing_ok=True)
        (folder / "case.toml").write_text(text, encoding="utf-8")


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        words = getattr(error, "strerror", None) or error
        raise InputError(f"{folder}: cannot write the output there ({words}): use another --out") from None
