"""Traces: values of named points against time, in a small CF-style netCDF file with dimensions (time, name)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from hpc_twin.io.netcdf import SharedFile, settle
from hpc_twin.io.text import from_characters, to_characters
from hpc_twin.parallel import InputError

BUFFER_ROWS = 4096
NAME_CHARACTERS = 64


class TraceWriter:
    """Writes traces whose columns may live on different ranks; ``append`` communicates only when its buffer is full.

    names        of all traces, the same on all ranks ("P1", "lead II", ...)
    columns      indices into names of the traces that this rank supplies; by default all of them on rank 0
    variables    name -> (unit, long_name), one array (time, name) each, for example {"V": ("mV", "membrane potential")}
    coordinates  (n_names, 3) mm, or None: where the points are (the same on all ranks)
    again        go on after the last row of the temporary file that a stopped run has left

    The file is called ``path`` + ".part" until it is closed. ``append``, ``flush`` and ``close`` must be called on all
    ranks. Raises InputError when the file cannot be created, RunError on all ranks when the disk is full.
    """

    def __init__(
        self,
        comm,
        path: str | Path,
        names: Sequence[str],
        variables: Mapping[str, tuple[str, str]],
        columns: Sequence[int] | None = None,
        coordinates: np.ndarray | None = None,
        attributes: Mapping[str, object] | None = None,
        again: bool = False,
    ):
        self.comm, self.path = comm, Path(path)
        own = range(len(names)) if comm.rank == 0 else ()
        self._columns = np.array(own if columns is None else columns, dtype=np.int64)
        self._n_names, self._names = len(names), list(variables)
        self._times = np.empty(BUFFER_ROWS)
        self._rows = np.empty((BUFFER_ROWS, len(variables), len(self._columns)))
        self._filled = self._written = 0
        self._file = SharedFile(comm, path, parallel=False, again=again)
        if again:
            self._written = self._file.look(lambda data: _rows(data, list(names), variables))
        else:
            self._file.define(lambda data: _define(data, list(names), variables, coordinates, attributes or {}))

    def append(self, t: float, values: Mapping[str, np.ndarray]) -> None:
        """Add one row at ``t`` ms; ``values`` maps each variable to this rank's (n_columns,) values."""
        self._times[self._filled] = t
        for k, name in enumerate(self._names):
            self._rows[self._filled, k] = values[name]
        self._filled += 1
        if self._filled == BUFFER_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered, so that a copy of the temporary file can be gone on with; collective."""
        if self._filled:
            self._put(self._filled)
        self._file.sync()
        self._written, self._filled = self._written + self._filled, 0  # all or, if that failed, nothing

    def _put(self, filled: int) -> None:
        gathered = self.comm.gather((self._columns, self._rows[:filled]))
        table = np.full((filled, len(self._names), self._n_names), np.nan)
        for columns, rows in gathered or ():
            table[:, :, columns] = rows
        self._file.require_space(table.nbytes)
        self._file.define(lambda data: self._store(data, self._times[:filled], table))

    def written(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Times (n,) and, of each variable, the rows (n, n_names) so far, on all ranks; collective."""
        self.flush()
        return self._file.look(lambda data: (_all(data, "time"), {name: _all(data, name) for name in self._names}))

    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        """Add global attributes that are known only at the end; collective."""
        self._file.define(lambda data: data.setncatts(dict(attributes)))

    def close(self, complete: bool = True) -> int:
        """Write the rest, close, rename; return the file's size in bytes (on all ranks). A second call does nothing."""
        return self._file.finish(self.flush, complete)

    def __enter__(self) -> "TraceWriter":
        return self

    def __exit__(self, kind, error, trace) -> None:
        settle(self.comm, self.close, error)

    def _store(self, data: netCDF4.Dataset, times: np.ndarray, table: np.ndarray) -> None:
        rows = slice(self._written, self._written + len(times))
        for k, name in enumerate(self._names):
            data.variables[name][rows] = table[:, k]
        data.variables["time"][rows] = times


@dataclass(frozen=True)
class Traces:
    """What ``read_traces`` found: times (n_times,) ms, values name -> (n_times, n_names), units name -> text."""

    times: np.ndarray
    names: list[str]
    values: dict[str, np.ndarray]
    units: dict[str, str]
    long_names: dict[str, str]
    coordinates: np.ndarray | None
    attributes: dict[str, object]


def read_traces(path: str | Path) -> Traces:
    """Read a trace file whole. Raises InputError when it is missing, truncated or not a trace file."""
    try:
        with netCDF4.Dataset(path) as data:
            data.set_auto_maskandscale(False)
            data.set_auto_chartostring(False)
            return _read(data)
    except (OSError, RuntimeError, KeyError, IndexError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read as a trace file ({type(error).__name__}: {error})") from None


def _define(data: netCDF4.Dataset, names, variables, coordinates, attributes) -> None:
    data.createDimension("time", None)
    data.createDimension("name", len(names))
    data.createDimension("characters", NAME_CHARACTERS)
    time = data.createVariable("time", "f8", ("time",), chunksizes=(BUFFER_ROWS,))
    time.setncatts({"units": "ms", "long_name": "time", "axis": "T"})
    label = data.createVariable("name", "S1", ("name", "characters"))
    label[:] = to_characters(names, NAME_CHARACTERS)
    label.setncatts({"long_name": "name of the trace", "cf_role": "timeseries_id", "_Encoding": "utf-8"})
    for axis, column in zip("xyz", [] if coordinates is None else np.asarray(coordinates).T, strict=False):
        place = data.createVariable(axis, "f8", ("name",))
        place.setncatts({"units": "mm", "long_name": f"{axis} coordinate"})
        place[:] = column
    chunks = (BUFFER_ROWS, max(1, min(len(names), 64)))
    for name, (units, long_name) in variables.items():
        trace = data.createVariable(name, "f8", ("time", "name"), zlib=True, complevel=1, chunksizes=chunks)
        trace.setncatts({"units": units, "long_name": long_name})
        if coordinates is not None:
            trace.coordinates = "x y z"
    data.setncatts({"Conventions": "CF-1.10", "featureType": "timeSeries", "complete": np.int32(0), **attributes})


def _all(data: netCDF4.Dataset, name: str) -> np.ndarray:
    return np.ma.getdata(data.variables[name][:])


def _rows(data: netCDF4.Dataset, names: list[str], variables: Mapping) -> int:
    """How many rows are in a file of these traces. Raises KeyError where it has others."""
    label = data.variables["name"]
    label.set_auto_chartostring(False)
    there = from_characters(label[:])
    if there != names or not set(variables) <= set(data.variables):
        raise KeyError(f"it holds {', '.join(there)}")
    return len(data.dimensions["time"])


def _read(data: netCDF4.Dataset) -> Traces:
    found = [n for n, v in data.variables.items() if v.dimensions == ("time", "name")]
    places = [data.variables[axis][:] for axis in "xyz" if axis in data.variables]
    return Traces(
        times=data.variables["time"][:],
        names=from_characters(data.variables["name"][:]),
        values={n: data.variables[n][:] for n in found},
        units={n: data.variables[n].units for n in found},
        long_names={n: data.variables[n].long_name for n in found},
        coordinates=np.column_stack(places) if len(places) == 3 else None,
        attributes={key: data.getncattr(key) for key in data.ncattrs()},
    )
