"""A cell model as frozen equations: dV/dt = f_V(V, s, t) + stimulus, ds/dt = f_s(V, s, t)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from hpc_twin.cellmodels.expressions.ir import Expr, evaluate

TIME, STIMULUS = "time", "stimulus"


@dataclass(frozen=True)
class Parameter:
    """A constant of the model, in the model's own unit ("" where the file gives none)."""

    value: float
    unit: str = ""


@dataclass(frozen=True)
class OwnStimulus:
    """The stimulus that the model's file applies: ``amplitude`` in mV/ms (positive depolarises), times in ms."""

    amplitude: float
    start: float
    duration: float
    period: float | None = None


@dataclass(frozen=True)
class Equations:
    """A cell model.

    ``states`` are the names of all states but V, ``rates`` their right-hand sides in this order (per ms), ``v`` the
    name of V and ``v_rate`` its right-hand side in mV/ms with the stimulus in it (the variable ``stimulus``, mV/ms,
    positive depolarises); both are None for a model without V. ``initial`` and ``v_initial`` are the values at t = 0.
    Time is in ms and V in mV, whatever the file says; all other states keep the file's units.

    ``parameters`` are the constants that may be changed and ``varying`` those of them that are variables of the
    expressions (all others are folded in). ``variables`` are the named intermediate quantities (currents and so on),
    ``units`` the units of states and variables, ``labels`` what tissue asks for: membrane_potential,
    stimulus_current, time, intracellular_calcium, contraction_force -> name. ``notes`` tell what had to be guessed.
    """

    name: str
    v: str | None
    v_rate: Expr | None
    v_initial: float | None
    states: tuple[str, ...]
    rates: tuple[Expr, ...]
    initial: tuple[float, ...]
    varying: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    variables: Mapping[str, Expr] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    own_stimulus: OwnStimulus | None = None

    @property
    def digest(self) -> str:
        """Fingerprint of the model: the names of its states and the values of its parameters."""
        values = sorted((name, parameter.value) for name, parameter in self.parameters.items())
        return hashlib.sha256(repr((self.v, self.states, values)).encode()).hexdigest()[:16]

    def rhs(self, V, states, t: float = 0.0, stimulus=0.0, parameters: Mapping | None = None):
        """(dV/dt, ds/dt) by numpy, of shapes (n,) and (n_states, n): slow, to check compiled kernels with.

        ``parameters`` gives values of ``varying`` ones; dV/dt is None for a model without V.
        """
        values = {TIME: t, STIMULUS: stimulus, **dict(zip(self.states, states, strict=True))}
        values.update({name: self.parameters[name].value for name in self.varying} | dict(parameters or {}))
        if self.v is None or self.v_rate is None:
            return None, evaluate(self.rates, values)
        v_rate, *rates = evaluate([self.v_rate, *self.rates], {**values, self.v: V})
        return v_rate, rates
