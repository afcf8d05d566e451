"""Results in one netCDF-4 file in the Exodus II schema, which ParaView, pyvista, xarray and ncdump open as it is."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from hpc_twin.io.blocks import ElementBlocks
from hpc_twin.io.chunks import Packer
from hpc_twin.io.maps import Maps
from hpc_twin.io.natural import NaturalOrder
from hpc_twin.io.netcdf import SharedFile, has_parallel_netcdf, settle
from hpc_twin.io.rounding import FRACTION, keep_bits
from hpc_twin.io.schema import (
    STEPS_OF_MAPS,
    Variable,
    chunk_width,
    define_attributes,
    define_mesh,
    define_results,
    frames_of,
    steps_of_maps,
)
from hpc_twin.mesh.part import Part

COLLECTIVE_FROM = 64  # ranks: with fewer, one rank writes faster what all have compressed (docs/output.md)

Described = Mapping[str, tuple[str, str]]


class ExodusWriter:
    """Writes nodal fields at chosen times and static maps (activation time, fibres); every method is collective.

    node_fields, static_fields   name -> (unit, long_name)
    attributes   global attributes of the file (case text, version, run id, ...): text and numbers
    fibres       store the elements' fibre directions as element variables fibre_x, fibre_y, fibre_z
    double       float64 results instead of float32 (coordinates are always float64)
    parallel     True or False forces the collective or the gathered way; None: the collective one where netCDF4 offers
                 it, from COLLECTIVE_FROM ranks on
    frames       how many there will be, about: maps in a file of few frames are read faster
    bits         of node_fields in float32 that are kept behind the leading one, at most 23: io/rounding.py
    again        go on after the last frame of the temporary file that a stopped run has left

    The file has the mesh's original node and element order (elements grouped in blocks by region and kind),
    whatever the number of ranks. It is called ``path`` + ".part" until it is closed.

    Exodus has no results without time, so a static map is stored at every time; that costs little (see
    io/schema.py) and means that a viewer shows it wherever the time slider stands. NaN means "never happened".

    As a context manager it closes the file whatever happens; the attribute ``complete`` says 1 when the run reached
    its end. Raises InputError when the file cannot be created, RunError when the disk is full.
    """

    def __init__(
        self,
        path: str | Path,
        part: Part,
        node_fields: Described,
        attributes: Mapping[str, object] | None = None,
        static_fields: Described | None = None,
        fibres: bool = False,
        double: bool = False,
        parallel: bool | None = None,
        title: str = "hpc_twin result",
        frames: int = STEPS_OF_MAPS,
        bits: int = FRACTION,
        again: bool = False,
    ):
        self.path, self.comm, self.frames = Path(path), part.comm, 0
        self._file = SharedFile(part.comm, path, _collective(part.comm.size) if parallel is None else parallel, again)
        self._n_nodes, self._n_owned = part.n_nodes, part.n_owned
        blocks = ElementBlocks(part)
        has_fibres = fibres and part.fibres is not None
        self._bits = FRACTION if double else bits
        variables = _variables(node_fields, static_fields or {}, has_fibres, self._bits)
        numbers = {v.name: _number(v, variables) for v in variables if v.kind == "nodal"}
        self._places = {name: f"vals_nod_var{numbers[name]}" for name in node_fields}
        steps, width = min(max(frames, 1), STEPS_OF_MAPS), chunk_width(part.n_nodes)
        self._order = NaturalOrder(part.comm, part.node_ids[: part.n_owned], part.n_nodes, width)
        dtype = np.dtype(np.float64 if double else np.float32)
        self._row = np.empty(self._order.n_block, dtype)
        self._packer = Packer(dtype, min(part.n_nodes, width))
        if again:
            self.frames = self._file.look(lambda data: frames_of(data, variables, part.n_nodes))
            steps = self._file.look(steps_of_maps)
        else:
            self._define(part, blocks, variables, title, attributes or {}, double, steps)
        self._n_maps, self._steps = len(numbers) - len(node_fields), steps
        self._maps = Maps(self._order, part.n_nodes, dtype, numbers, steps)
        if has_fibres:
            self._maps.add_fibres(part, blocks)
        self._file.await_chunks()

    def _define(
        self,
        part: Part,
        blocks: ElementBlocks,
        variables: list[Variable],
        title: str,
        attributes: Mapping,
        double: bool,
        steps,
    ) -> None:
        self._file.define(lambda data: define_mesh(data, part.n_nodes, part.n_elements, blocks.blocks))
        self._file.define(lambda data: define_results(data, variables, len(blocks.blocks), double, steps))
        self._file.define(lambda data: define_attributes(data, title, {**attributes, "complete": np.int32(0)}))
        self._write_mesh(part, blocks)

    def write_frame(self, t: float, values: Mapping[str, np.ndarray]) -> None:
        """Append one frame at ``t`` ms; ``values`` maps every name of node_fields to its (n_owned,) values."""
        self._file.require_space(self._frame_bytes())
        rows = ((place, self._moved(values[name])) for name, place in self._places.items())
        if self._file.parallel:
            self._write_together(t, rows)
        else:
            chunks = [chunk for place, row in rows for chunk in self._packer.chunks(place, self._order.start, row)]
            names = list(self._places.values())
            self._file.put_chunks(chunks, names, self.frames + 1, (self.frames,), time_whole=t)
        self.frames += 1

    def _moved(self, values: np.ndarray) -> np.ndarray:
        row = self._order.move(values[: self._n_owned], self._row)
        if self._bits < FRACTION:
            keep_bits(row, self._bits)
        return row

    def _write_together(self, t: float, rows: Iterator[tuple[str, np.ndarray]]) -> None:
        for place, row in rows:
            self._file.put(place, row, self._order.start, slice(self.frames, self.frames + 1))
        self._file.put_everywhere("time_whole", t, self.frames)
        self._file.sync()

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._file.closed

    def flush(self) -> None:
        """Hand all frames so far to the operating system: a copy of the temporary file can be gone on with."""
        self._file.sync()

    def write_static(self, values: Mapping[str, np.ndarray]) -> None:
        """Set static maps from their (n_owned,) values; the last call before ``close`` counts."""
        for name, owned in values.items():
            self._maps.set(name, owned[: self._n_owned])

    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        """Add global attributes that are known only at the end (the run report)."""
        self._file.define(lambda data: data.setncatts(dict(attributes)))

    def close(self, complete: bool = True) -> int:
        """Write the static maps, close, rename; return the file's size in bytes (on all ranks).

        A run that failed before its first frame leaves no file. A second call does nothing.
        """
        if not complete and self.frames == 0 and not self._file.closed:
            self._file.discard()
        return self._file.finish(lambda: self._maps.write(self._file, self.frames), complete)

    def __enter__(self) -> "ExodusWriter":
        return self

    def __exit__(self, kind, error, trace) -> None:
        settle(self.comm, self.close, error)

    def _frame_bytes(self) -> int:
        """What one more frame and, at the end, the static maps may need if nothing could be compressed."""
        width = self._n_nodes * self._row.itemsize
        return width * (len(self._places) + self._n_maps * (1 + self.frames // self._steps))

    def _write_mesh(self, part: Part, blocks: ElementBlocks) -> None:
        start, n_block = self._order.start, self._order.n_block
        column = np.empty(n_block)
        for axis, owned in zip("xyz", part.points[: part.n_owned].T, strict=True):
            self._file.put(f"coord{axis}", self._order.move(owned, column), start)
        self._file.put("node_num_map", np.arange(start + 1, start + n_block + 1, dtype=np.int32), start)
        self._write_elements(blocks)

    def _write_elements(self, blocks: ElementBlocks) -> None:
        """Some at a time, so that no rank holds another table of elements."""
        places = blocks.before.copy()
        for begin, rows in blocks.rounds(lambda own: np.hstack((blocks.numbers(own), blocks.nodes(own)))):
            for number, block in enumerate(blocks.blocks):
                some = np.flatnonzero(rows[:, 0] == number)
                nodes = rows[some, 1:][:, block.columns]
                self._file.put(f"connect{number + 1}", np.ascontiguousarray(nodes), int(places[number]))
                original = (some + (blocks.start + begin + 1)).astype(np.int32)
                self._file.put("elem_num_map", original, int(blocks.offsets[number] + places[number]))
                places[number] += len(some)


def _collective(size: int) -> bool:
    return has_parallel_netcdf() and size >= COLLECTIVE_FROM


def _variables(node_fields: Described, static_fields: Described, fibres: bool, bits: int) -> list[Variable]:
    found = [Variable(name, *words, bits=bits) for name, words in node_fields.items()]
    found += [Variable(name, *words, static=True) for name, words in static_fields.items()]
    axes = "xyz" if fibres else ""
    return found + [Variable(f"fibre_{a}", "1", f"fibre direction, {a}", kind="element", static=True) for a in axes]


def _number(variable: Variable, variables: list[Variable]) -> int:
    return [v.name for v in variables if v.kind == variable.kind].index(variable.name) + 1
