"""Which states depend on which, and which of them form a linear block, as the occupancies of a Markov channel do."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from hpc_twin.cellmodels.expressions.algebra import TRUTHS
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
from hpc_twin.cellmodels.expressions.ir import Expr, depends, var

MOST_PAIRS = 1000  # published cell models have up to 100 in a circle

Rates = Mapping[str, Expr]  # right-hand side of each state
Jacobian = dict[tuple[str, str], Expr]  # the d f_i / d x_j that are not 0


def jacobian(rates: Rates, names: Collection[str]) -> Jacobian:
    """d f_i / d x_j for the states in ``names``; what has no derivative counts as 0, as conditions of branches do."""
    entries = {}
    for i in names:
        needs = depends([rates[i]])[rates[i]]
        for j in names:
            if j in needs:
                with suppress(NoDerivative):
                    entries[i, j] = derivative(rates[i], var(j))
    return {pair: slope for pair, slope in entries.items() if slope.value != 0}


def coupled(names: Sequence[str], pairs: Collection[tuple[str, str]]) -> list[tuple[str, ...]]:
    """The strongly connected components of the graph of ``pairs`` over ``names``, in the order of ``names``."""
    number = {name: k for k, name in enumerate(names)}
    inner = [(number[i], number[j]) for i, j in pairs if i in number and j in number]
    rows, columns = np.array(inner, dtype=int).reshape(-1, 2).T
    graph = csr_array((np.ones(len(inner)), (rows, columns)), shape=(len(names), len(names)))
    labels = connected_components(graph, connection="strong")[1] if names else ()
    members: dict[int, list[str]] = {}
    for name, label in zip(names, labels, strict=True):
        members.setdefault(int(label), []).append(name)
    return [tuple(group) for group in members.values()]


def circles(rates: Rates, names: Collection[str]) -> list[tuple[str, ...]]:
    """The sets of ``names`` that need each other in circles, those of one among them.

    Left out are circles of more than MOST_PAIRS dependences: they are networks, whose Jacobian would take minutes.
    """
    needs = depends(rates[name] for name in names)
    pairs = {(i, j) for i in names for j in names if j in needs[rates[i]]}
    found = coupled(list(names), pairs)
    return [c for c in found if sum(len(needs[rates[i]].intersection(c)) for i in c) <= MOST_PAIRS]


def linear_blocks(rates: Rates, gates: Sequence[str]) -> list[tuple[str, ...]]:
    """The sets of two or more ``gates`` that depend on each other in circles, and linearly: f = A x + b.

    States that stand in another's coefficient (calcium in the rates of its receptor) are left out, the worst first.
    """
    return [block for circle in circles(rates, gates) if len(circle) > 1 for block in _linear_parts(rates, circle)]


def _linear_parts(rates: Rates, circle: Sequence[str]) -> list[tuple[str, ...]]:
    bends = _jointly(rates, circle)
    linear = [(i, j) for i, j in bends if not {i, j} & bends[i, j]]
    waiting, blocks = coupled(circle, linear)[::-1], []
    while waiting:
        block = waiting.pop()
        inner = set(block)
        worst = Counter(name for (i, j), names in bends.items() if {i, j} <= inner for name in names & inner)
        if worst:
            most = worst.most_common(1)[0][0]
            waiting.extend(coupled([name for name in block if name != most], linear)[::-1])
        elif len(block) > 1:
            blocks.append(block)
    return blocks


def _jointly(rates: Rates, gates: Sequence[str]) -> dict[tuple[str, str], frozenset[str]]:
    """For the pairs (i, j) where f_i needs x_j: what d f_i / d x_j or a branch of f_i depends on."""
    bends: dict[tuple[str, str], frozenset[str]] = {}
    for i in gates:
        needs = depends([rates[i]])
        branched = frozenset().union(*(names for node, names in needs.items() if node.op in TRUTHS))
        for j in gates:
            if j in needs[rates[i]]:
                bends[i, j] = branched | _bent(rates[i], j)
    return bends


def _bent(rate: Expr, name: str) -> frozenset[str]:
    """What d rate / d name depends on, with ``name`` itself where there is no derivative."""
    try:
        slope = derivative(rate, var(name))
    except NoDerivative:
        return frozenset([name])
    return depends([slope])[slope]
