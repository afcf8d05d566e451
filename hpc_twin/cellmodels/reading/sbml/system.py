"""A file's mathematics as definitions: initial values, computed values and rates, as expressions in its symbols."""

import re
from dataclasses import dataclass, field

import libsbml

from hpc_twin.cellmodels.expressions.ir import Expr, num
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.sbml.functions import number
from hpc_twin.cellmodels.reading.sbml.mathml import Formulas, symbol
from hpc_twin.parallel import nearest


@dataclass
class System:
    """Definitions by the name of the symbol, filled while a model is read.

    ``start`` holds attributes and initial assignments, ``values`` what formulas compute at all times, ``rates`` the
    rates of change of the states, per unit of the file's time. A symbol that is only in ``start`` is a constant, one
    that is only in ``known`` has no value. ``targets`` are the symbols that rules determine.
    """

    formulas: Formulas
    start: dict[str, Expr] = field(default_factory=dict)
    values: dict[str, Expr] = field(default_factory=dict)
    rates: dict[str, Expr] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)  # name -> what it is
    targets: set[str] = field(default_factory=set)
    algebraic: list[Expr] = field(default_factory=list)
    fast: dict[str, str] = field(default_factory=dict)  # fast reaction -> the symbol of its unknown flux
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, kind: str, value: float | None = None) -> str:
        """Make a symbol of the file known; its name. Raises Unsupported for a second one and for what is no id."""
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise Unsupported(f"a {kind} has the id '{name[:60]}': an id is letters, digits and _")
        name = symbol(name)
        if name in self.known:
            raise Unsupported(f"the id '{name}' is given to a {self.known[name]} and to a {kind}")
        self.known[name] = kind
        if value is not None:
            self.start[name] = num(value)
        return name

    def formula(self, tree: libsbml.ASTNode, where: str) -> Expr:
        """A formula as a number."""
        return number(self.formulas.expression(tree, where))

    def changes(self, name: str) -> bool:
        """Whether a symbol is determined by a rule or by reactions."""
        return name in self.values or name in self.rates

    def has_value(self, name: str) -> bool:
        """Whether a symbol has any value."""
        return name in self.start or self.changes(name)


def read_constants(system: System, model: libsbml.Model) -> None:
    """Compartments and parameters with their values; species are only made known."""
    for c in model.getListOfCompartments():
        system.add(c.getId(), "compartment", c.getSize() if c.isSetSize() else None)
    for p in model.getListOfParameters():
        system.add(p.getId(), "parameter", p.getValue() if p.isSetValue() else None)
    for s in model.getListOfSpecies():
        system.add(s.getId(), "species")
    for r in model.getListOfReactions():
        system.add(r.getId(), "reaction")


def read_rules(system: System, model: libsbml.Model) -> None:
    """Rules and initial assignments; those without a formula say nothing."""
    for rule in model.getListOfRules():
        if rule.getMath() is None:
            continue
        if rule.isAlgebraic():
            system.algebraic.append(system.formula(rule.getMath(), "an algebraic rule"))
            continue
        name = _target(system, rule.getVariable(), "rule")
        if name in system.targets:
            raise Unsupported(f"two rules are for '{name}'")
        system.targets.add(name)
        place = system.rates if rule.isRate() else system.values
        place[name] = system.formula(rule.getMath(), f"the rule for {name}")
    for name in system.values:
        system.start.pop(name, None)


def read_initial_assignments(system: System, model: libsbml.Model) -> None:
    """Initial assignments, which win over attributes. ``assigned`` are their symbols."""
    seen = set()
    for assignment in model.getListOfInitialAssignments():
        name = _target(system, assignment.getSymbol(), "initial assignment")
        if name in seen:
            raise Unsupported(f"two initial assignments are for '{name}'")
        seen.add(name)
        if assignment.getMath() is not None and name not in system.values:
            system.start[name] = system.formula(assignment.getMath(), f"the initial assignment of {name}")


def _target(system: System, name: str, what: str) -> str:
    name = symbol(name)
    if system.known.get(name, "reaction") == "reaction":
        raise Unsupported(f"an {what} is for '{name}', which is no symbol of the model{nearest(name, system.known)}")
    return name
