"""A rotor to begin with: every cell at the phase of its limit cycle that a wave around an axis would leave it at.

Phases: V. Jacquemet, An eikonal approach for the initiation of reentrant cardiac propagation in reaction-diffusion
models, IEEE Trans Biomed Eng 57 (2010) 2090-2098, doi:10.1109/TBME.2010.2051156, here without its eikonal step: the
angle around the axis is the phase, and the arms of an Archimedean spiral are ``wavelength`` apart.
"""

from functools import partial

import numpy as np

from hpc_twin.case.initial import RotorCase
from hpc_twin.cellmodels import Kernel
from hpc_twin.parallel import RunError, on_root, say
from hpc_twin.run.cells.prepace import pulses_of
from hpc_twin.singlecell.pacing import Cells, Traces, pace
from hpc_twin.tissue.problem import Problem

DURATION = 1.0  # ms, of the pulses that pace a cell
ALIKE = 0.7  # of the time that a cell is excited in one beat, in the other
ALWAYS = 0.98  # of a beat: who is excited for so long was never at rest
ROWS = 1000  # of a cycle, at most


def turn(heart: Problem, wanted: RotorCase, dt: float) -> None:
    """Overwrite V and the states of all cells by those of a rotor; collective. ``dt`` is the step of the cells.

    Raises RunError when a cell cannot be paced so fast.
    """
    part = heart.part
    say(part.comm, f"pacing cells for the rotor: {wanted.beats} beats of {wanted.cycle_length:g} ms")
    ages = age(part.points[: part.n_owned], wanted)
    for cells in heart.populations:
        cycle = part.comm.bcast(on_root(part.comm, partial(_cycle, cells.kernel, wanted, dt)))
        at = ages[cells.nodes] * wanted.cycle_length
        assert cycle.V is not None
        last, t = cycle.beat(-1), cycle.t[cycle.beat(0)]
        heart.V.owned[cells.nodes] = np.interp(at, t, cycle.V[last, 0])
        for row, trace in zip(cells.kernel.views(cells.states), cycle.states[last, :, 0].T, strict=True):
            row[:] = np.interp(at, t, trace)


def age(points: np.ndarray, wanted: RotorCase) -> np.ndarray:
    """(n,) share of a cycle in [0, 1) since the wave came by points (n, 3): it comes to angle theta, from a line across
    the axis, at theta / 2 pi of the cycle, and to radius r another r / wavelength later.
    """
    axis = np.asarray(wanted.axis) / np.linalg.norm(wanted.axis)
    from_centre = points - np.asarray(wanted.centre)
    across = np.eye(3)[np.abs(axis).argmin()]
    first = np.cross(axis, across) / np.linalg.norm(np.cross(axis, across))
    second = np.cross(axis, first)
    x, y = from_centre @ first, from_centre @ second
    sign = 1.0 if wanted.chirality == "counterclockwise" else -1.0
    arrival = sign * np.arctan2(y, x) / (2 * np.pi)
    if wanted.wavelength is not None:
        arrival = arrival + np.hypot(x, y) / wanted.wavelength
    return np.mod(-arrival, 1.0)


def _cycle(kernel: Kernel, wanted: RotorCase, dt: float) -> Traces:
    """The last two beats of a cell that is paced, each of which begins with the pulse."""
    protocol = pulses_of(kernel, wanted.cycle_length, DURATION, dt)
    cells = Cells(kernel, protocol=protocol, period=wanted.cycle_length, dt=dt)
    every = dt * max(1, -(-cells.steps // ROWS))
    traces = pace(cells, max(2, wanted.beats), record=2, every=every).traces
    assert traces.V is not None and kernel.v_initial is not None
    middle = (kernel.v_initial + traces.V.max()) / 2
    excited = [int((traces.V[traces.beat(number)] > middle).sum()) for number in (0, 1)]
    if min(excited) < ALIKE * max(excited) or max(excited) > ALWAYS * len(traces.V[traces.beat(0)]):
        raise RunError(
            f"initial.rotor.cycle_length: a cell of {kernel.name} paced each {wanted.cycle_length:g} ms does not "
            "fire alike in every beat: give a longer one, the rotor finds its own"
        )
    return traces
