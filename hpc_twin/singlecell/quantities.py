"""Named quantities along a trace, and the currents that make up dV/dt."""

from collections.abc import Sequence

import numpy as np

from hpc_twin.cellmodels.equations import STIMULUS, TIME, Equations
from hpc_twin.cellmodels.expressions.ir import Expr, depends
from hpc_twin.cellmodels.kernels.evaluator import evaluator
from hpc_twin.parallel import InputError, alone, nearest
from hpc_twin.singlecell.pacing import Traces
from hpc_twin.singlecell.protocol import Protocol


def quantities(
    equations: Equations, traces: Traces, names: Sequence[str], protocol: Protocol | None = None, every: int = 1
) -> dict[str, np.ndarray]:
    """Name -> (n_rows,) of V, states and variables of the first cell, at every so many rows.

    Raises InputError for a name that the model has not.
    """
    check_names(equations, names)
    t, states = traces.t[::every], np.ascontiguousarray(traces.states[::every, :, 0].T)
    V = None if traces.V is None else np.ascontiguousarray(traces.V[::every, 0])
    found = {name: states[equations.states.index(name)] for name in names if name in equations.states}
    if V is not None:
        found.update({name: V for name in names if name in ("V", equations.v)})
    named = [name for name in names if name not in found]
    if named:
        stimulus = _stimulus(t, protocol)
        outputs = [equations.variables[name] for name in named]
        found.update(zip(named, _evaluated(equations, outputs, traces.start + t, V, states, stimulus), strict=True))
    return {name: found[name] for name in names}


def check_names(equations: Equations, names: Sequence[str]) -> None:
    """Raise InputError for a name that is neither V, a state nor a variable."""
    known = [*(["V", equations.v] if equations.v else []), *equations.states, *equations.variables]
    for name in names:
        if name not in known:
            raise InputError(f"{equations.name}: no state or variable '{name}'{nearest(name, known)}")


def currents(equations: Equations) -> list[str]:
    """The variables whose sum, up to constant factors, is dV/dt, the stimulus left out."""
    if equations.v_rate is None:
        return []
    names = {expr: name for name, expr in equations.variables.items() if expr.operands}
    needs = depends([equations.v_rate])
    found: dict[str, None] = {}
    waiting = _addends(equations.v_rate, names, needs)
    while waiting:
        term = waiting.pop(0)
        parts = [part for part in term.operands for part in _addends(part, names, needs)] if _is_sum(term) else []
        if len(parts) > 1 and all(part in names for part in parts):
            waiting = parts + waiting
        elif term in names and STIMULUS not in needs[term]:
            found.setdefault(names[term])
    return list(found)


def _is_sum(term: Expr) -> bool:
    return term.op in ("add", "sub", "neg")


def _addends(term: Expr, names: dict[Expr, str], needs: dict[Expr, frozenset[str]]) -> list[Expr]:
    """What is summed in ``term`` but for constant factors; what has a name is not taken apart."""
    if term in names:
        return [term]
    if _is_sum(term):
        return [part for operand in term.operands for part in _addends(operand, names, needs)]
    moving = [operand for operand in term.operands if needs[operand]]
    if len(moving) == 1 and (term.op == "mul" or (term.op == "div" and moving[0] is term.args[0])):
        return _addends(moving[0], names, needs)
    return [term]


def _stimulus(t: np.ndarray, protocol: Protocol | None) -> np.ndarray:
    if protocol is None:
        return np.zeros(len(t))
    step = float(np.diff(t[:2])[0]) if len(t) > 1 else 1.0
    return protocol.strength * np.array([protocol.pulses.share(now, step) for now in t])


def _evaluated(equations, outputs, t, V, states, stimulus) -> np.ndarray:
    """(n_outputs, n_rows): at once, or row by row where an output depends on time itself."""
    evaluate = evaluator(equations, outputs, alone())
    if not any(TIME in names for names in depends(outputs).values()):
        return evaluate(V, states, 0.0, stimulus)
    rows = np.empty((len(outputs), len(t)))
    for k, now in enumerate(t):
        one = np.ascontiguousarray(states[:, k : k + 1])
        at = None if V is None else V[k : k + 1]
        rows[:, k] = evaluate(at, one, now, stimulus[k : k + 1])[:, 0]
    return rows
