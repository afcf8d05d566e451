"""Replace nodes of expressions by others."""

from collections.abc import Mapping, Sequence

from hpc_twin.cellmodels.expressions.algebra import call
from hpc_twin.cellmodels.expressions.ir import Expr, ordered


def substituted(outputs: Sequence[Expr], values: Mapping[Expr, Expr]) -> list[Expr]:
    """``outputs`` with every node that is a key of ``values`` replaced, all at once; what they share stays shared."""
    new: dict[Expr, Expr] = dict(values)
    for node in ordered(outputs):
        if node not in new:
            new[node] = call(node.op, *(new[a] for a in node.operands)) if node.operands else node
    return [new[node] for node in outputs]
