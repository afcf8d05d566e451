"""Compiled evaluation of expressions of a model for many cells: right-hand sides for CVODES, currents for traces."""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.expressions.ir import Expr
from hpc_twin.cellmodels.kernels.pipeline import lower_evaluation
from hpc_twin.compiling import build, opened
from hpc_twin.parallel import world


@dataclass(frozen=True, eq=False)
class Evaluator:
    """``n_outputs`` expressions of a model, compiled."""

    n_outputs: int
    defaults: np.ndarray
    _evaluate: Callable[..., None] = field(repr=False)

    def __call__(self, V, states, t: float = 0.0, stimulus=None, parameters=None, out=None) -> np.ndarray:
        """Values of shape (n_outputs, n), in ``out`` if given.

        ``V`` (n,) or None, ``states`` (n_states, n), ``stimulus`` (n,) in mV/ms or None, ``parameters`` (n_varying, n),
        (n_varying,) or None: float64, C-contiguous but for the rows of states, which may be apart (not checked).
        """
        n = states.shape[1] if V is None else V.size
        out = np.empty((self.n_outputs, n)) if out is None else out
        parameters = self.defaults if parameters is None else parameters
        address = [None if a is None else a.ctypes.data for a in (V, states, stimulus, parameters)]
        self._evaluate(n, _stride(states, n), t, out.ctypes.data, n, *address, n if parameters.ndim == 2 else 0)
        return out

    def bound(self, V, states, stimulus, parameters, out) -> Callable[[float], None]:
        """A function of t that does the same for these very arrays, at a third of the cost for one cell."""
        n, where = out.shape[1], [None if a is None else a.ctypes.data for a in (V, states, stimulus, parameters)]
        target, stride = out.ctypes.data, n if parameters.ndim == 2 else 0
        apart = _stride(states, n)
        held = (V, states, stimulus, parameters, out)  # alive as long as their addresses are used

        def evaluate(t: float, _held=held) -> None:
            self._evaluate(n, apart, t, target, n, *where, stride)

        return evaluate


def _stride(states: np.ndarray, n: int) -> int:
    """Doubles from one row to the next."""
    return states.strides[0] // 8 if states.shape[0] else n


def evaluator(equations: Equations, outputs: Sequence[Expr], comm=None) -> Evaluator:
    """Compile ``outputs``, expressions in the variables of ``equations``. Collective; raises as ``kernels.build``."""
    (library,) = build([lower_evaluation(equations, outputs)], world() if comm is None else comm)
    function = opened(library).evaluate
    function.restype = None
    function.argtypes = (
        *(ctypes.c_long, ctypes.c_long, ctypes.c_double, ctypes.c_void_p, ctypes.c_long),
        *([ctypes.c_void_p] * 4),
        ctypes.c_long,
    )
    defaults = np.array([equations.parameters[name].value for name in equations.varying], dtype=float)
    return Evaluator(len(outputs), defaults, function)


def rates(equations: Equations, comm=None) -> Evaluator:
    """The right-hand sides, V's first where the model has one."""
    first = [] if equations.v_rate is None else [equations.v_rate]
    return evaluator(equations, [*first, *equations.rates], comm)
