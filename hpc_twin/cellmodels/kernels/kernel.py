"""A compiled cell model: ``load`` one, then ``advance`` any number of cells in place."""

import ctypes
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpc_twin.cellmodels.kernels.storage import Storage, storage
from hpc_twin.cellmodels.kernels.tables import with_tables
from hpc_twin.cellmodels.schemes import Method
from hpc_twin.compiling import build, opened
from hpc_twin.parallel import InputError, on_root, together, world

if TYPE_CHECKING:
    from hpc_twin.cellmodels.equations import Equations

_ARGUMENTS: tuple = (
    *(ctypes.c_long, ctypes.c_long, ctypes.c_double, ctypes.c_double, ctypes.c_long),
    *([ctypes.c_void_p] * 4),
    ctypes.c_long,
)
# Rows a whole number of pages apart all fall on the same few places of the first cache: 15 % of a kernel's time.
PAGE, CACHE_LINE = 512, 8  # doubles


@dataclass(frozen=True)
class Recipe:
    """All that a rank needs of a model to run it: plain values and the C text."""

    name: str
    state_names: tuple[str, ...]
    initial: tuple[float, ...]
    v_initial: float | None
    varying: tuple[str, ...]
    defaults: tuple[float, ...]
    scheme: str
    methods: tuple[Method, ...]
    storage: Storage
    digest: str
    source: str


@dataclass(frozen=True, eq=False)
class Kernel:
    """A compiled model. ``initial`` has shape (n_states,), without V, whose initial value is ``v_initial`` [mV].

    ``v_initial`` is None for a model without V. ``varying`` names the parameters that are arguments of ``advance``;
    ``defaults`` (n_varying,) are their values in the model. ``digest`` is that of the equations. ``storage`` says
    which states are floats: none, unless the precision is mixed. ``code`` is a digest of the C text.
    """

    name: str
    state_names: tuple[str, ...]
    initial: np.ndarray
    v_initial: float | None
    varying: tuple[str, ...]
    defaults: np.ndarray
    scheme: str
    methods: tuple[Method, ...]
    storage: Storage
    digest: str
    code: str
    library: Path
    _advance: Callable[..., None] = field(repr=False)

    @property
    def n_states(self) -> int:
        """Number of states of a cell, V not among them."""
        return len(self.state_names)

    def new_states(self, n: int) -> np.ndarray:
        """Initial states of ``n`` cells, shape (n_rows, n); rows are a little farther apart where it is faster.

        n_rows is n_states, or less in mixed precision, where ``values`` and ``views`` tell the states apart.
        """
        states = np.zeros((self.storage.n_rows, n + (CACHE_LINE if n and n % PAGE == 0 else 0)))[:, :n]
        for row, value in zip(self.views(states), self.initial, strict=True):
            row[:] = value
        return states

    def views(self, states: np.ndarray) -> list[np.ndarray]:
        """The values (n,) of each state in place, float64 or float32."""
        return self.storage.views(states)

    def values(self, states: np.ndarray) -> np.ndarray:
        """The values (n_states, n) of all states: ``states`` itself where they are doubles."""
        return np.array(self.views(states), dtype=float) if self.storage.floats else states

    def new_parameters(self, n: int) -> np.ndarray:
        """The varying parameters of ``n`` cells, shape (n_varying, n), all as in the model."""
        return np.repeat(self.defaults[:, None], n, axis=1)

    def starting(self, V: float | None, states: Mapping[str, float]) -> "Kernel":
        """This kernel with other initial values. Raises InputError naming the states that are missing or unknown."""
        missing = [name for name in self.state_names if name not in states]
        unknown = [name for name in states if name not in self.state_names]
        if (V is None) != (self.v_initial is None):
            (unknown if self.v_initial is None else missing).insert(0, "V")
        if missing or unknown:
            words = [
                f"{what} {', '.join(names)}" for what, names in (("without", missing), ("unknown", unknown)) if names
            ]
            raise InputError(f"these are not the states of {self.name}: {'; '.join(words)}")
        return replace(self, v_initial=V, initial=np.array([states[name] for name in self.state_names], dtype=float))

    def advance(self, V, states, stimulus, t: float, dt: float, substeps: int = 1, parameters=None) -> None:
        """Take all cells from t to t + dt [ms], in place, in ``substeps`` equal steps.

        ``V`` (n,) in mV (None for a model without V), ``states`` (n_rows, n), ``stimulus`` (n,) in mV/ms (positive
        depolarises) or None, ``parameters`` (n_varying, n), (n_varying,) for all cells alike, or None for the model's
        own: float64, contiguous (rows may be farther apart than n). Raises ValueError for any other array.
        """
        n = states.shape[1] if V is None else V.size
        arguments = self._pointers(V, states, stimulus, parameters, n)
        self._advance(n, _stride(states, n), t, dt, substeps, *arguments)

    def _pointers(self, V, states, stimulus, parameters, n: int) -> tuple:
        if (V is None) != (self.v_initial is None):
            raise ValueError(f"{self.name} has {'no' if self.v_initial is None else 'a'} membrane potential V")
        if V is not None:
            _check(V, (n,), "V")
        _check(states, (self.storage.n_rows, n), "states")
        if stimulus is not None:
            _check(stimulus, (n,), "stimulus")
        parameters = self.defaults if parameters is None else parameters
        per_cell = parameters.ndim == 2
        _check(parameters, (len(self.varying), n) if per_cell else (len(self.varying),), "parameters")
        stride = _stride(parameters, n) if per_cell else 0
        return _address(V), _address(states), _address(stimulus), _address(parameters), stride


def _address(array: np.ndarray | None) -> int | None:
    return None if array is None else array.ctypes.data


def _stride(rows: np.ndarray, n: int) -> int:
    """Doubles from one row to the next."""
    return rows.strides[0] // 8 if rows.shape[0] else n


def _check(array: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    packed = array.strides[-1] == 8 or array.shape[-1] < 2 or not array.size
    if array.shape != shape or array.dtype != np.float64 or not packed:
        found = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{name} must be float64 of shape {shape} with contiguous rows, not {found}")


def load(
    name_or_path: str | Path,
    *,
    scheme: str = "auto",
    parameters: Mapping[str, float | str] | None = None,
    varying: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    precision: str = "double",
    tables: bool = False,
    comm=None,
) -> Kernel:
    """Compile (or take from the cache) the kernel of a library model or of a CellML, SBML or .mmt file. Collective.

    ``scheme`` is a key of schemes.SCHEMES; ``parameters`` maps constants to numbers in the model's own units or to
    factors such as ``"0.5x"``; ``varying`` names constants that stay arguments of ``advance``; ``labels`` are those of
    ``reader.read``; ``precision`` is "double", or "mixed": occupancies are kept as floats (storage.py);
    ``tables`` takes what depends on V alone from tables with a relative error of 1e-6 (tables.py).
    Raises InputError for an unknown model, scheme, parameter or precision and for an unreadable file.
    """
    request = {"scheme": scheme, "parameters": parameters, "varying": varying, "labels": labels}
    return load_all([{"name_or_path": name_or_path, "precision": precision, "tables": tables, **request}], comm)[0]


def load_all(requests: Sequence[Mapping[str, Any]], comm=None) -> list[Kernel]:
    """``load`` of many models, which are compiled at the same time. Collective; raises as ``load``.

    Each request holds arguments of ``load`` by name, without ``comm``: ``{"name_or_path": ..., "scheme": ...}``.
    """
    comm = world() if comm is None else comm
    return _kernels(comm.bcast(on_root(comm, lambda: [_read(**request) for request in requests])), comm)


def compiled(equations: "Equations", scheme: str = "auto", comm=None) -> Kernel:
    """The kernel of equations that were read before. Collective; raises InputError for an unknown scheme."""
    comm = world() if comm is None else comm
    return _kernels(comm.bcast(on_root(comm, lambda: [_recipe(equations, scheme)])), comm)[0]


def _read(
    name_or_path: str | Path, scheme: str = "auto", precision: str = "double", tables: bool = False, **reading: Any
) -> Recipe:
    """``reading`` are the other arguments of ``reader.read``."""
    from hpc_twin.cellmodels.reading.reader import read  # takes 0.3 s to import: rank 0 alone does

    return _recipe(read(name_or_path, **reading), scheme, precision, tables)


def _recipe(equations: "Equations", scheme: str, precision: str = "double", tables: bool = False) -> Recipe:
    from hpc_twin.cellmodels.kernels.pipeline import lower

    source, methods = lower(equations, scheme, precision, tables)
    return Recipe(
        name=equations.name,
        state_names=equations.states,
        initial=equations.initial,
        v_initial=equations.v_initial,
        varying=equations.varying,
        defaults=tuple(equations.parameters[name].value for name in equations.varying),
        scheme=scheme,
        methods=methods,
        storage=storage(equations, methods, precision),
        digest=equations.digest,
        source=source,
    )


def _kernels(recipes: Sequence[Recipe], comm) -> list[Kernel]:
    libraries = build([recipe.source for recipe in recipes], comm)
    with together(comm):
        functions = [_bound(library) for library in libraries]
    return [_kernel(*parts) for parts in zip(recipes, libraries, functions, strict=True)]


def _kernel(recipe: Recipe, library: Path, function: Callable[..., None]) -> Kernel:
    return Kernel(
        name=recipe.name,
        state_names=recipe.state_names,
        initial=np.array(recipe.initial, dtype=float),
        v_initial=recipe.v_initial,
        varying=recipe.varying,
        defaults=np.array(recipe.defaults, dtype=float),
        scheme=recipe.scheme,
        methods=recipe.methods,
        storage=recipe.storage,
        digest=recipe.digest,
        code=hashlib.sha256(recipe.source.encode()).hexdigest()[:16],
        library=library,
        _advance=function,
    )


def _bound(library: Path) -> Callable[..., None]:
    loaded = opened(library)
    function = loaded.advance
    function.argtypes, function.restype = _ARGUMENTS, None
    return with_tables(loaded) if hasattr(loaded, "columns") else function
