"""A compiled cell model: ``load`` one, then ``advance`` any number of cells in place."""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hpc_twin.cellmodels.kernels.compile import build
from hpc_twin.cellmodels.schemes import Method
from hpc_twin.parallel import RunError, on_root, together, world

_ARGUMENTS: tuple = (
    *(ctypes.c_long, ctypes.c_long, ctypes.c_double, ctypes.c_double, ctypes.c_long),
    *([ctypes.c_void_p] * 4),
    ctypes.c_long,
)


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
    source: str


@dataclass(frozen=True, eq=False)
class Kernel:
    """A compiled model. ``initial`` has shape (n_states,), without V, whose initial value is ``v_initial`` [mV].

    ``v_initial`` is None for a model without V. ``varying`` names the parameters that are arguments of ``advance``;
    ``defaults`` (n_varying,) are their values in the model.
    """

    name: str
    state_names: tuple[str, ...]
    initial: np.ndarray
    v_initial: float | None
    varying: tuple[str, ...]
    defaults: np.ndarray
    scheme: str
    methods: tuple[Method, ...]
    library: Path
    _advance: Callable[..., None] = field(repr=False)

    @property
    def n_states(self) -> int:
        """Number of states of a cell, V not among them."""
        return len(self.state_names)

    def new_states(self, n: int) -> np.ndarray:
        """Initial states of ``n`` cells, shape (n_states, n)."""
        return np.repeat(self.initial[:, None], n, axis=1)

    def new_parameters(self, n: int) -> np.ndarray:
        """The varying parameters of ``n`` cells, shape (n_varying, n), all as in the model."""
        return np.repeat(self.defaults[:, None], n, axis=1)

    def advance(self, V, states, stimulus, t: float, dt: float, substeps: int = 1, parameters=None) -> None:
        """Take all cells from t to t + dt [ms], in place, in ``substeps`` equal steps.

        ``V`` (n,) in mV (None for a model without V), ``states`` (n_states, n), ``stimulus`` (n,) in mV/ms (positive
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
        _check(states, (self.n_states, n), "states")
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
    packed = array.strides[-1] == 8 or array.shape[-1] < 2
    if array.shape != shape or array.dtype != np.float64 or not packed:
        found = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{name} must be float64 of shape {shape} with contiguous rows, not {found}")


def load(
    name_or_path: str | Path,
    *,
    scheme: str = "auto",
    parameters: Mapping[str, float | str] | None = None,
    varying: Sequence[str] = (),
    comm=None,
) -> Kernel:
    """Compile (or take from the cache) the kernel of a library model or of a Myokit .mmt file. Collective.

    ``scheme`` is a key of schemes.SCHEMES; ``parameters`` maps constants to numbers in the model's own units or to
    factors such as ``"0.5x"``; ``varying`` names constants that stay arguments of ``advance``. Raises InputError for an
    unknown model, scheme or parameter and for an unreadable file.
    """
    comm = world() if comm is None else comm
    recipe = comm.bcast(on_root(comm, lambda: _recipe(name_or_path, scheme, parameters, varying)))
    library = build(recipe.source, comm)
    with together(comm):
        function = _bound(library)
    return Kernel(
        name=recipe.name,
        state_names=recipe.state_names,
        initial=np.array(recipe.initial, dtype=float),
        v_initial=recipe.v_initial,
        varying=recipe.varying,
        defaults=np.array(recipe.defaults, dtype=float),
        scheme=scheme,
        methods=recipe.methods,
        library=library,
        _advance=function,
    )


def _recipe(
    name_or_path: str | Path, scheme: str, parameters: Mapping[str, float | str] | None, varying: Sequence[str]
) -> Recipe:
    from hpc_twin.cellmodels.kernels.pipeline import lower  # what reads models takes 0.3 s to import: rank 0 alone does
    from hpc_twin.cellmodels.reading.reader import read

    equations = read(name_or_path, parameters, varying)
    source, methods = lower(equations, scheme)
    return Recipe(
        name=equations.name,
        state_names=equations.states,
        initial=equations.initial,
        v_initial=equations.v_initial,
        varying=equations.varying,
        defaults=tuple(equations.parameters[name].value for name in equations.varying),
        scheme=scheme,
        methods=methods,
        source=source,
    )


def _bound(library: Path) -> Callable[..., None]:
    try:
        function = ctypes.CDLL(str(library)).advance
    except OSError as error:  # a disk mounted noexec, or a CPU of another kind than that of rank 0
        raise RunError(f"cannot load the compiled cell model ({error}): set XDG_CACHE_HOME to another folder") from None
    function.argtypes, function.restype = _ARGUMENTS, None
    return function
