"""A model file as bytes: read once, bounded in size, its format told by what it holds, by its name second."""

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from hpc_twin.parallel import InputError

LARGEST_FILE = 10_000_000  # bytes; the largest published cell models have 0.5 MB
FORMATS = ("mmt", "cellml", "sbml")
_ROOT = re.compile(rb"<\s*(?:[\w.-]+:)?(model|sbml)[\s>/]")
_MMT = re.compile(rb"^[ \t]*\[\[\s*\w+\s*\]\]", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """A model file: its path, its format (one of FORMATS) and its bytes."""

    path: Path
    format: str
    content: bytes

    def text(self) -> str:
        """The file as text; raises InputError if it is not UTF-8."""
        try:
            return self.content.decode("utf-8-sig")
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
    return Document(path, _format(path, content), content)


def _format(path: Path, content: bytes) -> str:
    start = content[:100_000].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")  # UTF-16 is mostly zeros
    if start.startswith(b"<"):
        root = _ROOT.search(start)
        if root is not None:
            return "sbml" if root.group(1) == b"sbml" else "cellml"
    elif _MMT.search(content):
        return "mmt"
    by_name = {".mmt": "mmt", ".cellml": "cellml", ".sbml": "sbml", ".xml": "sbml"}
    if path.suffix.lower() in by_name:
        return by_name[path.suffix.lower()]
    raise InputError(f"{path}: not a cell model: neither Myokit's .mmt nor CellML nor SBML")
