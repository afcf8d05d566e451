"""Where the mesh is, over all ranks, for messages about what lies elsewhere."""

import numpy as np

from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, warn

FAR = 0.25  # of the box's diagonal: not beside the mesh but elsewhere, by another unit or origin


def box(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner (3,) [mm] of all ranks' points; collective, a rank may have none."""
    low = np.min(part.comm.allgather(part.points.min(axis=0, initial=np.inf)), axis=0)
    return low, np.max(part.comm.allgather(part.points.max(axis=0, initial=-np.inf)), axis=0)


def reach(part: Part) -> str:
    """The words ``from (...) to (...) mm``; collective."""
    low, high = ("({:.4g}, {:.4g}, {:.4g})".format(*corner) for corner in box(part))
    return f"from {low} to {high} mm"


def require_near(part: Part, key: str, distance: float, place: np.ndarray, usual: float, what: str = "node") -> None:
    """Refuse what was snapped by ``distance`` mm to ``place``, if by far, and warn if by more than ``usual`` mm.

    Collective; ``distance`` is the same on all ranks. Raises InputError beyond FAR.
    """
    if distance <= usual:
        return
    low, high = box(part)
    words = f"{key}: the nearest {what} is {distance:.3g} mm away, at ({', '.join(f'{x:.6g}' for x in place)}) mm"
    if distance > max(usual, FAR * float(np.linalg.norm(high - low))):
        raise InputError(f"{words}; the mesh reaches {reach(part)}: do both have the same unit and origin?")
    warn(part.comm, words)
