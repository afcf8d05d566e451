"""From the method of each state to its value after a step, in one stage (order 1) or two (order 2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hpc_twin.cellmodels.equations import TIME
from hpc_twin.cellmodels.expressions.algebra import add, mul
from hpc_twin.cellmodels.expressions.ir import Expr, num, var
from hpc_twin.cellmodels.expressions.substitution import substituted
from hpc_twin.cellmodels.schemes import steps
from hpc_twin.cellmodels.schemes.implicit import implicit_euler, rosenbrock2
from hpc_twin.cellmodels.schemes.structure import Rates

EULER, RUSH_LARSEN, GRL1, IMPLICIT = "forward_euler", "rush_larsen", "grl1", "implicit"


@dataclass(frozen=True)
class Method:
    """How ``state`` is stepped: "forward_euler", "rush_larsen", "grl1" or "implicit", and the reason in words.

    ``together`` are the states of its implicit block.
    """

    state: str
    method: str
    reason: str
    together: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """States that are stepped together by one method: their variables and right-hand sides."""

    method: str
    x: tuple[Expr, ...]
    f: tuple[Expr, ...]


ALONE: dict[str, Callable[[Expr, Expr], Expr]] = {
    EULER: steps.forward_euler,
    RUSH_LARSEN: steps.rush_larsen,
    GRL1: steps.grl1,
}


def grouped(rates: Rates, methods: Mapping[str, Method]) -> list[Group]:
    """Each state alone, but those of an implicit block together."""
    groups = dict.fromkeys((method.method, method.together or (name,)) for name, method in methods.items())
    return [Group(method, tuple(var(n) for n in names), tuple(rates[n] for n in names)) for method, names in groups]


def _gains(group: Group, block: Callable[..., list[Expr]]) -> dict[Expr, Expr]:
    """x(t + dt) - x(t) of each state of a group; ``block`` is the step of implicit ones."""
    if group.method == IMPLICIT:
        return dict(zip(group.x, block(group.x, group.f), strict=True))
    return {x: ALONE[group.method](x, f) for x, f in zip(group.x, group.f, strict=True)}


def one_stage(groups: Sequence[Group]) -> dict[Expr, Expr]:
    """x + dx for all states, by the values before the step alone."""
    return {x: add(x, dx) for group in groups for x, dx in _gains(group, implicit_euler).items()}


def two_stages(groups: Sequence[Group]) -> dict[Expr, Expr]:
    """Half a step by ``one_stage``, then a whole one with all others where they are then (Sundnes et al. 2009, 8-10).

    In the tangent of a state, or block, its own value stays the old one; forward Euler becomes the midpoint rule.
    """
    halved, time = mul(num(0.5), steps.DT), var(TIME)
    first = one_stage(groups)
    half = dict(zip(first, substituted(list(first.values()), {steps.DT: halved}), strict=True))
    new = {}
    for group in groups:
        others = {x: value for x, value in half.items() if group.method == EULER or x not in group.x}
        gains = _gains(group, rosenbrock2)
        middle = substituted(list(gains.values()), {**others, time: add(time, halved)})
        new.update({x: add(x, dx) for x, dx in zip(gains, middle, strict=True)})
    return new
