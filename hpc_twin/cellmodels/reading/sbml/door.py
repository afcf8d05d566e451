"""The door for SBML: a file to Equations."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import libsbml

from hpc_twin.cellmodels.equations import TIME, Equations, Parameter
from hpc_twin.cellmodels.expressions.algebra import mul
from hpc_twin.cellmodels.expressions.ir import Expr, depends, evaluate, num, var
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.sbml.algebraic import solve_algebraic
from hpc_twin.cellmodels.reading.sbml.document import opened
from hpc_twin.cellmodels.reading.sbml.fast import Equilibrium
from hpc_twin.cellmodels.reading.sbml.mathml import Formulas, symbol
from hpc_twin.cellmodels.reading.sbml.potential import with_potential
from hpc_twin.cellmodels.reading.sbml.rates import define_rates
from hpc_twin.cellmodels.reading.sbml.reactions import (
    fast_reactions,
    flows,
    read_laws,
    read_references,
    read_stoichiometries,
)
from hpc_twin.cellmodels.reading.sbml.resolve import Resolver
from hpc_twin.cellmodels.reading.sbml.species import assume_sizes, factors, read_amounts, read_changes
from hpc_twin.cellmodels.reading.sbml.system import System, read_constants, read_initial_assignments, read_rules
from hpc_twin.cellmodels.reading.sbml.units import symbol_units, time_unit
from hpc_twin.cellmodels.reading.values import value_of
from hpc_twin.parallel import InputError, nearest


def read_sbml(
    path: str | Path,
    parameters: Mapping[str, float | str] | None = None,
    varying: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Equations:
    """Equations of an SBML file, level 1 to 3 core, without events and delays.

    ``parameters`` replaces constants by id (``reaction.parameter`` for local ones): a number in the file's unit, or a
    factor as ``"0.5x"``; those in ``varying`` stay variables of the expressions. ``labels`` may name the membrane
    potential, ``{"membrane_potential": id}``; else it is the state in volts, if there is just one, or none.

    Every symbol of the file is in the Equations under its id, with the value that the id has in the file's formulas:
    as a state, as a parameter (what nothing changes) or as a variable. A species S has the variables ``S.amount`` and
    ``S.concentration``, too; where its compartment changes size, the state is ``S.amount``. Rates are per ms; one unit
    of the file's time is ``units["time"]``, as "1000.0 ms". Raises InputError.
    """
    path = Path(path)
    try:
        document = opened(path)
        return Reading(document.getModel(), str(path), parameters or {}, varying, labels or {}).equations()
    except Unsupported as error:
        raise InputError(f"{path}: {' '.join(str(error).split())[:1000]}") from None


def system_of(model: libsbml.Model) -> System:
    """The definitions of a file. Raises Unsupported."""
    system = System(Formulas(model.getListOfFunctionDefinitions()))
    read_constants(system, model)
    read_references(system, model)
    read_rules(system, model)
    read_laws(system, model)
    participants = read_stoichiometries(system, model)
    read_amounts(system, model)
    read_initial_assignments(system, model)
    system.fast = fast_reactions(model)
    fluxes = {r: system.fast.get(r, r) for r in participants if r in system.values}
    flow = flows(participants, fluxes, factors(model))
    reacting = {symbol(s.getId()) for s in model.getListOfSpecies() if not s.getBoundaryCondition()} & set(flow)
    solve_algebraic(system, model, reacting)
    assume_sizes(system, model)
    read_changes(system, model, flow)
    define_rates(system)
    return system


class Reading:
    """A file's system with the parameters that are wanted."""

    def __init__(
        self,
        model: libsbml.Model,
        name: str,
        parameters: Mapping[str, float | str],
        varying: Sequence[str],
        labels: Mapping[str, str],
    ) -> None:
        """Resolve what parameters are. Raises InputError and Unsupported."""
        self._model, self._name, self._varying, self._labels = model, name, tuple(varying), labels
        self._ms, note = time_unit(model)
        self._system = system = system_of(model)
        self._notes = [*system.notes, *([note] if note else [])]
        named = [n for n, kind in system.known.items() if kind != "reaction"]
        self._constants = [n for n in dict.fromkeys([*named, *system.start]) if not system.changes(n)]
        for key in (*parameters, *varying):
            if key not in self._constants:
                raise Unsupported(f"no parameter '{key}'{nearest(key, self._constants)}")
        changed = {key: num(value_of(key, given, partial(self._start, key))) for key, given in parameters.items()}
        self._defaults = self._parameters(Resolver(system, changed, self._ms), {})
        self._resolver = Resolver(system, changed | {key: var(key) for key in varying}, self._ms)

    def equations(self) -> Equations:
        """The Equations. Raises Unsupported."""
        states = list(self._system.rates)
        rates = [mul(num(1 / self._ms), rate) for rate in self._resolver.now(self._system.rates.values())]
        at_defaults = {key: self._defaults[key].value for key in self._varying}
        initial = [float(x) for x in evaluate(self._resolver.start(states), at_defaults)]
        used = set().union(*(depends([rate])[rate] for rate in rates))
        fast = {reaction: flux for reaction, flux in self._system.fast.items() if flux in used}
        if fast:
            laws = self._resolver.now([var(reaction) for reaction in fast])
            equilibrium = Equilibrium(laws, list(fast.values()), states, rates)
            rates, initial = equilibrium.rates(), equilibrium.start(initial, at_defaults)
        for state, rate, value in zip(states, rates, initial, strict=True):
            _check_finite(state, rate, value)
        names = [n for n in self._system.values if not n.startswith("rateOf(")]
        variables = dict(zip(names, self._resolver.now([var(n) for n in names]), strict=True))
        equations = Equations(
            name=self._name,
            v=None,
            v_rate=None,
            v_initial=None,
            states=tuple(states),
            rates=tuple(rates),
            initial=tuple(initial),
            varying=self._varying,
            parameters=self._defaults,
            variables=variables,
            units=self._units(),
            notes=tuple(self._notes),
        )
        return with_potential(equations, self._model, self._labels)

    def _parameters(self, resolver: Resolver, values: Mapping[str, float]) -> dict[str, Parameter]:
        """The constants; without a value in the file they are not a number."""
        given = [n for n in self._constants if n in self._system.start or resolver.replaces(n)]
        found = dict(zip(given, evaluate(resolver.start(given), dict(values)), strict=True))
        units = self._units()
        return {n: Parameter(float(found.get(n, math.nan)), units.get(n, "")) for n in self._constants}

    def _start(self, key: str) -> float:
        """The file's value of a constant."""
        return float(evaluate(Resolver(self._system, {}, self._ms).start([key]), {})[0])

    def _units(self) -> dict[str, str]:
        return {**symbol_units(self._model), TIME: f"{self._ms!r} ms"}


def _check_finite(state: str, rate: Expr, value: float) -> None:
    if not math.isfinite(value):
        raise Unsupported(f"the initial value of {state} is {value}, it must be finite")
    if rate.value is not None and not math.isfinite(rate.value):
        raise Unsupported(f"the rate of {state} is {rate.value}, it must be finite")
