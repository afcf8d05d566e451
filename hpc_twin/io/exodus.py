"""Results in one netCDF-4 file in the Exodus II schema, which ParaView, pyvista, xarray and ncdump open as it is."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hpc_twin.io.blocks import ElementBlocks
from hpc_twin.io.natural import NaturalOrder
from hpc_twin.io.netcdf import SharedFile, settle
from hpc_twin.io.schema import (
    STEPS_PER_STATIC_CHUNK,
    Variable,
    define_attributes,
    define_mesh,
    define_results,
    frames_of,
    places,
)
from hpc_twin.mesh.part import Part

Described = Mapping[str, tuple[str, str]]


class ExodusWriter:
    """Writes nodal fields at chosen times and static maps (activation time, fibres); every method is collective.

    node_fields, static_fields   name -> (unit, long_name)
    attributes   global attributes of the file (case text, version, run id, ...): text and numbers
    fibres       store the elements' fibre directions as element variables fibre_x, fibre_y, fibre_z
    double       float64 results instead of float32 (coordinates are always float64)
    parallel     True or False forces the collective or the gathered way; None takes what netCDF4 offers
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
        again: bool = False,
    ):
        self.path, self.comm, self.frames = Path(path), part.comm, 0
        self._file = SharedFile(part.comm, path, parallel, again)
        self._n_nodes, self._n_owned = part.n_nodes, part.n_owned
        self._order = NaturalOrder(part.comm, part.node_ids[: part.n_owned], part.n_nodes)
        elements = NaturalOrder(part.comm, part.element_ids[: part.n_owned_elements], part.n_elements)
        self._blocks = ElementBlocks(part, elements)
        has_fibres = fibres and part.fibres is not None
        variables = _variables(node_fields, static_fields or {}, has_fibres)
        self._variables = {v.name: (v, _number(v, variables)) for v in variables}
        dtype = np.float64 if double else np.float32
        self._row = np.empty(self._order.n_block, dtype)
        self._static: dict[str, np.ndarray] = {}
        if again:
            self.frames = self._file.look(lambda data: frames_of(data, variables, part.n_nodes))
        else:
            self._define(part, variables, title, attributes or {}, double)
        self._fibres = elements.move_columns(_owned_fibres(part).astype(dtype)) if has_fibres else None

    def _define(self, part: Part, variables: list[Variable], title: str, attributes: Mapping, double: bool) -> None:
        n_blocks = len(self._blocks.blocks)
        self._file.define(lambda data: define_mesh(data, part.n_nodes, part.n_elements, self._blocks.blocks))
        self._file.define(lambda data: define_results(data, variables, n_blocks, double))
        self._file.define(lambda data: define_attributes(data, title, {**attributes, "complete": np.int32(0)}))
        self._write_mesh(part)

    def write_frame(self, t: float, values: Mapping[str, np.ndarray]) -> None:
        """Append one frame at ``t`` ms; ``values`` maps every name of node_fields to its (n_owned,) values."""
        self._file.require_space(self._frame_bytes())
        step = slice(self.frames, self.frames + 1)
        for name, (variable, number) in self._variables.items():
            if not variable.static:
                self._order.move(values[name][: self._n_owned], self._row)
                self._file.put(f"vals_nod_var{number}", self._row, self._order.start, step)
        self._file.put_everywhere("time_whole", t, self.frames)
        self._file.sync()
        self.frames += 1

    def flush(self) -> None:
        """Hand all frames so far to the operating system: a copy of the temporary file can be gone on with."""
        self._file.sync()

    def write_static(self, values: Mapping[str, np.ndarray]) -> None:
        """Set static maps from their (n_owned,) values; the last call before ``close`` counts."""
        for name, owned in values.items():
            row = self._static.setdefault(name, np.empty_like(self._row))
            self._order.move(owned[: self._n_owned], row)

    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        """Add global attributes that are known only at the end (the run report)."""
        self._file.define(lambda data: data.setncatts(dict(attributes)))

    def close(self, complete: bool = True) -> int:
        """Write the static maps, close, rename; return the file's size in bytes (on all ranks).

        A run that failed before its first frame leaves no file. A second call does nothing.
        """
        if not complete and self.frames == 0 and not self._file.closed:
            self._file.discard()
        return self._file.finish(self._write_static, complete)

    def __enter__(self) -> "ExodusWriter":
        return self

    def __exit__(self, kind, error, trace) -> None:
        settle(self.comm, self.close, error)

    def _frame_bytes(self) -> int:
        """What one more frame and, at the end, the static maps may need if nothing could be compressed."""
        static = sum(v.static and v.kind == "nodal" for v, _ in self._variables.values())
        width = self._n_nodes * self._row.itemsize
        return width * (len(self._variables) - static + static * (1 + self.frames // STEPS_PER_STATIC_CHUNK))

    def _write_mesh(self, part: Part) -> None:
        start, n_block = self._order.start, self._order.n_block
        coordinates = self._order.move_columns(part.points[: part.n_owned])
        for axis, column in zip("xyz", coordinates.T, strict=True):
            self._file.put(f"coord{axis}", np.ascontiguousarray(column), start)
        self._file.put("node_num_map", np.arange(start + 1, start + n_block + 1, dtype=np.int32), start)
        for number, (rows, first, offset) in enumerate(self._blocks.pieces, start=1):
            self._file.put(f"connect{number}", self._blocks.connectivity(number, rows), first)
            self._file.put("elem_num_map", (self._blocks.numbers[rows] + 1).astype(np.int32), offset + first)

    def _write_static(self) -> None:
        for first in range(0, self.frames, STEPS_PER_STATIC_CHUNK):
            steps = slice(first, min(first + STEPS_PER_STATIC_CHUNK, self.frames))
            for name, row in self._static.items():
                _, number = self._variables[name]
                self._file.put(places("nodal", number, 0)[0][0], row, self._order.start, steps)
            if self._fibres is not None:
                self._write_fibres(self._fibres, steps)

    def _write_fibres(self, fibres: np.ndarray, steps: slice) -> None:
        for axis in range(3):
            names = places("element", axis + 1, len(self._blocks.blocks))
            for (name, _), (rows, first, _) in zip(names, self._blocks.pieces, strict=True):
                self._file.put(name, np.ascontiguousarray(fibres[rows, axis]), first, steps)


def _variables(node_fields: Described, static_fields: Described, fibres: bool) -> list[Variable]:
    found = [Variable(name, *words) for name, words in node_fields.items()]
    found += [Variable(name, *words, static=True) for name, words in static_fields.items()]
    axes = "xyz" if fibres else ""
    return found + [Variable(f"fibre_{a}", "1", f"fibre direction, {a}", kind="element", static=True) for a in axes]


def _number(variable: Variable, variables: list[Variable]) -> int:
    return [v.name for v in variables if v.kind == variable.kind].index(variable.name) + 1


def _owned_fibres(part: Part) -> np.ndarray:
    assert part.fibres is not None
    return part.fibres[: part.n_owned_elements]
