"""Plane waves along cables of the cells of a case: how fast they are, and what conductivity makes them so."""

from hpc_twin.run.velocities.cable import Cable, ClampedCell, Medium
from hpc_twin.run.velocities.eikonal import by_cells, squared_velocities, wave_needed
from hpc_twin.run.velocities.plane_waves import PlaneWave, plane_wave
from hpc_twin.run.velocities.restitution import Beat, dynamic, s1s2, steepest
from hpc_twin.run.velocities.tune import effective, mesh_size, scaled, section, tune
from hpc_twin.run.velocities.velocity import ELEMENTS, LENGTH, plane_wave_velocity

__all__ = [
    "ELEMENTS",
    "LENGTH",
    "Beat",
    "Cable",
    "ClampedCell",
    "Medium",
    "PlaneWave",
    "by_cells",
    "dynamic",
    "effective",
    "mesh_size",
    "plane_wave",
    "plane_wave_velocity",
    "s1s2",
    "scaled",
    "section",
    "squared_velocities",
    "steepest",
    "tune",
    "wave_needed",
]
