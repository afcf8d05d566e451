"""The step of a model by a scheme: each state's value after dt as an expression in the values before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hpc_twin.cellmodels.equations import TIME, Equations
from hpc_twin.cellmodels.expressions.algebra import add, mul
from hpc_twin.cellmodels.expressions.ir import Expr, num, var
from hpc_twin.cellmodels.expressions.substitution import substituted
from hpc_twin.cellmodels.schemes import choice, steps
from hpc_twin.cellmodels.schemes.choice import EULER, GRL1, IMPLICIT, RUSH_LARSEN, Chosen, Method, right_hand_sides
from hpc_twin.cellmodels.schemes.implicit import implicit_euler, rosenbrock2
from hpc_twin.parallel import InputError, nearest


@dataclass(frozen=True)
class Scheme:
    """A way to step a model: what it does, the method that it takes for each state, and its order in dt."""

    description: str
    choose: Callable[[Equations], Chosen]
    order: int = 1


SCHEMES: dict[str, Scheme] = {
    "auto": Scheme("chosen for each state: Rush-Larsen, implicit, GRL1 or forward Euler", choice.auto),
    "auto2": Scheme("as auto, of second order: two stages, twice the cost", choice.auto, 2),
    "rush_larsen": Scheme("gates exactly, all others by forward Euler", choice.rush_larsen),
    "forward_euler": Scheme("all by forward Euler", choice.forward_euler),
    "grl1": Scheme("generalised Rush-Larsen of first order, V too", choice.generalised_rush_larsen),
    "grl2": Scheme("generalised Rush-Larsen of second order, V too", choice.generalised_rush_larsen, 2),
    "implicit": Scheme("all that hangs together but V by linearly implicit Euler", choice.implicit),
}


@dataclass(frozen=True)
class Plan:
    """``v_new`` (None without V) and ``new`` are the values after ``dt``, ``methods`` those of V (first) and states."""

    v_new: Expr | None
    new: tuple[Expr, ...]
    methods: tuple[Method, ...]


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


def plan(equations: Equations, scheme: str) -> Plan:
    """The step of ``equations`` by a scheme of SCHEMES. Raises InputError for an unknown one."""
    if scheme not in SCHEMES:
        raise InputError(f"unknown scheme '{scheme}'{nearest(scheme, SCHEMES)} (known: {', '.join(SCHEMES)})")
    methods = SCHEMES[scheme].choose(equations)
    groups = _grouped(equations, methods)
    new = _two_stages(groups) if SCHEMES[scheme].order == 2 else _one_stage(groups)
    return Plan(
        v_new=None if equations.v is None else new[var(equations.v)],
        new=tuple(new[var(name)] for name in equations.states),
        methods=tuple(methods.values()),
    )


def _grouped(equations: Equations, methods: Mapping[str, Method]) -> list[Group]:
    """Each state alone, but those of an implicit block together."""
    rates = right_hand_sides(equations)
    groups = dict.fromkeys((method.method, method.together or (name,)) for name, method in methods.items())
    return [Group(method, tuple(var(n) for n in names), tuple(rates[n] for n in names)) for method, names in groups]


def _gains(group: Group, block: Callable[..., list[Expr]]) -> dict[Expr, Expr]:
    """x(t + dt) - x(t) of each state of a group; ``block`` is the step of implicit ones."""
    if group.method == IMPLICIT:
        return dict(zip(group.x, block(group.x, group.f), strict=True))
    return {x: ALONE[group.method](x, f) for x, f in zip(group.x, group.f, strict=True)}


def _one_stage(groups: Sequence[Group]) -> dict[Expr, Expr]:
    """x + dx for all states, by the values before the step alone."""
    return {x: add(x, dx) for group in groups for x, dx in _gains(group, implicit_euler).items()}


def _two_stages(groups: Sequence[Group]) -> dict[Expr, Expr]:
    """Half a step by ``_one_stage``, then a whole one with all others where they are then (Sundnes et al. 2009, 8-10).

    In the tangent of a state, or block, its own value stays the old one; forward Euler becomes the midpoint rule.
    """
    halved, time = mul(num(0.5), steps.DT), var(TIME)
    first = _one_stage(groups)
    half = dict(zip(first, substituted(list(first.values()), {steps.DT: halved}), strict=True))
    new = {}
    for group in groups:
        others = {x: value for x, value in half.items() if group.method == EULER or x not in group.x}
        gains = _gains(group, rosenbrock2)
        middle = substituted(list(gains.values()), {**others, time: add(time, halved)})
        new.update({x: add(x, dx) for x, dx in zip(gains, middle, strict=True)})
    return new
