"""One table of many runs: what each was given, and its measures."""

from collections.abc import Iterable
from pathlib import Path

import netCDF4
import numpy as np

from hpc_twin.io.result import read_result
from hpc_twin.parallel import InputError
from hpc_twin.slurm.cases import LIST, read_list
from hpc_twin.slurm.standing import runs_in

Row = dict[str, str | float]
ECG = "measure_"  # attributes of ecg.nc


def gathered(folders: Iterable[Path]) -> list[Row]:
    """A row for each run in ``folders``: what was varied, whether it is whole or damaged, extremes of maps, the ECG.

    Maps give "NAME min", "NAME mean", "NAME max" over the nodes that have a value, in the map's unit.
    Raises InputError where a folder holds no run.
    """
    return [_row(run, values) for folder in folders for run, values in _runs(folder)]


def _runs(folder: Path) -> list[tuple[Path, dict[str, str]]]:
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    if (folder / LIST).exists():
        return [(folder / str(index), task.values) for index, task in enumerate(read_list(folder))]
    found = runs_in(folder)
    if not found:
        raise InputError(f"{folder} holds no run")
    return [pair for run in found for pair in ([(run, {})] if run == folder else _values_of(run))]


def _values_of(run: Path) -> list[tuple[Path, dict[str, str]]]:
    """A run found below a folder, with what its array gave it."""
    tasks = read_list(run.parent)
    return [(run, tasks[int(run.name)].values if tasks else {})]


def _row(run: Path, values: dict[str, str]) -> Row:
    row: Row = {"run": str(run), **values}
    if not (run / "result.exo").exists():
        return {**row, "whole": "no result"}
    try:
        return row | _measures(run / "result.exo") | _intervals(run / "ecg.nc")
    except InputError as error:
        return {**row, "whole": f"damaged: {error}"}


def _measures(path: Path) -> Row:
    """Of a result: whether it is whole, and extremes of its maps."""
    with read_result(path) as result:
        row: Row = {"whole": "yes" if result.attributes.get("complete") else "no", "until ms": float(result.times[-1])}
        for name in result.maps:
            found = result.map(name)
            found = found[np.isfinite(found)]
            if len(found):
                unit = result.units(name)
                row |= {f"{name} {word} {unit}": float(value) for word, value in _extremes(found)}
    return row


def _extremes(found: np.ndarray) -> list[tuple[str, np.floating]]:
    return [("min", found.min()), ("mean", found.mean()), ("max", found.max())]


def _intervals(path: Path) -> Row:
    """Measures in an ecg.nc: QRS, QT and others."""
    if not path.exists():
        return {}
    try:
        with netCDF4.Dataset(path) as data:
            names = [name for name in data.ncattrs() if name.startswith(ECG)]
            return {f"ECG {name.removeprefix(ECG)}": float(data.getncattr(name)) for name in names}
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None


def columns(rows: Iterable[Row]) -> list[str]:
    """Names of the columns, in the order in which rows have them."""
    return list(dict.fromkeys(name for row in rows for name in row))
