"""The path from Equations to C text, pass by pass."""

from collections.abc import Sequence
from dataclasses import replace

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.expressions.divisions import flatten_fractions
from hpc_twin.cellmodels.expressions.exponentials import share_exponentials
from hpc_twin.cellmodels.expressions.ir import Expr
from hpc_twin.cellmodels.expressions.strength import reduce_powers
from hpc_twin.cellmodels.expressions.tables import tabulated
from hpc_twin.cellmodels.kernels.codegen import Layout, Tabulated, generate, generate_evaluation
from hpc_twin.cellmodels.kernels.storage import storage
from hpc_twin.cellmodels.schemes import Method, Plan, plan


def lower(
    equations: Equations, scheme: str, precision: str = "double", tables: bool = False
) -> tuple[str, tuple[Method, ...]]:
    """(C text, how each state is stepped and why). Raises InputError for an unknown scheme or precision."""
    step = plan(equations, scheme)
    outputs = _passed([*step.new, *([] if step.v_new is None else [step.v_new])], equations.v)
    v_new = None if step.v_new is None else outputs.pop()
    floats = storage(equations, step.methods, precision).floats
    by_tables = _by_tables(step, equations.v) if tables else None
    return generate(replace(layout(equations), floats=floats), v_new, outputs, by_tables), step.methods


def lower_evaluation(equations: Equations, outputs: Sequence[Expr]) -> str:
    """C text that evaluates ``outputs`` (expressions in the variables of the equations) for many cells."""
    return generate_evaluation(layout(equations), _passed(list(outputs), equations.v))


def _by_tables(step: Plan, v: str | None) -> Tabulated | None:
    """The step with tables over V, or None without V or with few expressions that are worth a table."""
    if v is None or step.v_new is None:
        return None
    outputs, columns = tabulated([*step.new, step.v_new], v)
    *new, v_new = _passed(outputs, v)
    return Tabulated(v_new, new, _passed(columns, v)) if columns else None


def layout(equations: Equations) -> Layout:
    """The arrays that a kernel of these equations takes."""
    return Layout(equations.v, equations.states, equations.varying)


def _passed(outputs: list[Expr], v: str | None) -> list[Expr]:
    """All passes: they change values by rounding only."""
    return share_exponentials(flatten_fractions(reduce_powers(outputs), v))
