"""From a parsed Myokit model to Equations: house units, labels, the stimulus, all variables as expressions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import myokit
import numpy as np

from hpc_twin.cellmodels.equations import STIMULUS, TIME, Equations, Parameter
from hpc_twin.cellmodels.expressions.algebra import add, mul
from hpc_twin.cellmodels.expressions.ir import Expr, evaluate, num, var
from hpc_twin.cellmodels.expressions.singularities import guard_singularities
from hpc_twin.cellmodels.expressions.substitution import substituted
from hpc_twin.cellmodels.reading import units
from hpc_twin.cellmodels.reading.convert import Converter, Unsupported
from hpc_twin.cellmodels.reading.labels import CLOCK, Labels, V, stimulus_candidates
from hpc_twin.cellmodels.reading.stimulus import Feed, Scene, choose


@dataclass(frozen=True)
class Request:
    """How the model is wanted: its name, changed constants and initial values, constants that stay variables."""

    name: str
    parameters: Mapping[str, float]
    initial: Mapping[str, float]
    varying: Sequence[str]


class Assembly:
    """A model, its labels and how it is wanted, on their way to Equations."""

    def __init__(self, model: myokit.Model, protocol: myokit.Protocol | None, labels: Labels, request: Request) -> None:
        """Find the house units of time and V; raises Unsupported."""
        if not model.count_states():
            raise Unsupported("no equation gives a derivative with respect to time: it has no states")
        self.model, self.protocol, self.labels, self.request = model, protocol, labels, request
        self.v, self.clock = labels.found.get(V), labels.found.get(CLOCK)
        self.to_ms = _factor(self.clock, units.MILLISECOND, "time", "ms", labels.notes)
        self.to_mv = _factor(self.v, units.MILLIVOLT, "the membrane potential", "mV", labels.notes)
        self.states = [s for s in model.states() if s is not self.v]
        self.named = [v for v in model.variables(deep=True, const=False, state=False) if v is not self.clock]
        self.varying = {name: request.parameters.get(name, model.get(name).eval()) for name in request.varying}

    def equations(self) -> Equations:
        """The Equations; raises Unsupported."""
        candidates = [] if self.v is None else stimulus_candidates(self.labels, self.model)
        candidates = [(c, why) for c, why in candidates if c.qname() not in self.varying and c is not self.clock]
        opaque = dict.fromkeys([c.qname() for c, _ in candidates] + [p for p in (self._pace(),) if p is not None])
        converter = Converter(self.model, self._given(), opaque)
        feed = choose(self._scene(converter), candidates, self.labels)
        v_rate, rates, values = self._outputs(converter, feed)
        equations = Equations(
            name=self.request.name,
            v=None if self.v is None else self.v.qname(),
            v_rate=v_rate,
            v_initial=None if self.v is None else self.to_mv * self._start(self.v, converter),
            states=tuple(s.qname() for s in self.states),
            rates=rates,
            initial=tuple(self._start(s, converter) for s in self.states),
            varying=tuple(self.request.varying),
            parameters=self._parameters(),
            variables=dict(zip((v.qname() for v in self.named), values, strict=True)),
            units=self._units(),
            labels=self.labels.names(),
            own_stimulus=feed.own,
        )
        return replace(equations, notes=tuple(dict.fromkeys([*self.labels.notes, *_not_finite(equations)])))

    def _given(self) -> dict[str, Expr]:
        """What is not computed: states and time in the units of the file, changed and varying constants."""
        given = {s.qname(): var(s.qname()) for s in self.states}
        if self.v is not None:
            given[self.v.qname()] = mul(num(1 / self.to_mv), var(self.v.qname()))
        if self.clock is not None:
            given[self.clock.qname()] = mul(num(1 / self.to_ms), var(TIME))
        given.update({name: num(value) for name, value in self.request.parameters.items()})
        given.update({name: var(name) for name in self.varying})
        return given

    def _scene(self, converter: Converter) -> Scene:
        v_rate = num(0) if self.v is None else converter.rates[self.v.qname()]
        pace = self._pace()
        return Scene(v_rate, converter.own, self.varying, self.to_ms, self.to_mv, pace, self.protocol)

    def _pace(self) -> str | None:
        pace = self.model.binding("pace")
        return None if pace is None else pace.qname()

    def _outputs(self, converter: Converter, feed: Feed) -> tuple[Expr | None, tuple[Expr, ...], list[Expr]]:
        """dV/dt, the other rates, the intermediate variables."""
        outputs = [mul(num(1 / self.to_ms), converter.rates[s.qname()]) for s in self.states]
        outputs += [converter.values[v.qname()] for v in self.named]
        if self.v is not None:
            outputs.append(mul(num(self.to_mv / self.to_ms), converter.rates[self.v.qname()]))
        outputs = substituted(outputs, feed.replaced)
        v_rate, n = None, len(self.states)
        if self.v is not None:
            outputs = guard_singularities(outputs, self.v.qname(), self.varying)
            v_rate = outputs.pop()
            v_rate = v_rate if feed.fed else add(v_rate, var(STIMULUS))
        return v_rate, tuple(outputs[:n]), outputs[n:]

    def _start(self, state: myokit.Variable, converter: Converter) -> float:
        if state.qname() in self.request.initial:
            return self.request.initial[state.qname()]
        start = converter.number(state.initial_value())
        value = float(evaluate([start], {**self.varying, TIME: 0.0})[0])
        if not math.isfinite(value):
            raise Unsupported(f"the initial value of {state.qname()} is {value}, it must be finite")
        return value

    def _parameters(self) -> dict[str, Parameter]:
        """The constants that are numbers in the file, as changed."""
        found, changed = {}, {**self.varying, **self.request.parameters}
        for v in self.model.variables(const=True, deep=True):
            if v.is_literal() or v.qname() in changed:
                value = changed[v.qname()] if v.qname() in changed else v.eval()
                found[v.qname()] = Parameter(float(value), units.text(v.unit()))
        return found

    def _units(self) -> dict[str, str]:
        found = {x.qname(): units.text(x.unit()) for x in (*self.states, *self.named)}
        if self.v is not None:
            found[self.v.qname()] = "mV"
        return found


def _factor(variable: myokit.Variable | None, house: myokit.Unit, said: str, name: str, notes: list[str]) -> float:
    if variable is None:
        return 1.0
    unit = variable.unit()
    factor = units.factor(unit, house)
    if factor is None:
        raise Unsupported(f"{said} ({variable.qname()}) is in {unit}, which is no unit of {said}: [{name}] is")
    if units.has_none(unit):
        notes.append(f"{said}: {variable.qname()} has no unit, taken for {name}")
    elif factor != 1:
        notes.append(f"{said}: {variable.qname()} is in {unit}, converted to {name}")
    return factor


def _not_finite(equations: Equations) -> list[str]:
    """A note on the rates that are no numbers where the model starts."""
    v_rate, rates = equations.rhs(equations.v_initial, equations.initial)
    values = dict(zip(equations.states, rates, strict=True))
    if equations.v is not None:
        values[equations.v] = v_rate
    names = [name for name, value in values.items() if not np.isfinite(value)]
    return [f"the rates of {', '.join(names)} are not finite at the initial state"] if names else []
