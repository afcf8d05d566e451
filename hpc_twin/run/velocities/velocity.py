"""Conduction velocity of plane waves on a mesh of a given size, and the conductivity that gives a wanted one."""

from collections.abc import Callable

import numpy as np

from hpc_twin.parallel import RunError
from hpc_twin.run.velocities.cable import DURATION, Cable, Medium
from hpc_twin.tissue.measures import Activation

LENGTH, ELEMENTS = 32.0, 40  # of a cable: space scales, and elements at least
BETWEEN = (0.5, 0.85)  # of its length, where the velocity is measured: far from the stimulus and from the end
STALL = 20.0  # ms without a new node: the wave has died
MOST_TRIALS, MOST_FACTOR = 15, 100.0


def plane_wave_velocity(medium: Medium, sigma: float, length: float | None = None) -> float:
    """Velocity [mm/ms] of a plane wave where the conductivity is ``sigma`` [mS/mm], the medium's numerics in it.

    NaN where no wave propagates. ``length`` [mm] of the cable; by default it is long enough for 0.1 % where the
    kernel's initial state is its rest. Runs on this rank alone. Raises RunError when no pulse fires the cell.
    """
    cable = Cable(medium, sigma, length or max(LENGTH * medium.scale(sigma), ELEMENTS * medium.h))
    first, last = (int(np.abs(cable.x - share * cable.x.max()).argmin()) for share in BETWEEN)
    times = arrivals(cable, last)
    if not np.isfinite(times[last]):
        return float("nan")
    return float((cable.x[last] - cable.x[first]) / (times[last] - times[first]))


def arrivals(cable: Cable, last: int) -> np.ndarray:
    """(n,) activation times [ms] of a cable that fires at t = 0, until node ``last`` is reached or the wave dies."""
    seen, reached, since = Activation(cable.V, cable.level), 0, DURATION
    for t in cable.march(1e6):
        seen.update(cable.V, t, cable.medium.dt)
        if np.isfinite(seen.times[last]):
            break
        active = int(np.isfinite(seen.times).sum())
        if active > reached:
            reached, since = active, t
        if t - since > STALL:
            break
    return seen.times


def tuned(
    medium: Medium,
    velocity: float,
    sigma: float,
    tolerance: float = 1e-3,
    tell: Callable[[float, float], None] | None = None,
) -> float:
    """The conductivity [mS/mm] at which plane waves travel at ``velocity`` [mm/ms] on this mesh size and time step.

    v ~ sqrt(sigma) holds on fine meshes; on coarse ones the exponent is found on the way, by secants of log v against
    log sigma. Starts at ``sigma``; ``tell(sigma, v)`` is called after each trial.
    Raises RunError where no wave is as slow, or none propagates.
    """
    tried: list[tuple[float, float]] = []
    blocked, most = 0.0, MOST_FACTOR * sigma  # no wave up to the first, and none is looked for beyond the second
    for _ in range(MOST_TRIALS):
        if not tried and sigma > most:
            break
        v = plane_wave_velocity(medium, sigma)
        if tell is not None:
            tell(sigma, v)
        if not np.isfinite(v):
            blocked, sigma = max(blocked, sigma), 4 * sigma if not tried else np.sqrt(sigma * tried[-1][0])
            continue
        tried.append((sigma, v))
        if abs(v / velocity - 1) < tolerance:
            return sigma
        sigma = _next(tried, velocity)
        if sigma <= blocked:
            sigma = np.sqrt(blocked * tried[-1][0])
    raise RunError(_why(medium, velocity, tried))


def _next(tried: list[tuple[float, float]], velocity: float) -> float:
    """sigma (wanted / v)^(1/p) with p of the last two trials, within [1/4, 2], 1/2 at first."""
    (sigma, v), power = tried[-1], 0.5
    if len(tried) > 1:
        before, slower = tried[-2]
        if before != sigma:
            power = float(np.clip(np.log(v / slower) / np.log(sigma / before), 0.25, 2.0))
    return sigma * (velocity / v) ** (1 / power)


def _why(medium: Medium, velocity: float, tried: list[tuple[float, float]]) -> str:
    if not tried:
        return (
            f"{medium.kernel.name}: no wave propagates at h = {medium.h:g} mm: give a finer --h, or look at the cells"
        )
    sigma, v = min(tried, key=lambda pair: abs(np.log(pair[1] / velocity)))
    return (
        f"{medium.kernel.name}: no conductivity gives {velocity:g} mm/ms at h = {medium.h:g} mm; the nearest was "
        f"{v:.4g} mm/ms at {sigma:.4g} S/m, and below it the wave dies between the nodes: give a finer --h"
    )
