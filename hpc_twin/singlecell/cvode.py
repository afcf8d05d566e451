"""Reference solutions of one cell by CVODE (Hindmarsh et al. 2005, ACM Trans Math Softw 31:363-396).

Variable-order, variable-step BDF of SUNDIALS, through scikit-sundae. The integration starts anew at every edge of the
stimulus, so that no step crosses a discontinuity.
"""

import io
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.kernels.evaluator import rates
from hpc_twin.parallel import InputError, RunError, alone, nearest
from hpc_twin.singlecell.protocol import Protocol

MOST_STEPS = 1_000_000  # from one output time to the next
Rates = Callable[[float, np.ndarray, np.ndarray], None]  # (t, y, into)


@dataclass(frozen=True, eq=False)
class Solution:
    """``t`` (n_times,) ms, ``V`` (n_times,) mV (None for a model without V), ``states`` (n_states, n_times)."""

    t: np.ndarray
    V: np.ndarray | None
    states: np.ndarray


def solve(
    equations: Equations,
    times: Sequence[float] | np.ndarray,
    *,
    stimulus: Protocol | Sequence[tuple[float, float, float]] | None = None,
    initial: tuple[float | None, np.ndarray] | None = None,
    rtol: float = 1e-8,
    atol: float | np.ndarray | None = None,
    parameters: Mapping[str, float] | None = None,
    compiled: bool = True,
) -> Solution:
    """The solution at ``times`` [ms], of which the first is that of ``initial``.

    ``stimulus`` is a protocol or (start, end, strength in mV/ms) each. ``initial`` is (V, states); by default the
    model's. ``atol`` is one number or one per unknown, V first; by default 0.01 rtol times the initial value's size,
    between 1e-4 and 1. ``parameters`` are values of ``equations.varying``. ``compiled=False`` evaluates the right-hand
    side by numpy: slow, independent of the generated code. Raises RunError when the integration fails, InputError for
    an unknown parameter.
    """
    times = np.asarray(times, dtype=float)
    y = _start(equations, initial)
    strength = np.zeros(1)
    values = _parameters(equations, parameters or {})
    rhs = (_compiled if compiled else _by_numpy)(equations, strength, values)
    tolerance = 1e-2 * rtol * _size(y) if atol is None else atol
    found = np.empty((len(times), len(y)))
    found[0] = y
    for begin, end, strength[0] in _segments(_pulses(stimulus, times), times[0], times[-1]):
        inside = (times > begin) & (times <= end)
        wanted = np.unique([begin, *times[inside], end])
        path = _integrate(rhs, wanted, y, rtol, tolerance, equations.name)
        found[inside], y = path[np.searchsorted(wanted, times[inside])], path[-1]
    if equations.v is None:
        return Solution(times, None, found.T)
    return Solution(times, found[:, 0], found[:, 1:].T)


def _start(equations: Equations, initial: tuple[float | None, np.ndarray] | None) -> np.ndarray:
    v, states = (equations.v_initial, np.array(equations.initial)) if initial is None else initial
    return np.array([*([] if equations.v is None else [v]), *states], dtype=float)


def _size(y: np.ndarray) -> np.ndarray:
    return np.where(y == 0, 1.0, np.clip(np.abs(y), 1e-4, 1.0))


def _parameters(equations: Equations, given: Mapping[str, float]) -> np.ndarray:
    for name in given:
        if name not in equations.varying:
            raise InputError(f"{equations.name}: '{name}' is no varying parameter{nearest(name, equations.varying)}")
    return np.array([given.get(name, equations.parameters[name].value) for name in equations.varying], dtype=float)


def _pulses(stimulus, times: np.ndarray) -> list[tuple[float, float, float]]:
    """(start, end, strength) of every pulse that touches the times."""
    if isinstance(stimulus, Protocol):
        on_off = stimulus.pulses.between(times[0], times[-1])
        return [(on, off, stimulus.strength) for on, off in on_off]
    return list(stimulus or ())


def _segments(pulses: list[tuple[float, float, float]], begin: float, end: float) -> list[tuple[float, float, float]]:
    """(from, to, strength): the time from begin to end, cut where a pulse starts or ends."""
    edges = {edge for on, off, _ in pulses for edge in (on, off) if begin < edge < end}
    cuts = sorted({begin, end, *edges})
    pairs = [(a, b) for a, b in pairwise(cuts) if b - a > 1e-12 * max(1.0, abs(b))]
    return [(a, b, sum(s for on, off, s in pulses if on <= (a + b) / 2 < off)) for a, b in pairs]


def _compiled(equations: Equations, strength: np.ndarray, values: np.ndarray) -> Rates:
    """The right-hand side by compiled code on fixed arrays: nothing is allocated in a call."""
    first = 0 if equations.v is None else 1
    y = np.empty((first + len(equations.states), 1))
    dy = np.empty_like(y)
    evaluate = rates(equations, alone()).bound(y[0] if first else None, y[first:], strength, values, dy)
    flat_y, flat_dy = y[:, 0], dy[:, 0]

    def rhs(t: float, now: np.ndarray, into: np.ndarray) -> None:
        flat_y[:] = now
        evaluate(t)
        into[:] = flat_dy

    return rhs


def _by_numpy(equations: Equations, strength: np.ndarray, values: np.ndarray) -> Rates:
    parameters = dict(zip(equations.varying, values, strict=True))
    first = 0 if equations.v is None else 1

    def rhs(t: float, now: np.ndarray, into: np.ndarray) -> None:
        V = now[0] if first else None
        dV, into[first:] = equations.rhs(V, now[first:], t, strength[0], parameters)
        if first:
            into[0] = dV

    return rhs


def _integrate(rhs: Rates, times: np.ndarray, y: np.ndarray, rtol: float, atol, name: str) -> np.ndarray:
    """(n_times, n) from y at the first of ``times``."""
    os.environ.setdefault("SUNLOGGER_WARNING_FILENAME", os.devnull)  # else warnings of SUNDIALS go to the terminal
    from sksundae.cvode import CVODE

    options = {"method": "BDF", "rtol": rtol, "atol": atol, "max_num_steps": MOST_STEPS, "linsolver": "dense"}
    dense = len(times) > 2
    wanted = times if dense else np.array([times[0], (times[0] + times[-1]) / 2, times[-1]])
    with redirect_stdout(io.StringIO()):  # where scikit-sundae prints what is said below
        result = CVODE(rhs, **options).solve(wanted, y)
    if not result.success or not np.isfinite(result.y[-1]).all():
        raise RunError(f"{name}: the model blew up at t = {result.t[-1]:g} ms ({result.message.rstrip('.').lower()})")
    return result.y if dense else result.y[[0, -1]]
