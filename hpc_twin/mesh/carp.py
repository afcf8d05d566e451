"""CARP text meshes: NAME.pts, NAME.elem and, where there is one, NAME.lon.

The format (openCARP user's manual, "File formats"): .pts holds a count and x y z per node; .elem a count and per
element its kind (Tt, Tr, Ln), node indices from 0 and a region tag; .lon an optional count of directions (1 fibre, 2
fibre and sheet), then 3 or 6 numbers per element. Lengths are micrometres by convention.
"""

import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import InputError
from hpc_twin.texts import require_file

KINDS = {b"Tt": 4, b"Tr": 3, b"Ln": 2}
REFUSED = {
    "Hx": "hexahedra",
    "Py": "pyramids",
    "Pr": "prisms",
    "Oc": "octahedra",
    "Qd": "quadrilaterals",
    "Cx": "connections",
}
SUFFIXES = (".elem", ".pts", ".lon")


@dataclass(frozen=True)
class _Rows:
    """The numbers of a text file by line: ``values[first[i]:first[i] + count[i]]`` stand on line ``line[i]``."""

    path: Path
    values: np.ndarray
    first: np.ndarray
    count: np.ndarray
    line: np.ndarray


def basename(path: Path) -> Path | None:
    """The common name of a CARP mesh that ``path`` (.elem, .pts, .lon or the name itself) belongs to, else None."""
    name = path.with_suffix("") if path.suffix in SUFFIXES else path
    return name if path.suffix in SUFFIXES or os.path.exists(_beside(name, ".elem")) else None


def read_carp(name: Path) -> Mesh:
    """Read NAME.pts, NAME.elem and NAME.lon in the file's own length unit. Raises InputError."""
    points = _read_points(_beside(name, ".pts"))
    elements, regions = _read_elements(_beside(name, ".elem"), len(points))
    lon = _beside(name, ".lon")
    fibres, sheets = _read_directions(lon, len(elements)) if lon.exists() else (None, None)
    which = "fibres" if sheets is None else "fibres and sheets"
    note = f"no fibres ({lon.name} does not exist)" if fibres is None else f"{which} from {lon.name}"
    return Mesh(points, elements, regions, fibres, sheets, notes=(note,))


def _beside(name: Path, suffix: str) -> Path:
    return name.parent / (name.name + suffix)


def _read_points(path: Path) -> np.ndarray:
    count, rows = _counted(path, _bytes(path), float, "nodes")
    _require(rows, rows.count == 3, "3 coordinates")
    return rows.values.reshape(count, 3)


def _read_elements(path: Path, n_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Elements (n, width), padded by -1, and regions (n,)."""
    text = _bytes(path)
    _refuse_kinds(path, text)
    for kind, size in KINDS.items():
        text = text.replace(kind, b"%d" % size)
    count, rows = _counted(path, text, np.int64, "elements")
    size = rows.values[rows.first]
    tagged = bool(count) and rows.count[0] == size[0] + 2
    _require(rows, (size >= 2) & (size <= 4), "an element kind (Tt, Tr or Ln) in front")
    _require(rows, rows.count == size + 1 + tagged, f"kind, node indices{' and region' if tagged else ''}")
    elements = np.full((count, size.max(initial=2)), -1, dtype=np.int64)
    for k in range(elements.shape[1]):
        has = size > k
        elements[has, k] = rows.values[rows.first[has] + 1 + k]
        _require(rows, ~has | ((elements[:, k] >= 0) & (elements[:, k] < n_nodes)), f"node indices 0 to {n_nodes - 1}")
    regions = rows.values[rows.first + rows.count - 1] if tagged else np.zeros(count, dtype=np.int64)
    _require(rows, np.abs(regions) < 2**31, "a region tag below 2^31")
    return elements, regions.astype(np.int32)


def _read_directions(path: Path, n_elements: int) -> tuple[np.ndarray, np.ndarray | None]:
    rows = _rows(path, _bytes(path), float, 1)
    if len(rows.count) and rows.count[0] == 1:
        rows = _Rows(path, rows.values, rows.first[1:], rows.count[1:], rows.line[1:])
    if len(rows.count) != n_elements:
        found = f"{len(rows.count)} directions for {n_elements} elements"
        raise InputError(f"{path}: found {found}; is the file truncated?")
    width = 6 if n_elements and rows.count[0] == 6 else 3
    _require(rows, rows.count == width, f"{width} numbers")
    table = rows.values[rows.first[:, None] + np.arange(width)]
    return table[:, :3], table[:, 3:] if width == 6 else None


def _bytes(path: Path) -> bytes:
    try:
        require_file(path)
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; a CARP mesh is NAME.pts and NAME.elem (and NAME.lon)") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _counted(path: Path, text: bytes, kind: type, what: str) -> tuple[int, _Rows]:
    """The count in the first line and the rows after it, as many as it says."""
    head, _, body = text.partition(b"\n")
    words = head.split()
    if len(words) != 1 or not words[0].isdigit():
        raise InputError(f"{path}: line 1: found {_shown(head)}, expected the number of {what}")
    rows = _rows(path, body, kind, 2)
    if int(words[0]) != len(rows.count):
        raise InputError(
            f"{path}: line 1 says {int(words[0])} {what}, {len(rows.count)} lines follow; is the file truncated?"
        )
    return len(rows.count), rows


def _rows(path: Path, text: bytes, kind: type, first_line: int) -> _Rows:
    """Parse all numbers at once; lines without any are left out."""
    raw = np.frombuffer(text, dtype=np.uint8)
    word = raw > 32
    begins = np.flatnonzero(word & ~np.concatenate(([False], word[:-1])))
    line_starts = np.concatenate(([0], np.flatnonzero(raw == 10) + 1))
    first = np.searchsorted(begins, line_starts)
    count = np.diff(first, append=len(begins))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # numpy's word for text it cannot parse, found below
        values: np.ndarray = np.fromstring(text, dtype=kind, sep=" ") if len(begins) else np.zeros(0, dtype=kind)
    if len(values) != len(begins):
        raise InputError(_malformed(path, text, begins, len(values), kind, line_starts, first_line))
    full = count > 0
    return _Rows(path, values, first[full], count[full], np.flatnonzero(full) + first_line)


def _malformed(path, text, begins, parsed, kind, line_starts, first_line) -> str:
    """Say on which line parsing stopped after ``parsed`` numbers: at that word or, half read, the one before."""
    number = float if kind is float else int
    for index in (parsed - 1, parsed):
        word = text[begins[index] :].split(maxsplit=1)[0] if 0 <= index < len(begins) else b"0"
        try:
            number(word)
        except ValueError:
            line = np.searchsorted(line_starts, begins[index], side="right") - 1 + first_line
            return f"{path}: line {line}: found {_shown(word)}, expected a number"
    return f"{path}: numbers are not separated by blanks"


def _require(rows: _Rows, good: np.ndarray, what: str) -> None:
    """Raise InputError naming the first line that is not ``good``."""
    if not good.all():
        row = int(np.argmin(good))
        found = rows.values[rows.first[row] : rows.first[row] + min(int(rows.count[row]), 8)]
        numbers = " ".join(f"{value:g}" if rows.values.dtype.kind == "f" else str(value) for value in found)
        raise InputError(f"{rows.path}: line {rows.line[row]}: found {numbers!r}, expected {what}")


def _refuse_kinds(path: Path, text: bytes) -> None:
    """Refuse, by name and line, whatever is not one of the three simplices."""
    odd = re.search(rb"[A-Za-z]+", re.sub(rb"\b(?:Tt|Tr|Ln)\b", lambda m: b"  ", text))
    if odd:
        word = odd.group().decode()
        line = text.count(b"\n", 0, odd.start()) + 1
        name = f"{REFUSED[word]} ({word})" if word in REFUSED else f"element kind '{word[:20]}'"
        raise InputError(
            f"{path}: line {line}: found {name}; hpc_twin computes on tetrahedra (Tt), triangles (Tr) and lines (Ln): "
            "split the others first"
        )


def _shown(text: bytes) -> str:
    return repr(text[:40].decode(errors="replace"))
