"""A cell model as frozen equations: dV/dt = f_V(V, s, t) + stimulus, ds/dt = f_s(V, s, t)."""

from dataclasses import dataclass

from hpc_twin.cellmodels.ir import Expr, evaluate

TIME, STIMULUS = "time", "stimulus"


@dataclass(frozen=True)
class Equations:
    """A cell model.

    ``states`` are the names of all states but V, ``rates`` their right-hand sides in this order (per ms), ``v`` the
    name of V and ``v_rate`` its right-hand side in mV/ms with the stimulus in it (the variable ``stimulus``, mV/ms,
    positive depolarises). ``initial`` and ``v_initial`` are the values at t = 0.
    """

    name: str
    v: str
    v_rate: Expr
    v_initial: float
    states: tuple[str, ...]
    rates: tuple[Expr, ...]
    initial: tuple[float, ...]

    def rhs(self, V, states, t: float = 0.0, stimulus=0.0):
        """(dV/dt, ds/dt) by numpy, of shapes (n,) and (n_states, n): slow, to check compiled kernels with."""
        values = {self.v: V, TIME: t, STIMULUS: stimulus, **dict(zip(self.states, states, strict=True))}
        v_rate, *rates = evaluate([self.v_rate, *self.rates], values)
        return v_rate, rates
