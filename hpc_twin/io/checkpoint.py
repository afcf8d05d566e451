"""Checkpoints on disk: folders of files with their checksums, which appear whole or not at all.

RUN/checkpoints/000001200/ holds state.nc (io/memory.py), copies of the results as they were, and manifest.json: what
the caller says of the run, and size and CRC-32 of every file in pieces, which the ranks share.
"""

import errno
import json
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from hpc_twin.parallel import InputError, RunError, TwinError, on_root, together
from hpc_twin.texts import read_json

FORMAT = 2
FOLDER, STATE, MANIFEST = "checkpoints", "state.nc", "manifest.json"
PIECE = 64 << 20  # bytes to a checksum
BUFFER = 4 << 20
NAME, HALF = r"[0-9]{9,}", r"[0-9]{9,}\.part"  # of a checkpoint, of one that is being written
RESULT = re.compile(r"\w[\w.-]*\.part", re.ASCII)  # a name of a result, and of no other place
NO_COPY_IN_KERNEL = (errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF, errno.EPERM)


@dataclass(frozen=True)
class Checkpoint:
    """A good one: all files are as they were written. ``facts``: what its writer said."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def step(self) -> int:
        """Steps that were done."""
        return int(self.facts["step"])

    @property
    def state(self) -> Path:
        """The file of the run's memory."""
        return self.folder / STATE

    def restore(self, into: Path) -> None:
        """Copy the results back; one rank calls it."""
        for name in self.facts["files"]:
            if name not in (STATE, MANIFEST):
                copy(self.folder / name, into / f"{name}.again")
                os.replace(into / f"{name}.again", into / name)


def write_checkpoint(
    comm, run: Path, step: int, write_state: Callable[[Path], object], results: Sequence[str], facts: Mapping[str, Any]
) -> Path:
    """Make RUN/checkpoints/STEP: the state, which ``write_state(path)`` writes, and the files ``results``. Collective.

    Raises RunError or InputError, on all ranks, where it cannot be written; then nothing is left of it.
    """
    final = run / FOLDER / f"{step:09d}"
    making = final.with_suffix(".part")
    try:
        on_root(comm, lambda: _begin(making))
        write_state(making / STATE)
        on_root(comm, lambda: _copy_all(run, making, results))
        files = checksums(comm, making, [STATE, *results])
        content = {**facts, "format": FORMAT, "step": step, "files": files}
        on_root(comm, lambda: _publish(making, final, content))
    except TwinError:  # raised on all ranks
        on_root(comm, lambda: shutil.rmtree(making, ignore_errors=True))
        raise
    return final


def newest(comm, run: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest good checkpoint of ``run``, and what is wrong with those that are newer. Collective.

    Raises InputError where it is of another version of the format.
    """
    refused: list[str] = []
    for folder in comm.bcast(on_root(comm, lambda: steps(run)[::-1])) or []:
        facts, fault = comm.bcast(on_root(comm, partial(_manifest, folder)))
        if not fault and facts.get("format") != FORMAT:
            raise InputError(f"{folder}: is of format {facts.get('format')}, this program reads {FORMAT}")
        fault = fault or next(iter(_faults(comm, folder, facts["files"])), None)
        if fault is None:
            return Checkpoint(folder, facts), refused
        refused.append(f"{folder}: {fault}")
    return None, refused


def steps(run: Path) -> list[Path]:
    """The folders of all checkpoints of ``run``, good or not, by steps."""
    return sorted(_named(run, NAME), key=lambda path: int(path.name))


def keep(run: Path, wanted: Sequence[Path]) -> None:
    """Remove all checkpoints but ``wanted``, half-written ones too; one rank calls it."""
    for path in _named(run, f"{NAME}|{HALF}"):
        if path not in wanted:
            shutil.rmtree(path, ignore_errors=True)
    if not wanted:
        with suppress(OSError):  # there is none, or it holds what is not ours
            (run / FOLDER).rmdir()


def _named(run: Path, names: str) -> list[Path]:
    folder = run / FOLDER
    return [path for path in folder.iterdir() if re.fullmatch(names, path.name)] if folder.is_dir() else []


def checksums(comm, folder: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Size and CRC-32s of the pieces of each file; every rank that sees the files takes its share. Collective."""
    sizes = comm.bcast(on_root(comm, lambda: {name: (folder / name).stat().st_size for name in names}))
    pieces = [(name, start) for name in names for start in range(0, sizes[name], PIECE)]
    seeing = [rank for rank, sees in enumerate(comm.allgather((folder / names[0]).is_file())) if sees]
    mine = pieces[seeing.index(comm.rank) :: len(seeing)] if comm.rank in seeing else []
    with together(comm):
        own = {piece: _checksum(folder / piece[0], piece[1]) for piece in mine}
    known = {piece: value for part in comm.allgather(own) for piece, value in part.items()}
    return {
        name: {"bytes": size, "crc32": [known[name, start] for start in range(0, size, PIECE)]}
        for name, size in sizes.items()
    }


def copy(source: Path, target: Path) -> None:
    """Copy a file: shared blocks where the file system can, else in the kernel, else through a small buffer."""
    try:
        with open(source, "rb") as old, open(target, "wb") as new:
            if not _copied_in_kernel(old, new):
                shutil.copyfileobj(old, new, BUFFER)
    except OSError as error:
        raise RunError(f"{target}: cannot be copied to ({error.strerror or error})") from None
    if target.stat().st_size != source.stat().st_size:
        raise RunError(f"{target}: is not as long as {source}")


def _copy_all(source: Path, target: Path, names: Sequence[str]) -> None:
    for name in names:
        copy(source / name, target / name)


def _copied_in_kernel(old: BinaryIO, new: BinaryIO) -> bool:
    """Whether that worked; if not, nothing was written. Some file systems say that they have, and have not."""
    if not hasattr(os, "copy_file_range"):
        return False
    try:
        while os.copy_file_range(old.fileno(), new.fileno(), 1 << 30):
            continue
    except OSError as error:
        if error.errno not in NO_COPY_IN_KERNEL or os.fstat(new.fileno()).st_size:
            raise
        return False
    return os.fstat(new.fileno()).st_size > 0


def _begin(making: Path) -> None:
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)


def _publish(making: Path, final: Path, content: Mapping[str, Any]) -> None:
    """Write the manifest, bring all to the disk, and only then give the folder its name."""
    (making / MANIFEST).write_text(json.dumps({"crc32": _of(content), "content": content}, indent=1), encoding="utf-8")
    for path in (*making.iterdir(), making):
        _to_disk(path)
    shutil.rmtree(final, ignore_errors=True)
    os.replace(making, final)
    for path in (final.parent, final.parent.parent):
        _to_disk(path)


def _to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot do that for folders
            raise
    finally:
        os.close(number)


def _manifest(folder: Path) -> tuple[dict[str, Any], str | None]:
    """What the manifest says, and what is wrong with it."""
    try:
        found = read_json(folder / MANIFEST)
        content = found["content"]
        if found["crc32"] != _of(content):
            return {}, f"{MANIFEST} was changed"
        known = content["format"] == FORMAT
        return content, _flaw(content, int(folder.name)) if known else None
    except FileNotFoundError:
        return {}, f"{MANIFEST} is missing"
    except (InputError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return {}, f"{MANIFEST} cannot be read ({type(error).__name__}: {error})"


def _flaw(content: Mapping[str, Any], step: int) -> str | None:
    """What no run writes into a manifest: a stranger's may name files that lie elsewhere."""
    strange = [name for name in content["files"] if name != STATE and not RESULT.fullmatch(name)]
    if strange:
        return f"{MANIFEST} names {strange[0]!r}, which is no result's name"
    complete = all({"bytes", "crc32"} <= set(known) for known in content["files"].values())
    if STATE not in content["files"] or not complete or content["step"] != step:
        return f"{MANIFEST} is not that of {step} steps with their files"
    return None


def _of(content: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _faults(comm, folder: Path, files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with the files, in words. Collective."""
    lacking = comm.bcast(on_root(comm, lambda: list(_wrong_sizes(folder, files))))
    yield from lacking or ()
    try:
        now = {} if lacking else checksums(comm, folder, list(files))
    except TwinError as error:  # raised on all ranks
        yield f"cannot be read ({error})"
        return
    for name, found in now.items():
        if found["crc32"] != files[name]["crc32"]:
            yield f"{name} is damaged (its checksum differs)"


def _wrong_sizes(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, known in files.items():
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
        elif path.stat().st_size != known["bytes"]:
            yield f"{name} has {path.stat().st_size:,} bytes instead of {known['bytes']:,}"


def _checksum(path: Path, start: int) -> int:
    value = 0
    with open(path, "rb", buffering=0) as file:
        file.seek(start)
        left = PIECE
        while left and (data := file.read(min(BUFFER, left))):
            value, left = zlib.crc32(data, value), left - len(data)
    return value
