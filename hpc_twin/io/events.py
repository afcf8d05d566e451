"""Events: things that happen at a place and a time, any number at once, in a small CF-style netCDF file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from hpc_twin.io.netcdf import SharedFile
from hpc_twin.parallel import InputError

CALLS = 512  # of append between two of flush
CHUNK = 4096
PLACE = {"time": ("ms", "time"), **{axis: ("mm", f"{axis} coordinate") for axis in "xyz"}}


class EventWriter:
    """Writes events that live on any rank, in the order of time and then of ``ids``, whatever the number of ranks.

    variables  name -> (unit, long_name) of what is known of each event beside its time and place
    again      go on after the last event of the temporary file that a stopped run has left

    The file is called ``path`` + ".part" until it is closed. ``append``, ``flush`` and ``close`` must be called on all
    ranks; ``append`` communicates once in CALLS. Raises InputError when the file cannot be created, RunError on all
    ranks when the disk is full.
    """

    def __init__(
        self,
        comm,
        path: str | Path,
        variables: Mapping[str, tuple[str, str]],
        attributes: Mapping[str, object] | None = None,
        again: bool = False,
    ):
        self.comm, self.path, self.count = comm, Path(path), 0
        self._names = [*PLACE, *variables]
        self._rows: list[np.ndarray] = []
        self._calls = 0
        self._file = SharedFile(comm, path, parallel=False, again=again)
        if again:
            self.count = self._file.look(lambda data: _count(data, self._names))
        else:
            self._file.define(lambda data: _define(data, {**PLACE, **variables}, attributes or {}))

    def append(self, t: float, ids: np.ndarray, points: np.ndarray, values: Mapping[str, np.ndarray]) -> None:
        """Add this rank's events at ``t`` ms: ``points`` (n, 3) mm and one (n,) array for each variable."""
        if len(ids):
            columns = [values[name] for name in self._names[len(PLACE) :]]
            self._rows.append(np.column_stack((np.full(len(ids), t), ids, points, *columns)))
        self._calls += 1
        if self._calls == CALLS:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting, so that a copy of the temporary file can be gone on with; collective."""
        rows = np.concatenate(self._rows) if self._rows else np.empty((0, len(self._names) + 1))
        gathered = self.comm.gather(rows)
        table = np.concatenate(gathered) if gathered else rows[:0]
        table = np.delete(table[np.lexsort((table[:, 1], table[:, 0]))], 1, axis=1)
        self._file.require_space(table.nbytes)
        self._file.define(lambda data: self._store(data, table))
        self._file.sync()
        self.count, self._rows, self._calls = self.count + len(table), [], 0  # all or, if that failed, nothing

    def close(self, complete: bool = True) -> int:
        """Write the rest, close, rename; return the file's size in bytes (on all ranks). A second call does nothing."""
        return self._file.finish(self.flush, complete)

    def _store(self, data: netCDF4.Dataset, table: np.ndarray) -> None:
        for name, column in zip(self._names, table.T, strict=True):
            data.variables[name][self.count : self.count + len(table)] = column


@dataclass(frozen=True)
class Events:
    """What ``read_events`` found: times (n,) ms, points (n, 3) mm, values name -> (n,)."""

    times: np.ndarray
    points: np.ndarray
    values: dict[str, np.ndarray]
    attributes: dict[str, object]


def read_events(path: str | Path) -> Events:
    """Read an event file whole. Raises InputError when it is missing, truncated or not an event file."""
    try:
        with netCDF4.Dataset(path) as data:
            data.set_auto_maskandscale(False)
            found = {name: data.variables[name][:] for name in data.variables}
            points = np.column_stack([found.pop(axis) for axis in "xyz"])
            return Events(found.pop("time"), points, found, {key: data.getncattr(key) for key in data.ncattrs()})
    except (OSError, RuntimeError, KeyError, IndexError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read as an event file ({type(error).__name__}: {error})") from None


def _count(data: netCDF4.Dataset, names: list[str]) -> int:
    """How many events are in a file of these variables. Raises KeyError where it has others."""
    if list(data.variables) != names:
        raise KeyError(f"it holds {', '.join(data.variables)}")
    return len(data.dimensions["event"])


def _define(data: netCDF4.Dataset, variables: Mapping[str, tuple[str, str]], attributes: Mapping) -> None:
    data.createDimension("event", None)
    for name, (units, long_name) in variables.items():
        variable = data.createVariable(name, "f8", ("event",), zlib=True, complevel=1, chunksizes=(CHUNK,))
        variable.setncatts({"units": units, "long_name": long_name})
        if name not in PLACE:
            variable.coordinates = "time x y z"
    data.variables["time"].axis = "T"
    data.setncatts({"Conventions": "CF-1.10", "featureType": "point", "complete": np.int32(0), **attributes})
