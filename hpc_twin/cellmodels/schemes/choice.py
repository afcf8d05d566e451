"""Which method each state is stepped with, and why."""

from collections.abc import Sequence

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
from hpc_twin.cellmodels.expressions.ir import Expr, var
from hpc_twin.cellmodels.schemes.implicit import cost
from hpc_twin.cellmodels.schemes.stages import EULER, GRL1, IMPLICIT, RUSH_LARSEN, Method
from hpc_twin.cellmodels.schemes.steps import gate_rate
from hpc_twin.cellmodels.schemes.stiffness import fastest
from hpc_twin.cellmodels.schemes.structure import Rates, circles, coupled, jacobian, linear_blocks

STIFF = 10.0  # 1/ms: a state that relaxes faster takes a step of 0.05 ms badly by forward Euler
MOST_MULTIPLICATIONS = 2000  # of a block's factorisation

Chosen = dict[str, Method]


def right_hand_sides(equations: Equations) -> dict[str, Expr]:
    """State -> its right-hand side, V first where there is one."""
    first = {} if equations.v is None or equations.v_rate is None else {equations.v: equations.v_rate}
    return first | dict(zip(equations.states, equations.rates, strict=True))


def forward_euler(equations: Equations) -> Chosen:
    """Forward Euler for all."""
    return {name: Method(name, EULER, "asked for") for name in right_hand_sides(equations)}


def rush_larsen(equations: Equations) -> Chosen:
    """Rush-Larsen for the gates, forward Euler for V and all others."""
    euler = {name: Method(name, EULER, "not linear in itself") for name in equations.states}
    return _v(equations) | euler | _gates(equations)


def generalised_rush_larsen(equations: Equations) -> Chosen:
    """GRL1 for all that have a derivative, V among them; of a gate it is Rush-Larsen."""
    tangents = {name: _tangent(name, rate) for name, rate in right_hand_sides(equations).items()}
    return tangents | _gates(equations)


def implicit(equations: Equations) -> Chosen:
    """The linearly implicit Euler step for all that depend on each other in circles, V left out."""
    chosen = rush_larsen(equations)
    rates = dict(zip(equations.states, equations.rates, strict=True))
    for group in _by_tangents(rates, equations.states):
        if len(group) > 1 or chosen[group[0]].method != RUSH_LARSEN:
            alone = "not linear in itself"
            reason = alone if len(group) == 1 else f"one of {len(group)} states that depend on each other in circles"
            chosen.update(_block(rates, group, reason))
    return chosen


def auto(equations: Equations) -> Chosen:
    """Rush-Larsen for gates, implicit for Markov blocks and for what is stiff together, GRL1 for the stiff alone."""
    gates = _gates(equations)
    rates = dict(zip(equations.states, equations.rates, strict=True))
    markov = linear_blocks(rates, list(gates))
    chosen = {name: gates[name] if name in gates else _tangent(name, rate) for name, rate in rates.items()}
    for block in markov:
        chosen |= _block(
            rates, block, f"one of {len(block)} states that are linear in each other, as in a Markov channel"
        )
    speeds = fastest(equations, chosen)
    stiff = [name for name, speed in speeds.items() if speed > STIFF and chosen[name].method != IMPLICIT]
    for group in _by_tangents(rates, stiff):
        if len(group) > 1:
            chosen |= _block(rates, group, f"one of {len(group)} states that are stiff together")
    alone = [name for name, method in chosen.items() if method.method == GRL1]
    return _v(equations) | chosen | {name: _by_speed(name, speeds[name]) for name in alone}


def _by_tangents(rates: Rates, names: Sequence[str]) -> list[tuple[str, ...]]:
    """The sets of ``names`` that depend on each other in circles by their tangents."""
    return [group for circle in circles(rates, names) for group in coupled(circle, jacobian(rates, circle))]


def _v(equations: Equations) -> Chosen:
    if equations.v is None:
        return {}
    return {equations.v: Method(equations.v, EULER, "the membrane potential: diffusion is split from it")}


def _gates(equations: Equations) -> Chosen:
    pairs = zip(equations.states, equations.rates, strict=True)
    found = [name for name, rate in pairs if gate_rate(var(name), rate) is not None]
    return {name: Method(name, RUSH_LARSEN, "a gate: linear in itself") for name in found}


def _tangent(name: str, rate: Expr) -> Method:
    """GRL1 where there is a derivative that is not 0."""
    try:
        slope = derivative(rate, var(name))
    except NoDerivative as operation:
        return Method(name, EULER, f"no derivative: {operation} of itself")
    if slope.value == 0:
        return Method(name, EULER, "its rate does not depend on itself")
    return Method(name, GRL1, "by its tangent")


def _by_speed(name: str, speed: float) -> Method:
    found = f"df/dx down to -{speed:.2g}/ms"
    if speed > STIFF:
        return Method(name, GRL1, f"stiff by itself: {found}")
    return Method(name, EULER, f"not stiff: {found}")


def _block(rates: Rates, group: Sequence[str], reason: str) -> Chosen:
    """The implicit step for a group, nothing where it costs too much."""
    number = {name: k for k, name in enumerate(group)}
    pattern = {(number[i], number[j]) for i, j in jacobian(rates, group)}
    if cost(pattern, len(group)) > MOST_MULTIPLICATIONS:
        return {}
    return {name: Method(name, IMPLICIT, reason, tuple(group)) for name in group}
