"""Read an Exodus II file in blocks: an equal one by each rank, so that none holds the whole mesh."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from hpc_twin.mesh.block import Block, Rows, Whole, integer
from hpc_twin.mesh.bounded import bounded_memory
from hpc_twin.mesh.checks import FARTHEST
from hpc_twin.mesh.convert import SET
from hpc_twin.mesh.directions import FIBRE, SHEET, normalised, plain
from hpc_twin.mesh.exodus import CORNERS, SIDES, block_kind, names_of
from hpc_twin.parallel import InputError, together
from hpc_twin.parallel.exchange import Cut

AT_ONCE = 1 << 20  # entries of a set looked at at a time


@dataclass(frozen=True)
class _Header:
    """keys     number of each element block that has elements; first  where its elements begin, and the end of all
    regions  of each of these blocks; vectors  "fibres", "sheets" -> their three element variables, in words of the file
    sets     name -> the variables with its nodes, and with its elements and their sides; one of both is empty
    """

    n_nodes: int
    keys: list[int]
    first: np.ndarray
    width: int
    region_names: dict[int, str]
    regions: list[int]
    vectors: dict[str, list[str]]
    sets: dict[str, tuple[str, str]]


def exodus_elements(path: Path) -> int | None:
    """How many elements ``path`` has, or None and errors as of ``read_exodus_blocks``; for one rank."""
    with _reading(path) as file:
        header = _header(file, path)
    return None if header is None else int(header.first[-1])


def read_exodus_blocks(path: Path, scale: float, comm) -> Block | None:
    """The mesh in ``path``, lengths times ``scale``, as ``read`` would find it, in blocks; collective.

    None for what it takes the whole mesh to understand: kinds of elements side by side, of which some may be marks, and
    directions at nodes. Raises InputError for damaged files and elements that are not simplices.
    """
    with together(comm), _reading(path) as file:
        header = _header(file, path)
        block = None if header is None else _block(file, path, header, scale, comm)
    if header is None or block is None:
        return None
    for column, (nodes, sides) in enumerate(header.sets.values()):
        with together(comm), _reading(path) as file:
            found = _members(file, nodes, sides, header, block)
        held = Cut.held(comm, len(block.nodes["ids"]))
        there = held.asked(found).carry(found) - held.first
        block.nodes["members"][there, column] = 1
    return block


@contextmanager
def _reading(path: Path) -> Iterator[netCDF4.Dataset]:
    try:
        with bounded_memory(path.stat().st_size), netCDF4.Dataset(path) as file:
            file.set_auto_mask(False)
            yield file
    except (MemoryError, OSError, RuntimeError, KeyError, IndexError, AttributeError, ValueError) as error:
        details = f"{type(error).__name__}: {str(error)[:200]}"
        raise InputError(f"{path}: cannot be read as .exo ({details}); is it truncated or damaged?") from None


def _header(file: netCDF4.Dataset, path: Path) -> _Header | None:
    count = len(file.dimensions["num_el_blk"])
    keys = [k for k in range(1, count + 1) if f"connect{k}" in file.variables]
    kinds = {block_kind(file[f"connect{k}"], path) for k in keys}
    if len(kinds) != 1 or kinds == {"vertex"} or _told_otherwise(file):
        return None
    ids = file["eb_prop1"][:].tolist() if "eb_prop1" in file.variables else list(range(1, count + 1))
    names = names_of(file, "eb_names", count)
    tags = {ids[k - 1]: names[k - 1] for k in keys if names[k - 1]}
    first = np.cumsum([0, *(file[f"connect{k}"].shape[0] for k in keys)])
    width, n_nodes = CORNERS[kinds.pop()], len(file.dimensions["num_nodes"])
    return _Header(n_nodes, keys, first, width, tags, [ids[k - 1] for k in keys], _vectors(file), _sets(file, width))


def _told_otherwise(file: netCDF4.Dataset) -> bool:
    """Whether directions are given at nodes, regions by a variable, or sets by masks, as in our .vtu files."""
    nodal = names_of(file, "name_nod_var", len(file.dimensions.get("num_nod_var", ())))
    elemental = names_of(file, "name_elem_var", len(file.dimensions.get("num_elem_var", ())))
    stems = [name[:-1] for name in nodal if name[-1:] in ("x", "X")]
    directed = any(pattern.fullmatch(plain(stem)) for stem in stems for pattern in (FIBRE, SHEET))
    return directed or any(name.startswith(SET) for name in nodal) or any(n.startswith("region") for n in elemental)


def _vectors(file: netCDF4.Dataset) -> dict[str, list[str]]:
    """The element variables that hold x, y and z of the first vector with the name of a direction."""
    names = names_of(file, "name_elem_var", len(file.dimensions.get("num_elem_var", ())))
    found: dict[str, list[str]] = {}
    for key, pattern in (("fibres", FIBRE), ("sheets", SHEET)):
        for name in names:
            parts = [name[:-1] + letter for letter in ("XYZ" if name[-1:] == "X" else "xyz")]
            if name[-1:] in ("x", "X") and set(parts) <= set(names) and pattern.fullmatch(plain(name[:-1])):
                found.setdefault(key, [f"vals_elem_var{names.index(part) + 1}eb" for part in parts])
    return found


def _sets(file: netCDF4.Dataset, width: int) -> dict[str, tuple[str, str]]:
    sets = {}
    for k, name in enumerate(names_of(file, "ns_names", len(file.dimensions.get("num_node_sets", ()))), start=1):
        if f"node_ns{k}" in file.variables:
            sets[name or f"node set {k}"] = (f"node_ns{k}", "")
    sides = names_of(file, "ss_names", len(file.dimensions.get("num_side_sets", ()))) if width == 4 else []
    for k, name in enumerate(sides, start=1):
        if f"elem_ss{k}" in file.variables:
            sets[name or f"side set {k}"] = (f"elem_ss{k}", f"side_ss{k}")
    return sets


def _block(file: netCDF4.Dataset, path: Path, header: _Header, scale: float, comm) -> Block:
    n_elements = int(header.first[-1])
    whole = Whole(header.n_nodes, n_elements, header.width, header.region_names, tuple(header.sets))
    mine, nodes = Cut.even(comm, n_elements), Cut.even(comm, header.n_nodes)
    rows = [_rows(file, header, k, mine) for k in range(len(header.keys))]
    elements = {name: np.concatenate([part[name] for part in rows]) for name in rows[0]}
    elements["ids"] = np.arange(mine.first, mine.last, dtype=integer(n_elements))
    if elements["nodes"].min(initial=0) < 0 or elements["nodes"].max(initial=0) >= header.n_nodes:
        raise InputError(f"{path}: elements have nodes outside 0 to {header.n_nodes - 1} (counted from 0)")
    points = _points(file, nodes.first, nodes.last) * scale
    if not (np.abs(points) < FARTHEST).all():
        raise InputError(f"{path}: nodes have coordinates that are NaN, infinite or beyond {FARTHEST:g} mm")
    members = np.zeros((len(points), len(header.sets)), np.uint8)
    return Block(whole, elements, {"ids": np.arange(nodes.first, nodes.last), "points": points, "members": members})


def _rows(file: netCDF4.Dataset, header: _Header, k: int, mine: Cut) -> Rows:
    """This rank's rows of the ``k``-th element block."""
    key, begin = header.keys[k], int(header.first[k])
    first, last = np.clip((mine.first - begin, mine.last - begin), 0, int(header.first[k + 1]) - begin).tolist()
    nodes = file[f"connect{key}"][first:last, : header.width].astype(integer(header.n_nodes)) - 1
    rows = {"nodes": nodes, "regions": np.full(len(nodes), header.regions[k], np.int32)}
    for name, variables in header.vectors.items():
        rows[name] = normalised(np.column_stack([file[f"{v}{key}"][0, first:last] for v in variables]))
    return rows


def _points(file: netCDF4.Dataset, first: int, last: int) -> np.ndarray:
    if "coord" in file.variables:
        points = np.asarray(file["coord"][:, first:last]).T
    else:
        names = [name for name in ("coordx", "coordy", "coordz") if name in file.variables]
        points = np.column_stack([file[name][first:last] for name in names])
    return np.pad(points.astype(float), ((0, 0), (0, 3 - points.shape[1])))


def _members(file: netCDF4.Dataset, first: str, sides: str, header: _Header, block: Block) -> np.ndarray:
    """Nodes of a set: every rank takes the entries of its own nodes, or of the sides of its own elements."""
    ids, found = block.elements["ids"] if sides else block.nodes["ids"], [np.zeros(0, np.int64)]
    low, high = (int(ids[0]), int(ids[-1]) + 1) if len(ids) else (0, 0)
    for start in range(0, file[first].shape[0], AT_ONCE):
        some = slice(start, start + AT_ONCE)
        numbers = file[first][some].astype(np.int64) - 1
        here = (numbers >= low) & (numbers < high)
        if sides:
            corners = SIDES[np.asarray(file[sides][some])[here] - 1]
            found.append(block.elements["nodes"][(numbers[here] - low)[:, None], corners].ravel())
        else:
            found.append(numbers[here])
        if len(numbers) and not (
            numbers.min() >= 0 and numbers.max() < (header.first[-1] if sides else header.n_nodes)
        ):
            raise InputError(f"{file.filepath()}: set {first} has numbers outside the mesh")
    return np.unique(np.concatenate(found))
