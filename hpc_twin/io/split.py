"""Meshes that were split beforehand: a folder with one netCDF-4 file in the order of the parts (docs/partition.md).

Nothing in it is compressed, so that a rank reads its rows from where they lie, and no count can ask for more than the
file has; every array of every part has its own checksum.
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import netCDF4
import numpy as np

from hpc_twin.io.netcdf import SharedFile
from hpc_twin.mesh.block import Block, Rows, Whole, integer
from hpc_twin.mesh.presplit import Parts
from hpc_twin.parallel import InputError, on_root, together
from hpc_twin.parallel.exchange import Cut

KIND, VERSION, FILE = "hpc_twin split mesh", 1, "mesh.nc"
CODES = {
    "element": {"ids": "i8", "nodes": "i8", "regions": "i4", "fibres": "f8", "sheets": "f8", "extents": "f8"},
    "node": {"ids": "i8", "points": "f8", "members": "u1"},
}
NEEDED = {"element": {"ids", "nodes", "regions"}, "node": {"ids", "points"}}


@dataclass(frozen=True)
class Split:
    """What a split says of itself.

    source  of what it was made;  checksum  of the mesh
    first   "element", "node" -> (n_parts + 1,) where the rows of each part begin
    rows    "element", "node" -> the names of the arrays that there are
    """

    path: Path
    whole: Whole
    n_parts: int
    source: dict
    checksum: str
    first: dict[str, np.ndarray]
    rows: dict[str, list[str]]


def write_split(folder: Path, parts: Parts, source: dict, checksum: str, comm) -> int:
    """Write ``parts`` to ``folder``, under a temporary name that is then renamed; the bytes. Collective.

    ``source`` tells of what the mesh was made, ``checksum`` is that of the mesh. Raises InputError where the folder
    cannot be written, RunError when the disk is full.
    """
    on_root(comm, lambda: _made(folder))
    n_parts, rows = len(parts.first_element) - 1, _rows(parts.block)
    first = {"element": parts.first_element, "node": parts.first_node}
    mine, file = Cut.even(comm, n_parts), SharedFile(comm, folder / FILE)

    def write() -> None:
        file.define(lambda data: _define(data, rows, first, n_parts))
        file.define(lambda data: data.setncatts(_facts(parts.block.whole, source, checksum)))
        for kind, table in rows.items():
            begin = first[kind][mine.first : mine.last + 1]
            for name, values in table.items():
                values = np.ascontiguousarray(values, CODES[kind][name])
                file.put(f"{kind}_{name}", values, int(begin[0]))
                file.put(f"{kind}_{name}_crc", _sums(values, begin - begin[0]), mine.first)

    return file.finish(write, complete=True)


def open_split(folder: Path, comm) -> Split:
    """What the split in ``folder`` says of itself, read by rank 0. Collective; raises InputError for no good one."""
    return comm.bcast(on_root(comm, lambda: _opened(folder)))


def read_split(split: Split, comm) -> Block:
    """The rows of this rank's parts: of an even cut of all parts, read from where they lie in the file. Collective.

    Raises InputError when they are not what was written.
    """
    mine = Cut.even(comm, split.n_parts)
    with together(comm), _reading(split.path) as data:
        tables = {kind: _read(data, split, kind, mine.first, mine.last) for kind in CODES}
        tables["node"].setdefault("members", np.zeros((len(tables["node"]["ids"]), 0), np.uint8))
        _require_numbers(split, tables["element"]["nodes"])
    elements, whole = tables["element"], split.whole
    for name, n in (("ids", whole.n_elements), ("nodes", whole.n_nodes)):
        elements[name] = elements[name].astype(integer(n), copy=False)
    return Block(whole, elements, tables["node"])


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror or error}); choose another folder") from None


def _rows(block: Block) -> dict[str, Rows]:
    """Arrays by table and name; netCDF has none without columns, as members where there are no sets."""
    nodes = {name: values for name, values in block.nodes.items() if 0 not in values.shape[1:]}
    return {"element": block.elements, "node": nodes}


def _define(data: netCDF4.Dataset, rows: dict[str, Rows], first: dict[str, np.ndarray], n_parts: int) -> None:
    data.createDimension("part", n_parts)
    data.createDimension("begin", n_parts + 1)
    for kind, table in rows.items():
        data.createDimension(kind, int(first[kind][-1]))
        data.createVariable(f"first_{kind}", "i8", ("begin",), fill_value=False)[:] = first[kind]
        for name, values in table.items():
            axes = [f"{kind}_{name}_column"] * (values.ndim - 1)
            for axis in axes:
                data.createDimension(axis, values.shape[1])
            data.createVariable(f"{kind}_{name}", CODES[kind][name], (kind, *axes), fill_value=False)
            data.createVariable(f"{kind}_{name}_crc", "u4", ("part",), fill_value=False)


def _facts(whole: Whole, source: dict, checksum: str) -> dict[str, object]:
    names = {"region_names": {str(tag): name for tag, name in whole.region_names.items()}, "sets": whole.set_names}
    words = {name: json.dumps(value) for name, value in {**names, "source": source}.items()}
    return {"kind": KIND, "version": np.int32(VERSION), "width": np.int32(whole.width), "checksum": checksum, **words}


def _sums(values: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """(n_parts here,) CRC-32 of each part's rows."""
    parts = (np.ascontiguousarray(values[a:b]) for a, b in pairwise(begin.tolist()))
    return np.array([zlib.crc32(part.data) for part in parts], np.uint32)


def _opened(folder: Path) -> Split:
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{folder}: holds no split mesh ({FILE}); 'hpc-twin partition' makes one")
    with _reading(path) as data:
        if getattr(data, "kind", None) != KIND or int(data.version) != VERSION:
            raise InputError(f"{path}: is no split mesh of this version; make it anew by 'hpc-twin partition'")
        if not int(data.complete):
            raise InputError(f"{path}: was not written to its end; make it anew by 'hpc-twin partition'")
        rows = {kind: [name for name in codes if f"{kind}_{name}" in data.variables] for kind, codes in CODES.items()}
        first = {kind: np.array(data[f"first_{kind}"][:], np.int64) for kind in CODES}
        tags = {int(tag): str(name) for tag, name in json.loads(data.region_names).items()}
        n_nodes, n_elements = (len(data.dimensions[kind]) for kind in ("node", "element"))
        whole = Whole(n_nodes, n_elements, int(data.width), tags, tuple(json.loads(data.sets)))
        n_parts = len(data.dimensions["part"])
        split = Split(path, whole, n_parts, json.loads(data.source), str(data.checksum), first, rows)
        _require_sizes(data, split)
    return split


@contextmanager
def _reading(path: Path) -> Iterator[netCDF4.Dataset]:
    """The file, without masks; whatever is wrong with it becomes an InputError that names it."""
    try:
        with netCDF4.Dataset(path) as data:
            data.set_auto_maskandscale(False)
            yield data
    except (OSError, RuntimeError, KeyError, IndexError, AttributeError, ValueError, TypeError) as error:
        details = f"{type(error).__name__}: {str(error)[:200]}"
        raise InputError(f"{path}: cannot be read as a split mesh ({details}); is it damaged or truncated?") from None


def _require_sizes(data: netCDF4.Dataset, split: Split) -> None:
    """Tables that go from 0 to the end, and as many bytes as all arrays must have."""
    whole, n_bytes = split.whole, 0
    tails = {"nodes": lambda n: n >= whole.width, "points": lambda n: n == 3, "fibres": lambda n: n == 3,
             "sheets": lambda n: n == 3, "members": lambda n: n == len(whole.set_names)}  # fmt: skip
    sound = 2 <= whole.width <= 4 and 0 < split.n_parts and min(whole.n_nodes, whole.n_elements) > 0
    for kind, names in split.rows.items():
        first, total = split.first[kind], len(data.dimensions[kind])
        sound &= NEEDED[kind] <= set(names) and len(first) == split.n_parts + 1
        sound &= bool(first[0] == 0 and first[-1] == total and (np.diff(first) >= 0).all())
        for name in names:
            rows = data[f"{kind}_{name}"]
            sound &= rows.dtype == CODES[kind][name] and rows.shape[0] == total
            sound &= all(tails[name](columns) for columns in rows.shape[1:]) and (rows.ndim == 1 + (name in tails))
            n_bytes += rows.dtype.itemsize * int(np.prod([int(n) for n in rows.shape], dtype=object))
    if not sound or n_bytes > split.path.stat().st_size:
        raise InputError(f"{split.path}: its tables contradict one another, or it is truncated; make it anew")


def _read(data: netCDF4.Dataset, split: Split, kind: str, first: int, last: int) -> Rows:
    begin, rows = split.first[kind][first : last + 1], {}
    for name in split.rows[kind]:
        values = np.asarray(data[f"{kind}_{name}"][int(begin[0]) : int(begin[-1])])
        wrong = np.flatnonzero(_sums(values, begin - begin[0]) != data[f"{kind}_{name}_crc"][first:last])
        if len(wrong):
            raise InputError(f"{split.path}: {kind} {name} of part {first + wrong[0]} is damaged; make it anew")
        rows[name] = values
    return rows


def _require_numbers(split: Split, nodes: np.ndarray) -> None:
    if nodes.size and not (nodes.min() >= -1 and nodes.max() < split.whole.n_nodes and nodes[:, :2].min() >= 0):
        raise InputError(f"{split.path}: elements have nodes that the mesh has not; make it anew")
