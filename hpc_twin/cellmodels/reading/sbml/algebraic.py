"""Algebraic rules 0 = g(x, ...): each is solved for one variable that nothing else determines, in which g is linear.

Which rule determines which variable is a matching of rules to variables (SBML level 3 version 2 core, section 4.9.5).
"""

from collections.abc import Set

import libsbml
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from hpc_twin.cellmodels.expressions.algebra import call, div
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
from hpc_twin.cellmodels.expressions.ir import Expr, depends, num, ordered, var
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.sbml.mathml import LARGEST, replaced, symbol
from hpc_twin.cellmodels.reading.sbml.system import System


def solve_algebraic(system: System, model: libsbml.Model, reacting: set[str]) -> None:
    """Make a value of every variable that an algebraic rule determines. Raises Unsupported."""
    free = [name for name in _variables(model, reacting) if not system.changes(name)]
    place = {name: j for j, name in enumerate(free)}
    rules = [g for g in system.algebraic if g.value != 0]
    solutions = _solutions(rules, place.keys())
    possible = np.zeros((len(rules), len(free) + 1), dtype=bool)
    for k, name in solutions:
        possible[k, place[name]] = True
    pairs = maximum_bipartite_matching(csr_matrix(possible), perm_type="column") if rules else []
    for k, j in enumerate(pairs):
        if j < 0:
            raise Unsupported(
                f"algebraic rule {k + 1} cannot be solved: it is linear in no variable that nothing else determines"
            )
        system.values[free[j]] = solutions[k, free[j]]
        system.start.pop(free[j], None)


def _solutions(rules: list[Expr], free: Set[str]) -> dict[tuple[int, str], Expr]:
    """(rule, variable) -> the variable by this rule, wherever it can be solved for."""
    names = [sorted(depends([g])[g] & free) for g in rules]
    if sum(len(known) * len(ordered([g])) for known, g in zip(names, rules, strict=True)) > LARGEST:
        raise Unsupported("its algebraic rules are too large to be solved")
    found = {(k, name): _solved(g, name) for k, g in enumerate(rules) for name in names[k]}
    return {key: solution for key, solution in found.items() if solution is not None}


def _variables(model: libsbml.Model, reacting: set[str]) -> list[str]:
    """What may change and is not changed by reactions."""
    lists = (model.getListOfCompartments(), model.getListOfParameters(), model.getListOfSpecies())
    found = [symbol(x.getId()) for many in lists for x in many if not x.getConstant()]
    for reaction in model.getListOfReactions():
        for reference in [*reaction.getListOfReactants(), *reaction.getListOfProducts()]:
            if reference.getId() and not reference.getConstant():
                found.append(symbol(reference.getId()))
    return [name for name in found if name not in reacting]


def _solved(g: Expr, name: str) -> Expr | None:
    """The x with g = 0, where g = a + b x."""
    x = var(name)
    try:
        slope = derivative(g, x)
    except NoDerivative:
        return None
    if slope.value == 0 or name in depends([slope])[slope]:
        return None
    return call("neg", div(replaced(g, {name: num(0)}), slope))
