"""What the tests of cell models share: a serial communicator's kernels, small models, the reference folder."""

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hpc_twin.cellmodels import load

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference"

TOY = """[[model]]
name: toy
membrane.V = -80
gate.x = 0.2
[engine]
time = 0 [ms] bind time
    in [ms]
[membrane]
dot(V) = -gate.x * (V + 80 [mV]) / 10 [ms] label membrane_potential
    in [mV]
[gate]
tau = 5 [ms]
    in [ms]
dot(x) = {rate}
"""
LONG = 1e9  # ms; a forward Euler step so long that the values before it are lost beside dt f


def _compiled_rhs(name, V, states, stimulus=None):
    """Right-hand side of the compiled kernel, shape (1 + n_states, n), V first."""
    V_new, new = V.copy(), states.copy()
    load(name, scheme="forward_euler").advance(V_new, new, stimulus, 0.0, LONG)
    return np.vstack([V_new - V, new - states]) / LONG


def _accurate(name, phases, times):
    """One cell by LSODA at tolerance 1e-10: V and states at ``times``; ``phases`` are (start, end, stimulus)."""
    kernel = load(name, scheme="forward_euler")

    def rate(t, y, stimulus):
        V, states = y[:1].copy(), y[1:, None].copy()
        kernel.advance(V, states, np.array([stimulus]), 0.0, LONG)
        return (np.append(V, states) - y) / LONG

    y, found = np.array([kernel.v_initial, *kernel.initial]), []
    for start, end, stimulus in phases:
        wanted = times[(times >= start) & (times < end)]
        points = np.append(wanted, end)
        run = solve_ivp(rate, (start, end), y, "LSODA", points, args=(stimulus,), rtol=1e-10, atol=1e-13)
        found.append(run.y[:, :-1])
        y = run.y[:, -1]
    return np.hstack([*found, y[:, None]])


@pytest.fixture(scope="session")
def compiled_rhs():
    """The function (name, V, states) -> right-hand side of the compiled kernel."""
    return _compiled_rhs


@pytest.fixture(scope="session")
def accurate():
    """The function (name, phases, times) -> V and states of one cell by an accurate integrator."""
    return _accurate


@pytest.fixture
def reference():
    """The folder of reference files; tests that need it are skipped where it is not there."""
    if not REFERENCE.is_dir():
        pytest.skip("the reference files (../shared/reference) are not here")
    return REFERENCE


@pytest.fixture
def toy(tmp_path):
    """Write a model of V and one more state whose right-hand side is given; return its path."""

    def write(rate: str) -> Path:
        path = tmp_path / "toy.mmt"
        path.write_text(TOY.format(rate=rate))
        return path

    return write
