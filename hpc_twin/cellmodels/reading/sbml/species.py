"""Species: whether their symbol is an amount or a concentration, and which of the two is the state.

In formulas a species is its concentration, unless it hasOnlySubstanceUnits or its compartment has no dimensions
(SBML level 3 version 2 core, section 4.6.5). Reactions change amounts; where the size of the compartment may change,
the amount is the state, or the constant, and the concentration a value.
"""

import libsbml

from hpc_twin.cellmodels.expressions.algebra import div, mul
from hpc_twin.cellmodels.expressions.ir import Expr, num, var
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.sbml.mathml import symbol
from hpc_twin.cellmodels.reading.sbml.system import System
from hpc_twin.parallel import nearest


def amount_of(name: str) -> str:
    """The name of a species' amount."""
    return f"{name}.amount"


def concentration_of(name: str) -> str:
    """The name of a species' concentration."""
    return f"{name}.concentration"


def is_concentration(model: libsbml.Model, species: libsbml.Species) -> bool:
    """Whether the symbol of the species is its concentration. Raises Unsupported where it has no compartment."""
    compartment = model.getCompartment(species.getCompartment())
    if compartment is None:
        known = [c.getId() for c in model.getListOfCompartments()]
        name = species.getCompartment()
        raise Unsupported(f"species {species.getId()} is in '{name}', which is no compartment{nearest(name, known)}")
    return not species.getHasOnlySubstanceUnits() and compartment.getSpatialDimensionsAsDouble() != 0


def read_amounts(system: System, model: libsbml.Model) -> None:
    """Initial values of species from their attributes."""
    for species in model.getListOfSpecies():
        name, size = symbol(species.getId()), var(symbol(species.getCompartment()))
        value = _initial(species, size, is_concentration(model, species))
        if value is not None and name not in system.values:
            system.start[name] = value


def _initial(species: libsbml.Species, size: Expr, concentration: bool) -> Expr | None:
    if species.isSetInitialAmount():
        amount = num(species.getInitialAmount())
        return div(amount, size) if concentration else amount
    if species.isSetInitialConcentration():
        given = num(species.getInitialConcentration())
        return given if concentration else mul(given, size)
    return None


def assume_sizes(system: System, model: libsbml.Model) -> None:
    """Compartments without a size that concentrations need have size 1."""
    for compartment in model.getListOfCompartments():
        name = symbol(compartment.getId())
        if name not in system.start and not system.changes(name):
            if compartment.getSpatialDimensionsAsDouble() != 0:
                system.notes.append(f"compartment {name} has no size: taken as 1")
                system.start[name] = num(1)


def factors(model: libsbml.Model) -> dict[str, Expr]:
    """Species -> amount that one unit of extent makes: its conversion factor, or the model's."""
    found = {}
    for species in model.getListOfSpecies():
        name = species.getConversionFactor() or model.getConversionFactor()
        found[symbol(species.getId())] = var(symbol(name)) if name else num(1)
    return found


def read_changes(system: System, model: libsbml.Model, flows: dict[str, Expr]) -> None:
    """States and values of species, from the flow of amount that reactions give them."""
    for species in model.getListOfSpecies():
        name, size = symbol(species.getId()), var(symbol(species.getCompartment()))
        concentration = is_concentration(model, species)
        ruled = system.changes(name)
        flow = None if ruled or species.getBoundaryCondition() or species.getConstant() else flows.get(name)
        amount = amount_of(name)
        if concentration and not ruled and system.changes(size.args[0]):
            _keep_amount(system, species, size, flow)
            system.values[concentration_of(name)] = var(name)
            continue
        if flow is not None:
            system.rates[name] = div(flow, size) if concentration else flow
        if system.has_value(name):
            system.values[amount] = mul(var(name), size) if concentration else var(name)
            if concentration or system.has_value(size.args[0]):
                system.values[concentration_of(name)] = var(name) if concentration else div(var(name), size)


def _keep_amount(system: System, species: libsbml.Species, size: Expr, flow: Expr | None) -> None:
    """The amount is a state, or a constant without flow; the symbol is amount/size."""
    name, amount = symbol(species.getId()), amount_of(symbol(species.getId()))
    system.values[name] = div(var(amount), size)
    if name in system.start:
        system.start[amount] = mul(system.start[name], size)
    if flow is not None:
        system.rates[amount] = flow
