"""Windows of time in which the orders of the schemes of cells are measured, and a stiff Markov channel to do it on."""

import numpy as np

from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.singlecell.cvode import solve

# A sodium channel of five states with rates up to 400/ms, a delayed rectifier and a leak.
MARKOV = """[[model]]
membrane.V = -85
na.C2 = 0.9
na.C1 = 0.06
na.O  = 0
na.I  = 0.02
na.IC = 0.02
ca.c  = 0.01
k.n   = 0.05
[engine]
time = 0 [ms] bind time
    in [ms]
[membrane]
dot(V) = -(15 [mS/uF] * na.O * (V - 55 [mV]) + 0.5 [mS/uF] * k.n^2 * (V + 90 [mV]) + 0.05 [mS/uF] * (V + 85 [mV]))
    in [mV]
    label membrane_potential
[na]
use membrane.V
a = 400 [1/ms] / (1 + exp(-(V + 25 [mV]) / 9 [mV]))
    in [1/ms]
b = 150 [1/ms] / (1 + exp((V + 35 [mV]) / 11 [mV]))
    in [1/ms]
shut = 5 [1/ms] / (1 + exp(-(V + 50 [mV]) / 6 [mV]))
    in [1/ms]
free = 0.3 [1/ms] / (1 + exp((V + 65 [mV]) / 5 [mV]))
    in [1/ms]
dot(C2) = b * C1 + free * IC - (a + shut) * C2
dot(C1) = a * C2 + b * O - (b + a) * C1
dot(O) = a * C1 + 0.1 * free * I - (b + shut) * O
dot(I) = shut * O + a * IC - (0.1 * free + b) * I
dot(IC) = shut * C2 + b * I - (free + a) * IC
[ca]
dot(c) = 0.1 [1/ms] * na.O - 60 [1/ms] * c^2 / (0.02 + c)
[k]
dot(n) = (1 / (1 + exp(-(membrane.V + 20 [mV]) / 8 [mV])) - n) / 4 [ms]
"""
STIFF = "a stiff Markov channel"

# model -> (V at the start, length in ms, steps per ms of the coarser of two runs): no branch is crossed on the way
WINDOWS = {
    "tentusscher_2006_epi": (-30.0, 3.0, 200),
    "luo_rudy_1991": (-30.0, 3.0, 500),
    "ohara_rudy_cipa_2017": (-30.0, 3.0, 400),
    STIFF: (-40.0, 2.0, 2000),
}


def exact(model, window):
    """V and states at the end of a window by CVODE at 1e-12, shape (1 + n_states,)."""
    equations, (v, until, _) = read(model), window
    found = solve(equations, [0.0, until], initial=(v, np.array(equations.initial)), rtol=1e-12, atol=1e-15)
    return np.append(found.V[-1], found.states[:, -1])


def error(kernel, window, factor, exact, substeps=1):
    """The largest error of V and states, relative to each one's size or to 1e-6."""
    v, until, per_ms = window
    V, states, dt = np.array([v]), kernel.new_states(1), substeps / (per_ms * factor)
    for k in range(round(until / dt)):
        kernel.advance(V, states, None, k * dt, dt, substeps)
    return (np.abs(np.append(V, states[:, 0]) - exact) / np.maximum(np.abs(exact), 1e-6)).max()
