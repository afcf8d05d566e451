"""Reading a result file: only what is asked for is read."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import netCDF4
import numpy as np

from hpc_twin.io.schema import KINDS
from hpc_twin.io.text import from_characters
from hpc_twin.mesh.order import EDGES, linear_pieces
from hpc_twin.parallel import InputError, nearest

T = TypeVar("T")
SIZES = {kind[:3]: size for size, (kind, _) in KINDS.items()} | {"SHE": 3}


@dataclass(frozen=True)
class ResultBlock:
    """Elements of one region by their corners (n, size), node indices from 0; of order 2 by ``midpoints`` too."""

    name: str
    region: int
    elements: np.ndarray
    midpoints: np.ndarray | None = None

    @property
    def linear(self) -> np.ndarray:
        """(m, size) the elements, those of order 2 as the linear ones that they fall into, on all nodes."""
        return self.elements if self.midpoints is None else linear_pieces(self.elements, self.midpoints)


class Result:
    """An Exodus result: times, nodal fields by name, points and elements. Close it, or use it in a ``with``.

    Every method raises InputError, naming the file, when it finds it truncated or not of this schema.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(f"{path}: there is no such file")
        self._data = self._guard(lambda: netCDF4.Dataset(self.path))
        self._guard(lambda: self._data.set_auto_maskandscale(False))
        self._guard(lambda: self._data.set_auto_chartostring(False))
        self.times: np.ndarray = self._guard(self._read_times)
        self.n_nodes: int = self._guard(lambda: len(self._data.dimensions["num_nodes"]))
        self._places = self._guard(self._read_names)

    @property
    def n_frames(self) -> int:
        """Number of times."""
        return len(self.times)

    @property
    def fields(self) -> list[str]:
        """Names of the nodal fields that change with time."""
        return [name for name, place in self._places.items() if not self._is_static(place)]

    @property
    def maps(self) -> list[str]:
        """Names of the nodal fields that are the same at every time (activation, ...)."""
        return [name for name, place in self._places.items() if self._is_static(place)]

    @property
    def attributes(self) -> dict[str, object]:
        """Global attributes of the file."""
        return self._guard(lambda: {key: self._data.getncattr(key) for key in self._data.ncattrs()})

    @cached_property
    def points(self) -> np.ndarray:
        """(n_nodes, 3) mm."""
        points = self._guard(lambda: np.column_stack([self._data.variables[f"coord{a}"][:] for a in "xyz"]))
        if not np.isfinite(points).all():
            raise InputError(f"{self.path}: some coordinates are not numbers")
        return points

    @cached_property
    def blocks(self) -> list[ResultBlock]:
        """The elements, by region and kind."""
        return self._guard(self._read_blocks)

    @cached_property
    def fibres(self) -> list[np.ndarray] | None:
        """(n_elements of the block, 3) unit vectors of each block, zero where there are none, or None without any."""
        return self._guard(self._read_fibres)

    def units(self, name: str) -> str:
        """Unit of a nodal field."""
        return str(getattr(self._variable(name), "units", ""))

    def long_name(self, name: str) -> str:
        """What a nodal field is, in words."""
        return str(getattr(self._variable(name), "long_name", name))

    def frame(self, index: int, name: str) -> np.ndarray:
        """(n_nodes,) values of a nodal field at time ``times[index]``; NaN where it has none."""
        variable = self._variable(name)
        if not -self.n_frames <= index < self.n_frames:
            raise InputError(f"{self.path}: frame {index} was asked for, the file holds {self.n_frames}")
        return self._guard(lambda: np.asarray(variable[index % self.n_frames]))

    def series(self, node: int, name: str) -> np.ndarray:
        """(n_frames,) values of a nodal field at ``node``, from 0; NaN where it has none."""
        variable = self._variable(name)
        if not 0 <= node < self.n_nodes:
            raise InputError(f"{self.path}: node {node} was asked for, the file holds {self.n_nodes:,}")
        return self._guard(lambda: np.asarray(variable[:, node]))

    def map(self, name: str) -> np.ndarray:
        """(n_nodes,) values of a map, which is stored at every time: those of the last one."""
        return self.frame(-1, name)

    def close(self) -> None:
        """Close the file."""
        if self._data.isopen():
            self._data.close()

    def __enter__(self) -> "Result":
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def _variable(self, name: str) -> netCDF4.Variable:
        if name not in self._places:
            allowed = ", ".join(self._places) or "none"
            raise InputError(f"{self.path}: no field '{name}' (it holds {allowed}){nearest(name, self._places)}")
        return self._data.variables[self._places[name]]

    def _is_static(self, place: str) -> bool:
        return "static" in self._data.variables[place].ncattrs()

    def _read_times(self) -> np.ndarray:
        times = np.asarray(self._data.variables["time_whole"][:])
        if not (np.isfinite(times).all() and (np.diff(times) > 0).all() and (np.abs(times) < 1e30).all()):
            raise ValueError("its times do not increase")
        return times

    def _read_names(self) -> dict[str, str]:
        if "name_nod_var" not in self._data.variables:
            return {}
        names = from_characters(self._data.variables["name_nod_var"][:])
        places = {name: f"vals_nod_var{k}" for k, name in enumerate(names, start=1)}
        for place in places.values():
            if self._data.variables[place].shape != (self.n_frames, self.n_nodes):
                raise ValueError(f"{place} has not the shape (times, nodes)")
        return places

    def _read_blocks(self) -> list[ResultBlock]:
        names = from_characters(self._data.variables["eb_names"][:])
        return [self._block(number, name) for number, name in enumerate(names, start=1)]

    def _read_fibres(self) -> list[np.ndarray] | None:
        found = self._data.variables.get("name_elem_var")
        names = [] if found is None else from_characters(found[:])
        if self.n_frames == 0 or not {"fibre_x", "fibre_y", "fibre_z"} <= set(names):
            return None
        numbers = [names.index(f"fibre_{axis}") + 1 for axis in "xyz"]
        return [
            np.column_stack([np.asarray(self._data.variables[f"vals_elem_var{n}eb{block}"][-1]) for n in numbers])
            for block in range(1, len(self.blocks) + 1)
        ]

    def _block(self, number: int, name: str) -> ResultBlock:
        connect = self._data.variables[f"connect{number}"]
        elements = np.asarray(connect[:]).astype(np.int64) - 1
        size = SIZES.get(str(connect.elem_type).upper()[:3], 0)
        if elements.ndim != 2 or elements.shape[1] not in (size, size + len(EDGES.get(size, ()))):
            raise ValueError(f"elements of kind {connect.elem_type} are not known")
        if elements.size and (elements.min() < 0 or elements.max() >= self.n_nodes):
            raise ValueError(f"block '{name}' names nodes that are not there")
        midpoints = elements[:, size:] if elements.shape[1] > size else None
        return ResultBlock(name, int(getattr(connect, "region", number)), elements[:, :size], midpoints)

    def _guard(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except (OSError, RuntimeError, KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
            raise InputError(
                f"{self.path}: cannot be read as a result (netCDF-4 in the Exodus II schema): {type(error).__name__}, "
                f"{error}. Is it complete, and was it written by hpc-twin run?"
            ) from None


def read_result(path: str | Path) -> Result:
    """Open a result file. Raises InputError when it is missing, truncated or of another kind."""
    return Result(path)
