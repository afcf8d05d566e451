"""The step of a model by a scheme: each state's value after dt as an expression in the values before it."""

from collections.abc import Callable
from dataclasses import dataclass

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.expressions.ir import Expr, var
from hpc_twin.cellmodels.schemes import choice
from hpc_twin.cellmodels.schemes.stages import Method, grouped, one_stage, two_stages
from hpc_twin.parallel import InputError, nearest


@dataclass(frozen=True)
class Scheme:
    """A way to step a model: what it does, the method that it takes for each state, and its order in dt."""

    description: str
    choose: Callable[[Equations], choice.Chosen]
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


def plan(equations: Equations, scheme: str) -> Plan:
    """The step of ``equations`` by a scheme of SCHEMES. Raises InputError for an unknown one."""
    if scheme not in SCHEMES:
        raise InputError(f"unknown scheme '{scheme}'{nearest(scheme, SCHEMES)} (known: {', '.join(SCHEMES)})")
    methods = SCHEMES[scheme].choose(equations)
    groups = grouped(choice.right_hand_sides(equations), methods)
    new = two_stages(groups) if SCHEMES[scheme].order == 2 else one_stage(groups)
    return Plan(
        v_new=None if equations.v is None else new[var(equations.v)],
        new=tuple(new[var(name)] for name in equations.states),
        methods=tuple(methods.values()),
    )
