"""Text, TOML and JSON from outside: whatever they hold, the answer is data that is plain, or one InputError.

Plain: not nested deeper than DEEPEST, no sign that is NUL, no text longer than LONGEST_TEXT, and integers of 64 bits,
which is what TOML promises (toml.io, v1.0.0, "Integer").
"""

import json
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

from hpc_twin.parallel import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST = 16 << 20  # bytes of a file that is read as text
LONGEST_TEXT = 100_000
DEEPEST = 50
LONG_KEY = re.compile(r"(?:^|[,=\[\]{}\n])(?:[^.,=\[\]{}\n]*\.){1000}")  # tomllib takes time as its length squared
SHOWN = 80  # characters of what a message shows
HANDED = re.compile(r"/dev/stdin|/dev/fd/\d+|/proc/self/fd/\d+")  # what a shell opens: cat a | ... /dev/stdin, <(cat a)


class NotTomlError(InputError):
    """Text that is no TOML: the value of --set is then taken as it stands."""


def require_file(path: Path) -> None:
    """Raise InputError for what is no regular file: a folder, or a pipe or device, which may never end.

    FileNotFoundError goes through: who asks knows what should be there.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # a loop of links, a name too long, no rights; ValueError: NUL in the name
        raise InputError(f"{shown(str(path))}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise InputError(f"{path}: is {kind}, not a file")


def read_text(path: Path) -> str:
    """The text in ``path``, a file or a pipe that the shell has opened.

    Raises FileNotFoundError, and InputError for whatever else cannot be read as UTF-8.
    """
    if not _handed(path):
        require_file(path)
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise InputError(f"{path}: text of more than {LARGEST:,} bytes is not read")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _handed(path: Path) -> bool:
    """Whether ``path`` is a pipe with somebody at its other end; a named one may have nobody."""
    return HANDED.fullmatch(str(path)) is not None and stat.S_ISFIFO(os.stat(path).st_mode)


def read_json(path: Path) -> Any:
    """What ``path`` holds. Raises as ``read_text``, and InputError where it is not plain JSON."""
    text = read_text(path)
    try:
        return plain(json.loads(text))
    except (ValueError, RecursionError, InputError) as error:
        raise InputError(f"{path}: not valid JSON: {_reason(error)}") from None


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of ``text``. Raises InputError where it is not TOML, or not plain."""
    if LONG_KEY.search(text):
        raise InputError(f"nested deeper than {DEEPEST} times")
    try:
        return plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise NotTomlError(shown(str(error))) from None
    except (ValueError, RecursionError) as error:
        raise InputError(_reason(error)) from None


def plain(data: Any) -> Any:
    """``data`` as it is. Raises InputError where it is not plain."""
    waiting: list[tuple[tuple, Any]] = [((), data)]
    while waiting:
        place, value = waiting.pop()
        fault = _fault(value, len(place))
        if fault:
            raise InputError(f"{shown('.'.join(map(str, place))) or 'it'}: {fault}")
        if isinstance(value, dict):
            waiting += [((*place, name), each) for name, each in value.items()]
            waiting += [(place, name) for name in value]
        elif isinstance(value, list):
            waiting += [((*place, number), each) for number, each in enumerate(value)]
    return data


def shown(text: str) -> str:
    """``text``, the middle left out where it is long."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2]} ... {text[-SHOWN // 4 :]} ({len(text):,} characters)"


def _fault(value: Any, depth: int) -> str:
    if depth > DEEPEST:
        return f"nested deeper than {DEEPEST} times"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "an integer beyond 64 bits"
    if isinstance(value, str) and "\0" in value:
        return "text with the sign NUL"
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"text of {len(value):,} characters, at most {LONGEST_TEXT:,} are read"
    return ""


def _reason(error: Exception) -> str:
    """Python tells of its recursion and of the digits it converts, which is not what a user knows of."""
    if isinstance(error, RecursionError):
        return f"nested deeper than {DEEPEST} times"
    return "an integer beyond 64 bits" if "integer string conversion" in str(error) else shown(str(error))
