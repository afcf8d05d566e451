"""A model file as bytes: read once, bounded in size, its format told by what it holds, by its name second."""

import re
import stat
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from pathlib import Path

from hpc_twin.parallel import InputError

LARGEST_FILE = 10_000_000  # bytes; the largest published cell models have 0.5 MB
FORMATS = ("mmt", "cellml", "sbml")
_NO_MODELS = {  # how files start that are often met in the place of a model
    b"\x1f\x8b": "is compressed by gzip: unpack it",
    b"PK\x03\x04": "is a zip archive (perhaps a COMBINE archive): unpack it and give the model in it",
    b"version https://git-lfs": "is a pointer of git LFS, not the model itself: fetch that ('git lfs pull')",
}
_ROOT = re.compile(rb"<\s*(?:[\w.-]+:)?(model|sbml)[\s>/]")
_MMT = re.compile(rb"^[ \t]*\[\[\s*\w+\s*\]\]", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """A model file: its path, its format (one of FORMATS) and its bytes."""

    path: Path
    format: str
    content: bytes

    def text(self) -> str:
        """The file as text; raises InputError if it is not UTF-8, nor UTF-16 with the mark that tells it."""
        encoding = "utf-16" if self.content[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig"
        try:
            return self.content.decode(encoding)
        except UnicodeDecodeError as error:
            raise InputError(f"{self.path}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from None


def open_document(path: Path) -> Document:
    """The file at ``path``. Raises InputError if it cannot be read, is too large or is no model of a known format."""
    try:
        found = path.stat()
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            raise InputError(f"{path}: a pipe or a device, not a file")  # reading it may wait for ever
        if found.st_size > LARGEST_FILE:
            raise InputError(f"{path}: larger than {LARGEST_FILE} bytes, this is no cell model")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read the cell model ({getattr(error, 'strerror', None) or error})") from None
    said = next((words for start, words in _NO_MODELS.items() if content.startswith(start)), None)
    if said or not content.strip():
        raise InputError(f"{path}: {said or 'is empty'}")
    if content.lstrip().startswith(b"<?xml"):
        content = content.lstrip()  # nothing may stand before it
    return Document(path, _format(path, content), content)


def _format(path: Path, content: bytes) -> str:
    start = content[:100_000].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")  # UTF-16 is mostly zeros
    if start.startswith(b"<"):
        root = _ROOT.search(start)
        if root is not None:
            return "sbml" if root.group(1) == b"sbml" else "cellml"
    elif _MMT.search(content.replace(b"\0", b"").removeprefix(BOM_UTF16_LE).removeprefix(BOM_UTF16_BE)):
        return "mmt"
    by_name = {".mmt": "mmt", ".cellml": "cellml", ".sbml": "sbml", ".xml": "sbml"}
    if path.suffix.lower() in by_name:
        return by_name[path.suffix.lower()]
    raise InputError(f"{path}: not a cell model: neither Myokit's .mmt nor CellML nor SBML")
