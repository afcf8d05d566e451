"""Reactions: their rates as symbols, and the flow of amount that they give each species.

d(amount)/dt = conversion factor * sum over reactions of (stoichiometry of products - of reactants) * rate
(SBML level 3 version 2 core, section 4.11.7), rates in extent per time.
"""

import math
from collections.abc import Iterator

import libsbml

from hpc_twin.cellmodels.expressions.algebra import add, mul, sub
from hpc_twin.cellmodels.expressions.ir import Expr, num, var
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.sbml.fast import flux_of
from hpc_twin.cellmodels.reading.sbml.mathml import rate_of, replaced, symbol
from hpc_twin.cellmodels.reading.sbml.system import System

Participants = dict[str, Expr]  # species -> its net stoichiometry in one reaction


def read_laws(system: System, model: libsbml.Model) -> None:
    """The rate of each reaction as the value of its id; local parameters are the symbols ``reaction.parameter``."""
    for reaction in model.getListOfReactions():
        name, law = symbol(reaction.getId()), reaction.getKineticLaw()
        if law is None:
            changes_something = reaction.getNumReactants() or reaction.getNumProducts()
            if changes_something:
                raise Unsupported(f"reaction {name} has no kineticLaw, so that its rate is not known")
            continue
        own: dict[str, Expr] = {}
        for p in [*law.getListOfParameters(), *law.getListOfLocalParameters()]:
            local = f"{name}.{p.getId()}"
            own |= {symbol(p.getId()): var(local), rate_of(symbol(p.getId())): num(0)}
            system.known[local] = "local parameter"
            if p.isSetValue():
                system.start[local] = num(p.getValue())
        if law.getMath() is not None:
            rate = system.formula(law.getMath(), f"the kinetic law of {name}")
            system.values[name] = replaced(rate, own)
        else:
            system.values[name] = num(0)


def read_stoichiometries(system: System, model: libsbml.Model) -> dict[str, Participants]:
    """Reaction -> its participants. A reference with an id is a symbol that rules may change."""
    return {symbol(r.getId()): _participants(system, r) for r in model.getListOfReactions()}


def _participants(system: System, reaction: libsbml.Reaction) -> Participants:
    net: Participants = {}
    for reference, sign in _references(reaction):
        species = symbol(reference.getSpecies())
        if system.known.get(species) != "species":
            raise Unsupported(f"reaction {reaction.getId()} is of '{species}', which is no species of the model")
        amount = _stoichiometry(system, reference, f"{species} in {reaction.getId()}")
        net[species] = (add if sign > 0 else sub)(net.get(species, num(0)), amount)
    return net


def _references(reaction: libsbml.Reaction) -> Iterator[tuple[libsbml.SpeciesReference, int]]:
    for reference in reaction.getListOfReactants():
        yield reference, -1
    for reference in reaction.getListOfProducts():
        yield reference, 1


def _stoichiometry(system: System, reference: libsbml.SpeciesReference, where: str) -> Expr:
    written = reference.getStoichiometryMath() if reference.isSetStoichiometryMath() else None
    tree = None if written is None else written.getMath()
    name = symbol(reference.getId()) if reference.getId() else ""
    if tree is not None:
        formula = system.formula(tree, f"the stoichiometry of {where}")
        if name and name not in system.targets:
            system.values[name] = formula
        return formula
    if name:
        return var(name)
    return num(_number(system, reference, where))


def _number(system: System, reference: libsbml.SpeciesReference, where: str) -> float:
    value = reference.getStoichiometry() / (reference.getDenominator() or 1)
    if math.isnan(value) and not reference.isSetStoichiometry():
        system.notes.append(f"the stoichiometry of {where} is not given: taken as 1")
        return 1.0
    return value


def read_references(system: System, model: libsbml.Model) -> None:
    """Make the ids of species references known, before rules are read."""
    for reaction in model.getListOfReactions():
        for reference, _ in _references(reaction):
            if reference.getId():
                given = reference.isSetStoichiometry() or reference.getLevel() < 3
                value = reference.getStoichiometry() / (reference.getDenominator() or 1) if given else None
                system.add(reference.getId(), "species reference", value)


def fast_reactions(model: libsbml.Model) -> dict[str, str]:
    """Fast reaction -> the name of its unknown flux."""
    fast = [symbol(r.getId()) for r in model.getListOfReactions() if r.isSetFast() and r.getFast()]
    return {name: flux_of(name) for name in fast}


def flows(participants: dict[str, Participants], fluxes: dict[str, str], factors: dict[str, Expr]) -> dict[str, Expr]:
    """Species -> amount that reactions give it per unit of time. ``fluxes``: reaction -> the symbol of its rate."""
    total: dict[str, Expr] = {}
    for reaction, flux in fluxes.items():
        for species, net in participants[reaction].items():
            flow = mul(mul(factors[species], net), var(flux))
            total[species] = add(total.get(species, num(0)), flow)
    return total
