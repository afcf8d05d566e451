"""A cable of cells of one model, on this rank alone: what a plane wave sees of a tissue and of its numerics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hpc_twin.case import Case
from hpc_twin.cellmodels import Kernel
from hpc_twin.fem import Subdomain
from hpc_twin.mesh.generate import cable
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, alone
from hpc_twin.run.tissue import capacity, discretisation
from hpc_twin.singlecell.protocol import threshold
from hpc_twin.stepping import SPLITTINGS, Pulses, make_step, march
from hpc_twin.tissue.cells import populate
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Stimuli, Stimulus

DURATION = 2.0  # ms, of a pulse
MOST_ELEMENTS = 2_000_000  # of a cable on one rank
MARGIN = 3.0  # times the threshold of a cell by itself: the neighbours take their share
QUIET, LOUD = 10, 15.0  # steps at a time of a cell alone, but for so many ms after a pulse
MARGIN_ALONE = 2.0  # of a cell without neighbours
WIDTH = 5.0  # space scales, of the end that is stimulated

Snapshot = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Medium:
    """Cells of ``kernel`` in a monodomain, and its discretisation: edge length h [mm], dt [ms], chi Cm [uF/mm^3]."""

    kernel: Kernel
    h: float
    dt: float
    capacity: float = 1.4
    splitting: str = "godunov"
    how: Discretisation = field(default_factory=lambda: Discretisation(lumping=0.5))

    @classmethod
    def of(cls, case: Case, kernel: Kernel, h: float) -> "Medium":
        """That of a case, at ``h`` mm."""
        return cls(kernel, h, case.tissue.dt, capacity(case), case.tissue.splitting, discretisation(case))

    @property
    def tight(self) -> Discretisation:
        """With tolerances of the linear solve that leave no trace in a velocity."""
        return replace(self.how, rtol=1e-8, atol=1e-7, options=None)

    def scale(self, sigma: float) -> float:
        """sqrt(sigma / (chi Cm) * 1 ms) [mm]: about how far V spreads while a cell fires."""
        return float(np.sqrt(sigma / self.capacity))


class Cable:
    """Nodes ``x`` (n,) mm, ``problem``, and its march in time; the end at x = 0 is stimulated.

    rest, level  V at rest, and half way from there to the peak of a cell by itself: the threshold of activation [mV]
    """

    def __init__(self, medium: Medium, sigma: float, length: float, pulses: Pulses | None = None):
        """``sigma`` in mS/mm, ``length`` in mm, to be rounded to whole elements; one pulse at t = 0 by default."""
        pulses = pulses or Pulses(0.0, DURATION)
        n = max(4, round(length / medium.h))
        if n > MOST_ELEMENTS:
            raise InputError(f"h = {medium.h:g} mm: a wave's {length:.3g} mm would be {n:,} elements: take larger ones")
        part = distribute(cable(n * medium.h, medium.h), alone())
        self.x, self.medium = part.points[:, 0].copy(), medium
        self.strength = MARGIN * threshold(medium.kernel, medium.dt, pulses.duration)
        self.rest = float(medium.kernel.v_initial or 0.0)
        self.level = (self.rest + _peak(medium, self.strength, pulses.duration)) / 2
        width = max(WIDTH * medium.scale(sigma), 2 * medium.h)
        stimulus = Stimulus(np.flatnonzero(self.x <= width + 1e-9), self.strength, pulses)
        along = np.tile(np.diag([sigma, 0.0, 0.0]), (len(part.elements), 1, 1))
        cells = populate([medium.kernel], np.zeros(len(self.x), int))
        self._fired, stimuli = stimulus, Stimuli(len(self.x), [stimulus])
        self.problem = Monodomain(Subdomain.all_of(part), cells, along, stimuli, medium.capacity, medium.tight)

    @property
    def V(self) -> np.ndarray:
        """(n,) mV, now."""
        return self.problem.V.owned

    def march(self, until: float, start: float = 0.0) -> Iterator[float]:
        """Advance to ``until``; yields the time [ms] after each step."""
        step = make_step(self.problem.operators, SPLITTINGS[self.medium.splitting])
        for _, t in march(step, None, self.medium.dt, until, start):
            yield t

    def fire(self, times: Sequence[float]) -> None:
        """Pulses at ``times`` [ms] from now on, and no others."""
        pulses = Pulses.at(tuple(times), self._fired.pulses.duration)
        self.problem.stimuli = Stimuli(len(self.x), [replace(self._fired, pulses=pulses)])

    def snapshot(self) -> Snapshot:
        """V and states of all cells, copied."""
        return self.V.copy(), self.problem.populations[0].states.copy()

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot."""
        self.V[:], self.problem.populations[0].states[:] = snapshot
        self.problem.V.touched()


class ClampedCell:
    """A cell by itself, with all that protocols ask of a Cable; ``x`` is one place: nothing travels."""

    def __init__(self, medium: Medium):
        kernel = medium.kernel
        self.medium, self.x, self.V = medium, np.zeros(1), np.full(1, kernel.v_initial)
        self.strength = MARGIN_ALONE * threshold(kernel, medium.dt, DURATION)
        self.rest = float(kernel.v_initial or 0.0)
        self.level = (self.rest + _peak(medium, self.strength, DURATION)) / 2
        self._states, self._pulses = kernel.new_states(1), Pulses(0.0, DURATION)
        self._stimulus = np.empty(1)

    def march(self, until: float, start: float = 0.0) -> Iterator[float]:
        """As of a Cable, but several steps at a time far from pulses."""
        kernel, dt, n = self.medium.kernel, self.medium.dt, round((until - start) / self.medium.dt)
        near = [(on - QUIET * dt, on + LOUD) for on, _ in self._pulses.between(start - LOUD, until)]
        done = 0
        while done < n:
            t = start + done * dt
            steps = 1 if any(begin < t < end for begin, end in near) else min(QUIET, n - done)
            self._stimulus[0] = self.strength * self._pulses.share(t, steps * dt)
            kernel.advance(self.V, self._states, self._stimulus, t, steps * dt, steps * self.medium.how.substeps)
            done += steps
            yield start + done * dt

    def fire(self, times: Sequence[float]) -> None:
        """As of a Cable."""
        self._pulses = Pulses.at(tuple(times), DURATION)

    def snapshot(self) -> Snapshot:
        """As of a Cable."""
        return self.V.copy(), self._states.copy()

    def restore(self, snapshot: Snapshot) -> None:
        """As of a Cable."""
        self.V[:], self._states[:] = snapshot


def _peak(medium: Medium, strength: float, duration: float) -> float:
    """Highest V [mV] of a cell by itself between 1 and 50 ms after a pulse."""
    kernel, steps = medium.kernel, max(1, round(1.0 / medium.dt))
    V, states = np.full(1, kernel.v_initial), kernel.new_states(1)
    on = max(1, round(duration / medium.dt))
    kernel.advance(V, states, np.full(1, strength), 0.0, on * medium.dt, on)
    highest = -np.inf
    for k in range(50):
        kernel.advance(V, states, None, (on + k * steps) * medium.dt, steps * medium.dt, steps)
        highest = max(highest, float(V[0]))
    return highest
