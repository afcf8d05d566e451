"""rateOf(x): the rate of change of any symbol, by the chain rule through the values that it depends on."""

from collections.abc import Iterable

from hpc_twin.cellmodels.equations import TIME
from hpc_twin.cellmodels.expressions.algebra import add, mul
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
from hpc_twin.cellmodels.expressions.ir import Expr, depends, num, var
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.sbml.mathml import rate_of
from hpc_twin.cellmodels.reading.sbml.system import System


def define_rates(system: System) -> None:
    """Define rateOf(x) wherever a formula uses it. Raises Unsupported."""
    formulas = [*system.start.values(), *system.values.values(), *system.rates.values()]
    names = {rate_of(name): name for name in [TIME, *system.known, *system.values, *system.rates]}
    waiting = sorted(_used(formulas, names))
    while waiting:
        name = waiting.pop()
        if name not in system.values:
            system.values[name] = _rate(system, names[name])
            waiting.extend(sorted(_used([system.values[name]], names)))


def _used(formulas: Iterable[Expr], names: dict[str, str]) -> set[str]:
    formulas = list(formulas)
    found = depends(formulas)
    return {name for formula in formulas for name in found[formula] if name in names}


def _rate(system: System, name: str) -> Expr:
    """dx/dt: a state's rate, 0 of a constant, the sum of dx/dy dy/dt of a value."""
    if name == TIME:
        return num(1)
    if name in system.rates:
        return system.rates[name]
    if name not in system.values:
        return num(0)
    value, total = system.values[name], num(0)
    for y in sorted(depends([value])[value]):
        try:
            slope = derivative(value, var(y))
        except NoDerivative as error:
            raise Unsupported(f"the rate of {name} cannot be written down ('{error}' has no derivative)") from None
        total = add(total, mul(slope, var(rate_of(y))))
    return total
