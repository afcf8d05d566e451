"""A compiled cell model: ``load`` one, then ``advance`` any number of cells in place."""

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hpc_twin.cellmodels.compile import build
from hpc_twin.cellmodels.schemes import SCHEMES
from hpc_twin.parallel import InputError, RunError, nearest, on_root, together, world

_ARGUMENTS: tuple = (
    ctypes.c_long,
    ctypes.c_long,
    ctypes.c_double,
    ctypes.c_double,
    ctypes.c_long,
    *[ctypes.c_void_p] * 3,
)


@dataclass(frozen=True)
class Recipe:
    """All that a rank needs of a model to run it: plain values and the C text."""

    name: str
    state_names: tuple[str, ...]
    initial: tuple[float, ...]
    v_initial: float
    scheme: str
    gates: tuple[str, ...]
    source: str


@dataclass(frozen=True, eq=False)
class Kernel:
    """A compiled model. ``initial`` has shape (n_states,), without V, whose initial value is ``v_initial`` [mV]."""

    name: str
    state_names: tuple[str, ...]
    initial: np.ndarray
    v_initial: float
    scheme: str
    gates: tuple[str, ...]
    library: Path
    _advance: Callable[..., None] = field(repr=False)

    @property
    def n_states(self) -> int:
        """Number of states of a cell, V not among them."""
        return len(self.state_names)

    def new_states(self, n: int) -> np.ndarray:
        """Initial states of ``n`` cells, shape (n_states, n)."""
        return np.repeat(self.initial[:, None], n, axis=1)

    def advance(self, V, states, stimulus, t: float, dt: float, substeps: int = 1) -> None:
        """Take all cells from t to t + dt [ms], in place, in ``substeps`` equal steps.

        ``V`` (n,) in mV, ``states`` (n_states, n), ``stimulus`` (n,) in mV/ms (positive depolarises) or None: float64,
        contiguous (the rows of ``states`` may be farther apart than n). Raises ValueError for any other array.
        """
        n = V.size
        _check(V, (n,), "V")
        _check(states, (self.n_states, n), "states")
        if stimulus is not None:
            _check(stimulus, (n,), "stimulus")
            stimulus = stimulus.ctypes.data
        stride = states.strides[0] // 8 if self.n_states else n
        self._advance(n, stride, t, dt, substeps, V.ctypes.data, states.ctypes.data, stimulus)


def _check(array: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    packed = array.strides[-1] == 8 or array.shape[-1] < 2
    if array.shape != shape or array.dtype != np.float64 or not packed:
        found = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{name} must be float64 of shape {shape} with contiguous rows, not {found}")


def load(
    name_or_path: str | Path,
    *,
    scheme: str = "rush_larsen",
    parameters: Mapping[str, float | str] | None = None,
    comm=None,
) -> Kernel:
    """Compile (or take from the cache) the kernel of a library model or of a Myokit .mmt file. Collective.

    ``scheme`` is a key of schemes.SCHEMES; ``parameters`` maps constants to numbers in the model's own units or to
    factors such as ``"0.5x"``. Raises InputError for an unknown model, scheme or parameter and for an
    unreadable file.
    """
    comm = world() if comm is None else comm
    if scheme not in SCHEMES:
        raise InputError(f"unknown scheme '{scheme}'{nearest(scheme, SCHEMES)} (known: {', '.join(SCHEMES)})")
    recipe = comm.bcast(on_root(comm, lambda: _recipe(name_or_path, scheme, parameters)))
    library = build(recipe.source, comm)
    with together(comm):
        function = _bound(library)
    return Kernel(
        name=recipe.name,
        state_names=recipe.state_names,
        initial=np.array(recipe.initial, dtype=float),
        v_initial=recipe.v_initial,
        scheme=scheme,
        gates=recipe.gates,
        library=library,
        _advance=function,
    )


def _recipe(name_or_path: str | Path, scheme: str, parameters: Mapping[str, float | str] | None) -> Recipe:
    from hpc_twin.cellmodels.pipeline import lower  # Myokit takes 0.3 s to import, which rank 0 alone must spend
    from hpc_twin.cellmodels.reader import read

    equations = read(name_or_path, parameters)
    source, gates = lower(equations, scheme)
    return Recipe(equations.name, equations.states, equations.initial, equations.v_initial, scheme, gates, source)


def _bound(library: Path) -> Callable[..., None]:
    try:
        function = ctypes.CDLL(str(library)).advance
    except OSError as error:  # a disk mounted noexec, or a CPU of another kind than that of rank 0
        raise RunError(f"cannot load the compiled cell model ({error}): set XDG_CACHE_HOME to another folder") from None
    function.argtypes, function.restype = _ARGUMENTS, None
    return function
