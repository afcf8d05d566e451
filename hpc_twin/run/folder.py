"""The output folder of a run."""

from pathlib import Path

from hpc_twin.parallel import InputError

OURS = ("result.exo", "traces.nc", "case.toml")


def prepare_folder(folder: Path, overwrite: bool, text: str) -> None:
    """Make ``folder`` and put the case's text there; remove an older run's files only when ``overwrite`` says so."""
    there = [name for name in OURS if (folder / name).exists()]
    if there and not overwrite:
        raise InputError(f"{folder} holds a run already ({', '.join(there)}): use --overwrite, or another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in OURS:
            (folder / name).unlink(missing_ok=True)
        (folder / "case.toml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot write the output there ({error.strerror}): use another --out") from None
