"""How a cell is stimulated: rectangular pulses of current, and the strength that it takes."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from hpc_twin.cellmodels import Kernel
from hpc_twin.cellmodels.equations import Equations
from hpc_twin.parallel import InputError, RunError
from hpc_twin.stepping import Pulses

DURATION, PERIOD = 1.0, 1000.0  # ms
MARGIN = 2.0  # times the diastolic threshold
WEAKEST, STRONGEST, N_TRIED = 0.01, 200.0, 64  # mV/ms
LIFTED = 150.0  # mV by which a pulse alone may move V: far beyond that cells no longer answer as they do
AFTER, WATCHED = 5.0, 300.0  # ms: an action potential is what is there so long after a pulse
MOST_STEPS = 10_000_000  # of a beat: 200 s of 0.02 ms
ALONE = 6000.0  # ms in which a cell that drives itself shows it


@dataclass(frozen=True)
class Protocol:
    """Pulses of ``strength`` mV/ms (positive depolarises)."""

    strength: float
    pulses: Pulses


def paced(period: float, strength: float, duration: float = DURATION, start: float = 0.0, beats: int | None = None):
    """A protocol of ``beats`` pulses (None: for ever), ``period`` ms apart."""
    return Protocol(strength, Pulses(start, duration, period, beats))


def protocol_of(
    equations: Equations,
    kernel: Kernel,
    dt: float,
    period: float | None = None,
    duration: float | None = None,
    strength: float | None = None,
) -> tuple[Protocol | None, str, float]:
    """The protocol of a model, where it comes from in words, and the length of a beat [ms].

    The protocol is None for a cell without V and for one that drives itself; a beat is then its own cycle. What is not
    given is that of the model's own stimulus; a model without one gets twice its diastolic threshold. Raises InputError
    for a pulse longer than the beat and for a beat of too many steps.
    """
    own = equations.own_stimulus
    length = duration or (own.duration if own else DURATION)
    beat = period or (own.period if own and own.period else PERIOD * ceil(length / PERIOD))
    if not beat / dt <= MOST_STEPS:
        raise InputError(f"a beat of {beat:g} ms takes more than {MOST_STEPS} steps of {dt:g} ms: give a larger dt")
    if equations.v is None:
        return None, "no membrane potential, not stimulated", beat
    if length > beat:
        raise InputError(f"duration: found {length:g} ms, longer than the beat of {beat:g} ms")
    start = own.start if own is not None and own.start + length <= beat else 0.0
    if strength is not None:
        return (paced(beat, strength, length, start), "as given", beat) if strength else (None, "not stimulated", beat)
    if own is not None and own.amplitude:
        return paced(beat, own.amplitude, length, start), "the model's own", beat
    cycle = own_cycle(kernel, dt)
    if cycle is not None:
        return None, "none: the cell drives itself", period or cycle
    found = threshold(kernel, dt, length)
    return paced(beat, MARGIN * found, length, start), f"{MARGIN:g} times the threshold of {found:.3g} mV/ms", beat


def own_cycle(kernel: Kernel, dt: float, watched: float = ALONE) -> float | None:
    """From upstroke to upstroke without a stimulus [ms, a multiple of dt]; None where V does not go up twice."""
    V, states = np.full(1, kernel.v_initial), kernel.new_states(1)
    steps = max(1, round(1.0 / dt))
    trace = np.empty(round(watched))
    for k in range(len(trace)):
        kernel.advance(V, states, None, k * steps * dt, steps * dt, steps)
        trace[k] = V[0]
    middle = (trace.max() + trace.min()) / 2
    ups = np.flatnonzero((trace[:-1] < middle) & (trace[1:] >= middle))
    if len(ups) < 2 or not np.ptp(trace) > 0.2 * np.abs(trace).max():
        return None
    return float(ups[-1] - ups[-2]) * steps * dt


def threshold(kernel: Kernel, dt: float, duration: float) -> float:
    """Diastolic threshold [mV/ms] of a pulse of ``duration`` at rest, to 1 %. Raises RunError when nothing fires.

    64 cells with strengths in a geometric row are run at once, then 64 between the two around the threshold.
    """
    low, high = WEAKEST, min(STRONGEST, LIFTED / duration)
    for _ in range(2):
        tried = np.geomspace(low, high, N_TRIED)
        fires = _fires(kernel, dt, duration, tried)
        if not fires.any():
            raise RunError(f"{kernel.name}: no pulse up to {high:g} mV/ms fires it: give strength and duration")
        first = int(np.argmax(fires))
        if first == 0:
            return float(tried[0])
        low, high = tried[first - 1], tried[first]
    return float(high)


def _fires(kernel: Kernel, dt: float, duration: float, strengths: np.ndarray) -> np.ndarray:
    """Which cells are, 5 ms after the pulse or later, above half of what the highest reaches then."""
    n = len(strengths)
    V, states = np.full(n, kernel.v_initial), kernel.new_states(n)
    on, rest = max(1, round(duration / dt)), max(1, round(1.0 / dt))
    kernel.advance(V, states, strengths * duration / (on * dt), 0.0, on * dt, on)
    highest, t = np.full(n, -np.inf), on * dt
    while t < duration + WATCHED:
        kernel.advance(V, states, None, t, rest * dt, rest)
        t += rest * dt
        if t > duration + AFTER:
            np.fmax(highest, V, out=highest)
    rise = np.where(np.isfinite(highest), highest - kernel.v_initial, 0.0)
    return rise > rise.max() / 2
