"""The state of one cell in a small netCDF file: what pacing leaves, and what tissue may begin with."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import netCDF4
import numpy as np

from hpc_twin.io.text import from_characters, to_characters
from hpc_twin.parallel import InputError

KIND = "hpc_twin cell state"
NAME_BYTES = 127  # at least, of a name
LARGEST_FILE = 10_000_000  # bytes


@dataclass(frozen=True)
class CellState:
    """``states`` by name in the model's own units, ``V`` [mV] (None for a model without one), and where it is from.

    ``digest`` is that of the model's states and parameters, ``parameters`` those that were changed.
    """

    model: str
    V: float | None
    states: dict[str, float]
    digest: str
    parameters: dict[str, float] = field(default_factory=dict)
    period: float | None = None  # ms
    beats: int = 0
    change: float = float("nan")  # largest relative change in the last beat


def write_cell_state(path: str | Path, state: CellState) -> None:
    """Write ``state`` under a temporary name, then rename. Raises InputError where ``path`` cannot be written."""
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{uuid4().hex}.part")  # jobs at the same time write the same file
    try:
        with netCDF4.Dataset(temporary, "w", format="NETCDF4") as data:
            _fill(data, state)
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from None


def read_cell_state(path: str | Path) -> CellState:
    """The state in a file. Raises InputError when it is missing, damaged or of another kind."""
    path = Path(path)
    if not path.is_file():
        there = sorted(p.name for p in path.parent.glob("*.nc")) if path.parent.is_dir() else []
        raise InputError(f"{path}: no such file" + (f" (there: {', '.join(there[:10])})" if there else ""))
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path}: larger than {LARGEST_FILE} bytes, this is no state of a cell")
    try:
        with netCDF4.Dataset(path) as data:
            data.set_auto_chartostring(False)
            if getattr(data, "kind", "") != KIND:
                raise InputError(f"{path}: holds no state of a cell: write one with 'hpc-twin cell MODEL --save'")
            return _found(data)
    except (OSError, RuntimeError, KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read as the state of a cell ({error})") from None


def _fill(data: netCDF4.Dataset, state: CellState) -> None:
    data.createDimension("state", len(state.states))
    characters = 1 + max([NAME_BYTES, *(len(name.encode()) for name in state.states)])
    data.createDimension("characters", characters)
    names = data.createVariable("name", "S1", ("state", "characters"))
    names.setncatts({"long_name": "name of the state in the model", "_Encoding": "utf-8"})
    values = data.createVariable("value", "f8", ("state",))
    values.setncatts({"long_name": "value in the model's own unit", "coordinates": "name"})
    if state.states:
        names[:] = to_characters(list(state.states), characters)
        values[:] = list(state.states.values())
    if state.V is not None:
        V = data.createVariable("V", "f8", ())
        V.setncatts({"units": "mV", "long_name": "membrane potential"})
        V[...] = state.V
    data.setncatts({"kind": KIND, "Conventions": "CF-1.10", "model": state.model, "digest": state.digest})
    data.setncatts({"parameters_changed": json.dumps(state.parameters), "beats": np.int32(state.beats)})
    data.setncatts({"period": float("nan") if state.period is None else state.period, "change": state.change})


def _found(data: netCDF4.Dataset) -> CellState:
    values = np.ma.filled(data.variables["value"][:], np.nan)
    names = from_characters(np.asarray(data.variables["name"][:])) if len(values) else []
    V = float(np.ma.filled(data.variables["V"][...], np.nan)) if "V" in data.variables else None
    if not np.isfinite(values).all() or (V is not None and not np.isfinite(V)):
        raise ValueError("a value is no finite number")
    period, parameters = float(data.period), json.loads(data.parameters_changed)
    return CellState(
        model=str(data.model),
        V=V,
        states=dict(zip(names, values.tolist(), strict=True)),
        digest=str(data.digest),
        parameters={str(name): float(value) for name, value in parameters.items()},
        period=None if np.isnan(period) else period,
        beats=int(data.beats),
        change=float(data.change),
    )
