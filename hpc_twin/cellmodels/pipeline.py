"""The path from Equations to C text, pass by pass."""

from collections.abc import Callable

from hpc_twin.cellmodels.codegen import generate
from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.exponentials import share_exponentials
from hpc_twin.cellmodels.ir import Expr, var
from hpc_twin.cellmodels.schemes import SCHEMES, forward_euler, gate_rate

PASSES: tuple[Callable[[list[Expr]], list[Expr]], ...] = (share_exponentials,)


def lower(equations: Equations, scheme: str) -> tuple[str, tuple[str, ...]]:
    """(C text, names of the gates that the scheme steps as gates)."""
    states = [var(name) for name in equations.states]
    step = SCHEMES[scheme]
    outputs = [forward_euler(var(equations.v), equations.v_rate)]
    outputs += [step(x, f) for x, f in zip(states, equations.rates, strict=True)]
    gates = tuple(x.args[0] for x, f in zip(states, equations.rates, strict=True) if gate_rate(x, f) is not None)
    for rewrite in PASSES:
        outputs = rewrite(outputs)
    v_new, *new = outputs
    return generate(equations.v, v_new, equations.states, new), gates if scheme == "rush_larsen" else ()
