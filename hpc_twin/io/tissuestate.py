"""The state of a tissue in one file: V and all states of all cells, in the order of the mesh as it was read.

A netCDF-4 file with the dimension ``node``: ``V`` and one variable for each state that any of the cells has, in double
precision, NaN where a node has no cell or its cell no such state; ``model`` is the number of the cell's model in the
attribute ``models``. It does not depend on the number of ranks, and every rank reads and writes only its share.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import netCDF4
import numpy as np

from hpc_twin.cellmodels import Kernel
from hpc_twin.fem.subdomain import Subdomain
from hpc_twin.io.natural import NaturalOrder
from hpc_twin.io.netcdf import SharedFile
from hpc_twin.parallel import InputError, TwinError, on_root, together

KIND = "hpc_twin tissue state"
VALUES_PER_CHUNK = 1 << 18


class Cells(Protocol):
    """Cells of one model at some owned nodes (or all: a slice), as tissue holds them."""

    kernel: Kernel
    nodes: np.ndarray | slice
    states: np.ndarray


@dataclass(frozen=True)
class CellModel:
    """A model that the file holds states of; ``digest`` is that of its states' names and its parameters."""

    name: str
    digest: str
    states: tuple[str, ...]


@dataclass(frozen=True)
class TissueState:
    """What a file says of itself; ``time`` in ms. ``variables``: state -> name of the netCDF variable."""

    path: Path
    time: float
    n_nodes: int
    mesh_checksum: str
    models: tuple[CellModel, ...]
    variables: Mapping[str, str]
    case_text: str = ""


def write_tissue_state(
    path: str | Path,
    domain: Subdomain,
    V: np.ndarray,
    populations: Sequence[Cells],
    time: float,
    attributes: Mapping[str, object] | None = None,
) -> int:
    """Write V (n_owned,) and the cells of ``domain.part`` at ``time`` ms; the size of the file in bytes. Collective.

    The file appears under its name when it is whole. Raises InputError where it cannot be created, RunError when the
    disk is full.
    """
    part, models = domain.part, [_model(cells.kernel) for cells in populations]
    variables = _variables(models)
    file = SharedFile(part.comm, path)
    try:
        file.define(lambda data: _define(data, domain.whole.n_nodes, variables))
        file.require_space(8 * (2 + len(variables)) * domain.whole.n_nodes)
        order = NaturalOrder(part.comm, part.node_ids[: part.n_owned], domain.whole.n_nodes)
        for name, values in _columns(part.n_owned, V, populations, variables):
            file.put(name, order.move(values, np.empty(order.n_block)), order.start)
        facts = {"kind": KIND, "time": float(time), "mesh_checksum": part.checksum, "complete": np.int32(1)}
        described = json.dumps([vars(model) for model in models])
        file.define(lambda data: data.setncatts({**(attributes or {}), **facts, "models": described}))
        file.close()
    except TwinError:  # raised on all ranks
        if not file.closed:
            file.discard()
        raise
    return file.bytes_written


def read_tissue_state(path: str | Path, comm) -> TissueState:
    """What the file ``path`` holds, read by rank 0 for all. Raises InputError when it is none of this kind."""
    return comm.bcast(on_root(comm, lambda: _header(Path(path))))


def restore(
    state: TissueState, domain: Subdomain, V: np.ndarray, populations: Sequence[Cells], other_parameters: bool = False
) -> None:
    """Overwrite V (n_owned,) and the cells by those of the file, on any number of ranks. Collective.

    Raises InputError when the mesh or the models are others than those of the file, or, unless ``other_parameters``
    says that this is meant, their parameters are.
    """
    part, comm = domain.part, domain.part.comm
    _require_mesh(state, domain)
    order = NaturalOrder(comm, part.node_ids[: part.n_owned], domain.whole.n_nodes)
    with together(comm), _reading(state.path):
        data = netCDF4.Dataset(state.path)
        data.set_auto_maskandscale(False)
    block, values = np.empty(order.n_block), np.empty(part.n_owned)

    def column(variable: str) -> np.ndarray:
        with together(comm), _reading(state.path):
            block[:] = data.variables[variable][order.start : order.stop]
        return order.back(block, values)

    _require_models(state, comm, column("model"), populations, other_parameters)
    V[:] = column("V")
    finite = bool(np.isfinite(V).all())
    for name in dict.fromkeys(name for cells in populations for name in cells.kernel.state_names):
        column(state.variables[name])
        for cells in populations:
            if name in cells.kernel.state_names:
                row = cells.kernel.views(cells.states)[cells.kernel.state_names.index(name)]
                row[:] = values[cells.nodes]
                finite = finite and bool(np.isfinite(row).all())
    data.close()
    with together(comm):
        if not finite:
            raise InputError(f"{state.path}: some of its values are no finite numbers")


def _model(kernel: Kernel) -> CellModel:
    return CellModel(kernel.name, kernel.digest, kernel.state_names)


def _variables(models: Sequence[CellModel]) -> dict[str, str]:
    """State -> variable: numbered, since models of files give their states any name."""
    names = dict.fromkeys(name for model in models for name in model.states)
    return {name: f"state_{number}" for number, name in enumerate(names, start=1)}


def _columns(n: int, V: np.ndarray, populations: Sequence[Cells], variables: Mapping[str, str]):
    """(variable, (n_owned,) values) of all that is written, one after the other in the same memory."""
    yield "V", V
    values = np.full(n, np.nan)
    for number, cells in enumerate(populations):
        values[cells.nodes] = number
    yield "model", values
    for name, variable in variables.items():
        values[:] = np.nan
        for cells in populations:
            if name in cells.kernel.state_names:
                values[cells.nodes] = cells.kernel.views(cells.states)[cells.kernel.state_names.index(name)]
        yield variable, values


def _define(data: netCDF4.Dataset, n_nodes: int, variables: Mapping[str, str]) -> None:
    data.createDimension("node", n_nodes)
    described = {
        "V": ("membrane potential", "mV"),
        "model": ("number of the cell's model in the attribute models", "1"),
    }
    described |= {variable: (name, "model units") for name, variable in variables.items()}
    chunks = (min(n_nodes, VALUES_PER_CHUNK),)
    for variable, (long_name, units) in described.items():
        created = data.createVariable(
            variable, "f8", ("node",), zlib=True, complevel=1, shuffle=True, chunksizes=chunks, fill_value=np.nan
        )
        created.setncatts({"long_name": long_name, "units": units})
    data.setncatts({"Conventions": "CF-1.10", "complete": np.int32(0)})


def _header(path: Path) -> TissueState:
    if not path.is_file():
        there = sorted(p.name for p in path.parent.glob("*.nc")) if path.parent.is_dir() else []
        raise InputError(f"{path}: no such file" + (f" (there: {', '.join(there[:10])})" if there else ""))
    with _reading(path), netCDF4.Dataset(path) as data:
        if getattr(data, "kind", "") != KIND:
            raise InputError(f'{path}: holds no state of a tissue: write one with [output] state = "end"')
        models = [CellModel(m["name"], m["digest"], tuple(m["states"])) for m in json.loads(data.models)]
        n_nodes, text = len(data.dimensions["node"]), str(getattr(data, "case_text", ""))
        return TissueState(
            path, float(data.time), n_nodes, str(data.mesh_checksum), tuple(models), _variables(models), text
        )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read as the state of a tissue ({error})") from None


def _require_mesh(state: TissueState, domain: Subdomain) -> None:
    whole = domain.whole
    if (state.n_nodes, state.mesh_checksum) != (whole.n_nodes, whole.checksum):
        raise InputError(
            f"{state.path}: was saved on another mesh ({state.n_nodes:,} nodes, checksum {state.mesh_checksum}; this "
            f"one has {whole.n_nodes:,} nodes, {whole.checksum})"
        )


def _require_models(
    state: TissueState, comm, numbers: np.ndarray, populations: Sequence[Cells], other_parameters: bool
) -> None:
    """The cells of each population were of models with the same states and, if wanted, the same parameters."""
    for cells in populations:
        here = set(
            np.nan_to_num(np.unique(numbers[cells.nodes]), nan=-1.0, posinf=-1.0).clip(-1.0).astype(int).tolist()
        )
        for number in sorted(set().union(*comm.allgather(here))):
            if not 0 <= number < len(state.models):
                raise InputError(f"{state.path}: holds no cells at some nodes where {cells.kernel.name} lives now")
            _require_model(state, state.models[number], cells.kernel, other_parameters)


def _require_model(state: TissueState, there: CellModel, kernel: Kernel, other_parameters: bool) -> None:
    lost, new = set(kernel.state_names) - set(there.states), set(there.states) - set(kernel.state_names)
    if lost or new:
        names = ", ".join(sorted(lost | new)[:5])
        raise InputError(
            f"{state.path}: was saved with {there.name}, whose states are not those of {kernel.name} ({names})"
        )
    if there.digest != kernel.digest and not other_parameters:
        raise InputError(
            f"{state.path}: was saved with other parameters of {kernel.name} (then {there.name}): to begin with it all "
            "the same, as a drug does that is washed in, say initial.other_parameters = true"
        )
