"""From definitions to expressions in states, time and varying parameters: each put into those that need it, once.

Every symbol has a value at the start and a value now. A cycle of definitions is refused with its members.
"""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from hpc_twin.cellmodels.equations import TIME
from hpc_twin.cellmodels.expressions.algebra import div
from hpc_twin.cellmodels.expressions.ir import Expr, depends, num, var
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.sbml.mathml import replaced
from hpc_twin.cellmodels.reading.sbml.system import System
from hpc_twin.parallel import nearest

START, NOW = "at the start", "now"
Key = tuple[str, str]  # when, name of the symbol


class Resolver:
    """The values of the symbols of a system, some of them replaced by numbers or left as parameters."""

    def __init__(self, system: System, replaced: Mapping[str, Expr], ms: float) -> None:
        """``replaced``: constants -> their new value; ``ms``: milliseconds in one unit of the file's time."""
        self._system = system
        self._known: dict[Key, Expr] = {(START, TIME): num(0), (NOW, TIME): div(var(TIME), num(ms))}
        self._known.update({(when, name): value for name, value in replaced.items() for when in (START, NOW)})
        self._known.update({(NOW, name): var(name) for name in [*system.rates, *system.fast.values()]})
        self._replaced = frozenset(replaced)

    def replaces(self, name: str) -> bool:
        """Whether a constant has a value that is not the file's."""
        return name in self._replaced

    def now(self, expressions: Iterable[Expr]) -> list[Expr]:
        """Expressions in the file's symbols as ones in states, time and varying parameters. Raises Unsupported."""
        return self._all(list(expressions), NOW)

    def start(self, names: Iterable[str]) -> list[Expr]:
        """The symbols' values at t = 0."""
        return self._all([var(name) for name in names], START)

    def _all(self, expressions: list[Expr], when: str) -> list[Expr]:
        needs = [sorted(_names(e)) for e in expressions]
        self._resolve({(when, name) for names in needs for name in names})
        return [
            replaced(e, {name: self._known[when, name] for name in names})
            for e, names in zip(expressions, needs, strict=True)
        ]

    def _resolve(self, wanted: set[Key]) -> None:
        """Make ``wanted`` known, and all that they need before them."""
        graph: dict[Key, list[Key]] = {}
        waiting = sorted(wanted - set(self._known))
        while waiting:
            key = waiting.pop()
            if key not in graph and key not in self._known:
                when, definition = self._definition(key)
                graph[key] = [(when, name) for name in sorted(_names(definition))]
                waiting.extend(graph[key])
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            names = " -> ".join(name for _, name in error.args[1])
            raise Unsupported(f"these symbols are defined by each other in a circle: {names}") from None
        for key in order:
            if key not in self._known:
                when, definition = self._definition(key)
                values = {name: self._known[when, name] for name in _names(definition)}
                self._known[key] = replaced(definition, values)

    def _definition(self, key: Key) -> tuple[str, Expr]:
        """(when its symbols are taken, the definition)."""
        when, name = key
        system = self._system
        if name in system.start and (when == START or name not in system.values):
            return START, system.start[name]
        if name in system.values:
            return when, system.values[name]
        if name in system.known:
            raise Unsupported(f"{system.known[name]} {name} has no value: give it one with --set {name}=...")
        raise Unsupported(f"'{name}' is used, but it is no symbol of the model{nearest(name, system.known)}")


def _names(expression: Expr) -> frozenset[str]:
    return depends([expression])[expression]
