"""Plane waves on cables and on bars of triangles or tetrahedra, each on one rank: their conduction velocity."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from hpc_twin.cellmodels import Kernel, load
from hpc_twin.fem import Subdomain
from hpc_twin.mesh.generate import cable, slab
from hpc_twin.mesh.order import quadratic
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import alone
from hpc_twin.stepping import SPLITTINGS, Pulses, make_step, march
from hpc_twin.tissue.cells import populate
from hpc_twin.tissue.measures import Activation
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Stimuli, Stimulus

CAPACITY = 1.4  # chi Cm = 140 /mm * 0.01 uF/mm^2
PATIENCE = 100.0  # ms


@dataclass(frozen=True)
class Wave:
    """model; sigma [mS/mm] along the axis; h [mm], dt [ms]; order of the elements, share of lumped mass, splitting.

    length    [mm]; the wave is timed from the share ``begin`` to ``end`` of it
    stimulus  width [mm], uA/mm^3, ms
    bar       axis (0, 1, 2) of a bar of tetrahedra, conductivities BAR along x, y and z; None: a cable
    """

    model: str
    sigma: float
    h: float
    dt: float
    order: int = 1
    lumping: float = 0.0
    splitting: str = "strang"
    length: float = 20.0
    begin: float = 0.4
    end: float = 0.8
    stimulus: tuple[float, float, float] = (1.5, 50.0, 2.0)
    bar: int | None = None

    def __call__(self) -> float:
        """Its velocity [mm/ms], NaN where none arrives."""
        return velocity(self)


BAR = (0.1334, 0.05, 0.0176)  # mS/mm along x, y, z: along the fibres and across as in Niederer et al. 2011, and between


@cache
def _kernel(model: str) -> Kernel:
    return load(model)


def velocity(wave: Wave) -> float:
    """Measured between the nodes nearest to ``begin`` and ``end``, where V rises through 0 mV."""
    axis = wave.bar or 0
    problem = _problem(wave, axis)
    x = problem.part.points[:, axis]
    line = np.linalg.norm(np.delete(problem.part.points, axis, axis=1), axis=1)
    places = [int((np.abs(x - share * wave.length) + line).argmin()) for share in (wave.begin, wave.end)]
    seen = Activation(problem.V.owned, 0.0)
    for _, t in march(make_step(problem.operators, SPLITTINGS[wave.splitting]), None, wave.dt, PATIENCE):
        seen.update(problem.V.owned, t, wave.dt)
        if np.isfinite(seen.times[places[1]]):
            break
    first, last = places
    return float((x[last] - x[first]) / (seen.times[last] - seen.times[first]))


def _problem(wave: Wave, axis: int) -> Monodomain:
    mesh = cable(wave.length, wave.h) if wave.bar is None else slab(_sides(wave, axis), wave.h)
    part = distribute(quadratic(mesh) if wave.order == 2 else mesh, alone())
    width, strength, duration = wave.stimulus
    nodes = np.flatnonzero(part.points[:, axis] < width + 1e-6)
    stimulus = Stimulus(nodes, strength / CAPACITY, Pulses(0.0, duration))
    tensor = np.diag([wave.sigma, 0, 0]) if wave.bar is None else np.diag(BAR)
    cells = populate([_kernel(wave.model)], np.zeros(part.n_owned, int))
    how = Discretisation(lumping=wave.lumping, rtol=1e-8, atol=1e-8)
    sigma = np.tile(tensor, (len(part.elements), 1, 1))
    return Monodomain(Subdomain.all_of(part), cells, sigma, Stimuli(part.n_owned, [stimulus]), CAPACITY, how)


def _sides(wave: Wave, axis: int) -> tuple[float, float, float]:
    """Two elements thick."""
    sides = [2 * wave.h] * 3
    sides[axis] = wave.length
    return sides[0], sides[1], sides[2]
