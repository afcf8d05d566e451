"""How fast states relax by themselves, df/dx, where a trial run takes them."""

from collections.abc import Mapping

import numpy as np

from hpc_twin.cellmodels.equations import STIMULUS, TIME, Equations
from hpc_twin.cellmodels.expressions.calculus import derivative
from hpc_twin.cellmodels.expressions.ir import evaluate, ordered, var
from hpc_twin.cellmodels.schemes.stages import EULER, Method, grouped, one_stage

CLAMPS = np.linspace(-100.0, 60.0, 33)  # mV
FIRST_STEP, GROWTH, N_STEPS = 0.01, 1.17, 40  # ms: 31 ms in all
LARGEST_GRAPH = 20_000  # nodes; what is larger (no cell has it) is looked at where it begins


def fastest(equations: Equations, methods: Mapping[str, Method]) -> dict[str, float]:
    """The largest -df/dx [1/ms] of each state that is not stepped by forward Euler, 0 where it is never negative.

    The states are taken along by ``methods`` in steps of growing length, in cells that are clamped to the voltages
    CLAMPS: most of what a beat opens is opened so.
    """
    rates = dict(zip(equations.states, equations.rates, strict=True))
    names = [name for name, method in methods.items() if method.method != EULER]
    slopes = [derivative(rates[name], var(name)) for name in names]
    new = one_stage(grouped(rates, methods))
    values = _start(equations)
    found = np.zeros(len(names))
    for k in range(N_STEPS if len(ordered(new.values())) < LARGEST_GRAPH else 1):
        values["dt"] = np.array(FIRST_STEP * GROWTH**k)
        outputs = evaluate([*slopes, *new.values()], values)
        rates_now = [-slope[np.isfinite(slope)] for slope in map(np.atleast_1d, outputs[: len(names)])]
        found = np.maximum(found, [rate.max(initial=0.0) for rate in rates_now])
        values.update(zip((x.args[0] for x in new), outputs[len(names) :], strict=True))
        values[TIME] = values[TIME] + values["dt"]
    return dict(zip(names, map(float, found), strict=True))


def _start(equations: Equations) -> dict[str, np.ndarray]:
    values = {name: np.array(start) for name, start in zip(equations.states, equations.initial, strict=True)}
    values.update({name: np.array(equations.parameters[name].value) for name in equations.varying})
    values.update({TIME: np.array(0.0), STIMULUS: np.array(0.0)})
    return values if equations.v is None else values | {equations.v: CLAMPS}
