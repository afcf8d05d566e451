"""How fast states relax by themselves: df/dx at values that a beat may visit."""

from collections.abc import Collection, Sequence

import numpy as np

from hpc_twin.cellmodels.equations import STIMULUS, TIME, Equations
from hpc_twin.cellmodels.expressions.ir import Expr, evaluate

N_SAMPLES = 128
V_RANGE = -100.0, 60.0  # mV
FACTORS = 0.3, 10.0  # of the initial values of all others
SEED = 1


def fastest(equations: Equations, slopes: Sequence[Expr], gates: Collection[str]) -> list[float]:
    """The largest -df/dx of each of ``slopes`` in 1/ms (0 where it is never negative), over N_SAMPLES random states.

    V is spread over V_RANGE, gates that begin between 0 and 1 over these, all others over FACTORS of their beginning.
    """
    rates = [np.atleast_1d(-slope) for slope in evaluate(slopes, _samples(equations, gates))]
    return [max(0.0, float(rate[np.isfinite(rate)].max(initial=0.0))) for rate in rates]


def _samples(equations: Equations, gates: Collection[str]) -> dict[str, np.ndarray]:
    random = np.random.default_rng(SEED)
    shares = random.uniform(0, 1, (len(equations.states), N_SAMPLES))
    low, high = np.log(FACTORS)
    values = {TIME: np.zeros(1), STIMULUS: np.zeros(1)}
    values.update({name: np.array([equations.parameters[name].value]) for name in equations.varying})
    for name, start, share in zip(equations.states, equations.initial, shares, strict=True):
        is_share = name in gates and 0 <= start <= 1
        values[name] = share if is_share else start * np.exp(low + share * (high - low))
    if equations.v is not None:
        values[equations.v] = random.permuted(np.linspace(*V_RANGE, N_SAMPLES))
    return values
