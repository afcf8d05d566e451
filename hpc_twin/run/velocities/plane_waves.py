"""The plane wave of each cell model: how fast it is for a conductivity, and the current that its cells get in it."""

from dataclasses import dataclass

import numpy as np

from hpc_twin.cellmodels import Kernel
from hpc_twin.parallel import InputError, RunError, on_root
from hpc_twin.run.velocities.cable import Cable, Medium
from hpc_twin.run.velocities.velocity import ELEMENTS, LENGTH, plane_wave_velocity
from hpc_twin.tissue.eikonal.reaction_eikonal import Foot
from hpc_twin.tissue.monodomain import Discretisation

DIFFUSIVITY = 0.1  # sigma / (chi Cm) of the cable, mm^2/ms; the wave is the same for any, only its width changes
FINE, STEP = 4, 0.01  # nodes per space scale; ms: the velocity is then within 0.2 % of its limit
BEGIN, AFTER = 1.0, 10.0  # mV above rest where the current begins, ms after the fastest rise where it ends


@dataclass(frozen=True)
class PlaneWave:
    """v^2 = rate sigma / (chi Cm), with the cells' own ``rate`` [1/ms]; the medium in which it was computed."""

    medium: Medium
    rate: float

    @property
    def sigma(self) -> float:
        """Conductivity of the cable, mS/mm."""
        return DIFFUSIVITY * self.medium.capacity

    @property
    def velocity(self) -> float:
        """Of the cable, mm/ms."""
        return float(np.sqrt(self.rate * DIFFUSIVITY))

    def foot(self) -> Foot:
        """What a cell gets from its neighbours. V(t - x/v) makes  div(sigma grad V) = (sigma / v^2) V'', so the charge

            int div(sigma grad V) / (chi Cm) dt = V' / rate,

        from V' at a node far from the ends of a cable. Runs on this rank alone.
        """
        V = _trace(self.medium, self.sigma)
        slope = np.gradient(V, self.medium.dt)
        begin = int(np.argmax(V > V[0] + BEGIN))
        end = int(np.argmax(slope)) + round(AFTER / self.medium.dt)
        charge = slope[begin:end] / self.rate
        charge[0] = 0.0  # no jump: a cell that is reached at the very start of a step would miss it
        return Foot(np.arange(end - begin) * self.medium.dt, charge)


def plane_wave(kernel: Kernel, capacity: float, comm, instead: str = "another model") -> PlaneWave:
    """Of the cells of ``kernel``; ``capacity`` chi Cm [uF/mm^3]. Rank 0 computes.

    Raises InputError where there is no wave; it says what may be given ``instead``.
    """
    medium = Medium(kernel, np.sqrt(DIFFUSIVITY) / FINE, STEP, capacity, "strang", Discretisation(lumping=0.25))
    sigma = DIFFUSIVITY * capacity
    v = comm.bcast(on_root(comm, lambda: _velocity(medium, sigma)))
    if not np.isfinite(v):
        raise InputError(
            f"no wave propagates in a cable of {kernel.name}, so it has no velocity and no foot of its own: "
            f"give {instead}"
        )
    return PlaneWave(medium, v**2 / DIFFUSIVITY)


def _velocity(medium: Medium, sigma: float) -> float:
    """Of the plane wave, NaN where there is none, also where no pulse fires the cell."""
    try:
        return plane_wave_velocity(medium, sigma)
    except RunError:
        return float("nan")


def _trace(medium: Medium, sigma: float) -> np.ndarray:
    """V [mV] at the middle of a cable, in steps of dt, until ``AFTER`` ms after it rose."""
    cable = Cable(medium, sigma, max(LENGTH * medium.scale(sigma), ELEMENTS * medium.h))
    middle, V = len(cable.x) // 2, [cable.rest]
    fired = np.inf
    for t in cable.march(1e4):
        V.append(float(cable.V[middle]))
        if V[-1] > cable.level and fired == np.inf:
            fired = t
        if t > fired + 2 * AFTER:
            break
    return np.array(V)
