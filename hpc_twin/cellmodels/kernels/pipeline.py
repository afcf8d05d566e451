"""The path from Equations to C text, pass by pass."""

from collections.abc import Callable, Sequence

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.expressions.exponentials import share_exponentials
from hpc_twin.cellmodels.expressions.ir import Expr, var
from hpc_twin.cellmodels.kernels.codegen import Layout, generate, generate_evaluation
from hpc_twin.cellmodels.schemes.steps import SCHEMES, forward_euler, gate_rate

PASSES: tuple[Callable[[list[Expr]], list[Expr]], ...] = (share_exponentials,)


def lower(equations: Equations, scheme: str) -> tuple[str, tuple[str, ...]]:
    """(C text, names of the gates that the scheme steps as gates)."""
    states = [var(name) for name in equations.states]
    step = SCHEMES[scheme]
    outputs = [step(x, f) for x, f in zip(states, equations.rates, strict=True)]
    if equations.v is not None and equations.v_rate is not None:
        outputs.append(forward_euler(var(equations.v), equations.v_rate))
    gates = tuple(x.args[0] for x, f in zip(states, equations.rates, strict=True) if gate_rate(x, f) is not None)
    outputs = _passed(outputs)
    v_new = None if equations.v is None else outputs.pop()
    return generate(layout(equations), v_new, outputs), gates if scheme == "rush_larsen" else ()


def lower_evaluation(equations: Equations, outputs: Sequence[Expr]) -> str:
    """C text that evaluates ``outputs`` (expressions in the variables of the equations) for many cells."""
    return generate_evaluation(layout(equations), _passed(list(outputs)))


def layout(equations: Equations) -> Layout:
    """The arrays that a kernel of these equations takes."""
    return Layout(equations.v, equations.states, equations.varying)


def _passed(outputs: list[Expr]) -> list[Expr]:
    for rewrite in PASSES:
        outputs = rewrite(outputs)
    return outputs
