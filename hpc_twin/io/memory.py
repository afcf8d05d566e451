"""What a run must not forget, in one file, in the order of the mesh as it was read: it fits any number of ranks.

A netCDF-4 file in full precision, not compressed. Nodal arrays hold NaN, or 0 where they are whole numbers, at nodes
where they do not live; dimensions are named by their sizes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import netCDF4
import numpy as np

from hpc_twin.fem import Field
from hpc_twin.fem.memory import Kept
from hpc_twin.io.natural import NaturalOrder
from hpc_twin.io.netcdf import SharedFile
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, TwinError, max_over, together

Columns = Mapping[str, Sequence[Kept]]  # of each name the pieces: one, or several on nodes that they do not share


def write_memory(path: str | Path, comm, columns: Columns, n_nodes: int) -> None:
    """Write all arrays; ``n_nodes`` of the whole mesh. Collective.

    The file appears under its name when it is whole. Raises InputError where it cannot be created, RunError when the
    disk is full.
    """
    file = SharedFile(comm, path)
    try:
        file.define(lambda data: _define(data, columns, n_nodes))
        file.require_space(sum(_bytes(pieces, n_nodes) for pieces in columns.values()))
        places = _places(columns, n_nodes)
        for name, pieces in columns.items():
            if pieces[0].part is None:
                _put_common(file, name, pieces[0])
            else:
                _put_nodal(file, name, pieces, places[id(pieces[0].part)])
        file.close()
    except TwinError:  # raised on all ranks
        if not file.closed:
            file.discard()
        raise


def read_memory(path: str | Path, comm, columns: Columns, n_nodes: int) -> None:
    """Overwrite all arrays, ghosts too, by what the file holds, on any number of ranks. Collective.

    Raises InputError where the file cannot be read or holds other arrays.
    """
    with together(comm), _reading(path):
        data = netCDF4.Dataset(path)
        data.set_auto_maskandscale(False)
        _require(data, columns, n_nodes, path)
    places = _places(columns, n_nodes)
    for name, pieces in columns.items():
        variable = data.variables[name]
        if pieces[0].part is None:
            with together(comm), _reading(path):
                pieces[0].values[...] = variable[...]
        else:
            _take_nodal(variable, pieces, places[id(pieces[0].part)], path)
        for kept in pieces:
            kept.touched()
    data.close()


class _Place:
    """Between the nodes of a part and the mesh's own order; memory for one value of each."""

    def __init__(self, part: Part, n_nodes: int):
        self.part = part
        self.order = NaturalOrder(part.comm, part.node_ids[: part.n_owned], n_nodes)
        self.block = np.empty(self.order.n_block)
        self.field = Field(part, "kept", "1")


def _places(columns: Columns, n_nodes: int) -> dict[int, _Place]:
    parts = {id(pieces[0].part): pieces[0].part for pieces in columns.values()}
    return {key: _Place(part, n_nodes) for key, part in parts.items() if part is not None}


def _define(data: netCDF4.Dataset, columns: Columns, n_nodes: int) -> None:
    data.set_fill_off()
    for name, pieces in columns.items():
        shape = _shape(pieces, n_nodes)
        for size in shape:
            if f"n{size}" not in data.dimensions:
                data.createDimension(f"n{size}", size)
        data.createVariable(name, _type(pieces), tuple(f"n{size}" for size in shape))


def _shape(pieces: Sequence[Kept], n_nodes: int) -> tuple[int, ...]:
    shape = pieces[0].values.shape
    return shape if pieces[0].part is None else (*shape[:-1], n_nodes)


def _type(pieces: Sequence[Kept]) -> np.dtype:
    """netCDF knows no bool."""
    found = np.result_type(*(kept.values.dtype for kept in pieces))
    return np.dtype(np.int8) if found.kind == "b" else found


def _bytes(pieces: Sequence[Kept], n_nodes: int) -> int:
    return int(np.prod(_shape(pieces, n_nodes), dtype=np.int64)) * _type(pieces).itemsize


def _put_common(file: SharedFile, name: str, kept: Kept) -> None:
    values = kept.values if kept.agreed is None else kept.agreed(file.comm, kept.values)

    def store(data: netCDF4.Dataset) -> None:
        data.variables[name][...] = values

    file.define(store)


def _put_nodal(file: SharedFile, name: str, pieces: Sequence[Kept], place: _Place) -> None:
    kind, owned, n_owned = _type(pieces), place.field.owned, place.part.n_owned
    for k in range(len(_rows(pieces[0]))):
        owned[:] = np.nan
        for kept in pieces:
            owned[_nodes(kept)] = _rows(kept)[k][: n_owned if kept.nodes is None else None]
        place.order.move(owned, place.block)
        if kind.kind != "f":
            np.nan_to_num(place.block, copy=False)
        row = slice(k, k + 1) if pieces[0].values.ndim > 1 else None
        file.put(name, place.block.astype(kind), place.order.start, row)


def _take_nodal(variable, pieces: Sequence[Kept], place: _Place, path: str | Path) -> None:
    comm, field, order, n_owned = place.part.comm, place.field, place.order, place.part.n_owned
    ghosts = max_over(comm, pieces[0].nodes is None and pieces[0].values.shape[-1] > n_owned)
    for k in range(len(_rows(pieces[0]))):
        with together(comm), _reading(path):
            where = (k, slice(order.start, order.stop))
            place.block[:] = variable[where if pieces[0].values.ndim > 1 else where[1]]
        order.back(place.block, field.owned)
        if ghosts:
            field.touched()
            field.update_ghosts()
        for kept in pieces:
            row = _rows(kept)[k]
            np.copyto(row, field.local[: len(row)] if kept.nodes is None else field.owned[kept.nodes], "unsafe")


def _rows(kept: Kept) -> np.ndarray:
    """The values as (k, n), a view."""
    return np.atleast_2d(kept.values)


def _nodes(kept: Kept) -> np.ndarray | slice:
    return slice(None) if kept.nodes is None else kept.nodes


def _require(data: netCDF4.Dataset, columns: Columns, n_nodes: int, path: str | Path) -> None:
    there = {name: (v.shape, v.dtype) for name, v in data.variables.items()}
    wanted = {name: (_shape(pieces, n_nodes), _type(pieces)) for name, pieces in columns.items()}
    if there != wanted:
        other = sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))
        raise InputError(f"{path}: holds other arrays than this run keeps: {', '.join(other[:5])}")


@contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, KeyError, IndexError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
