"""A cable of cells of one model, on this rank alone: what a plane wave sees of a tissue and of its numerics."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from hpc_twin.case import Case
from hpc_twin.cellmodels import Kernel
from hpc_twin.fem import Subdomain
from hpc_twin.mesh.generate import cable
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import alone
from hpc_twin.run.materials import capacity, discretisation
from hpc_twin.singlecell.protocol import threshold
from hpc_twin.stepping import SPLITTINGS, Pulses, make_step, march
from hpc_twin.tissue.cells import populate
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Stimuli, Stimulus

DURATION = 2.0  # ms, of a pulse
MARGIN = 3.0  # times the threshold of a cell by itself: the neighbours take their share
WIDTH = 5.0  # space scales, of the end that is stimulated


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
        part = distribute(cable(n * medium.h, medium.h), alone())
        self.x, self.medium = part.points[:, 0].copy(), medium
        self.strength = MARGIN * threshold(medium.kernel, medium.dt, pulses.duration)
        self.rest = float(medium.kernel.v_initial or 0.0)
        self.level = (self.rest + _peak(medium, self.strength, pulses.duration)) / 2
        width = max(WIDTH * medium.scale(sigma), 2 * medium.h)
        stimulus = Stimulus(np.flatnonzero(self.x <= width + 1e-9), self.strength, pulses)
        along = np.tile(np.diag([sigma, 0.0, 0.0]), (len(part.elements), 1, 1))
        cells = populate([medium.kernel], np.zeros(len(self.x), int))
        stimuli = Stimuli(len(self.x), [stimulus])
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
