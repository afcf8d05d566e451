"""Velocities of a case's tissue for the eikonal equation: given, or those of its cells at its conductivity."""

from collections.abc import Sequence

import numpy as np

from hpc_twin.case import Case
from hpc_twin.case.purkinje import JUNCTION
from hpc_twin.fem import Field
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, say, sum_over
from hpc_twin.run.tissue import conductivity, membrane
from hpc_twin.run.velocities.plane_waves import PlaneWave
from hpc_twin.tissue.cells import Population
from hpc_twin.tissue.conductivity import region_tags, tensors
from hpc_twin.tissue.stimulus import in_regions

SECTION = "tissue.velocity"

AT_ONCE = 100.0  # mm/ms, through elements without a membrane: junctions of Purkinje cables


def by_cells(case: Case) -> bool:
    """Whether the velocity of some tissue follows from its cells."""
    return case.tissue.velocity is None or case.tissue.velocity.values is None


def wave_needed(case: Case, part: Part, cells: Sequence[Population]) -> list[bool]:
    """Of each population, whether the velocity of some tissue follows from its plane wave; collective.

    It does where a region has no velocity of its own. Nodes that such a region shares with one that has one count only
    where there are no others.
    """
    if not by_cells(case):
        return [False] * len(cells)
    named = case.tissue.velocity.regions if case.tissue.velocity else {}
    given = {tag for name in named for tag in region_tags(part, name, f"{SECTION}.regions.{name}")}
    bare = in_regions(part, _tags(part) - given - {t for t, name in part.region_names.items() if name == JUNCTION})
    inner = np.setdiff1d(bare, in_regions(part, given))
    for nodes in (inner, bare):
        touched = np.zeros(part.n_owned, bool)
        touched[nodes] = True
        found = sum_over(part.comm, np.array([touched[population.nodes].sum() for population in cells]))
        if found.any():
            break
    return [bool(n) for n in found]


def squared_velocities(
    case: Case, part: Part, cells: Sequence[Population], plane_waves: Sequence[PlaneWave | None], fibres
) -> np.ndarray:
    """(n_local_elements, 3, 3) D [mm^2/ms^2]; ``plane_waves`` those of ``cells``, not used where velocities are given.

    Raises InputError for regions without a velocity and for tissue that does not conduct.
    """
    others = _of_cells(case, part, cells, plane_waves, fibres) if by_cells(case) else None
    given, (along, sheets) = case.tissue.velocity, fibres
    values = _squared(given.values) if given and given.values else None
    regions = {name: _squared(region.values) for name, region in given.regions.items()} if given else {}
    tensor = _above_zero(part, tensors(part, values, regions, along, sheets, SECTION, others))
    if JUNCTION not in regions:
        tensor[membrane(case, part) == 0] = AT_ONCE**2 * np.eye(3)
    return tensor


def _squared(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(v**2 for v in values)


def _of_cells(case: Case, part: Part, cells, plane_waves, fibres) -> np.ndarray:
    """v^2 = rate sigma / (chi Cm) along every axis; an element between models takes the mean rate of its nodes.

    Nodes of cells without a wave do not count; where an element has no others, the fastest cells decide.
    """
    rate = Field(part, "rate of plane waves", "1/ms")
    for population, wave in zip(cells, plane_waves, strict=True):
        if wave is not None:
            rate.owned[population.nodes] = wave.rate
            say(part.comm, f"plane waves of {wave.medium.kernel.name}: {_told(case, wave)}")
    rate.touched()
    rate.update_ghosts()
    of_nodes = np.where(part.elements >= 0, rate.local[part.elements], 0.0)
    known = (of_nodes > 0).sum(axis=1)
    fastest = max((wave.rate for wave in plane_waves if wave is not None), default=0.0)
    mean = np.where(known > 0, of_nodes.sum(axis=1) / np.maximum(known, 1), fastest)
    capacity = membrane(case, part)
    sigma = conductivity(case, part, "effective", fibres)[:]
    return (mean / np.where(capacity > 0, capacity, 1.0))[:, None, None] * sigma


def _tags(part: Part) -> set[int]:
    return set(np.unique(part.regions).tolist())


def _told(case: Case, wave: PlaneWave) -> str:
    return f"{wave.velocity:.3g} mm/ms where the conductivity is {wave.sigma:.3g} S/m, elsewhere as its square root"


def _above_zero(part: Part, tensor: np.ndarray) -> np.ndarray:
    still = np.linalg.eigvalsh(tensor)[:, 0] <= 0 if len(tensor) else np.zeros(0, bool)
    if sum_over(part.comm, int(still.sum())):
        tags = sorted(set().union(*part.comm.allgather(set(part.regions[still].tolist()))))
        names = ", ".join(f"'{part.region_names.get(tag, str(tag))}'" for tag in tags)
        raise InputError(
            f"tissue.velocity: nothing moves in some direction in region {names}, whose conductivity is 0: name it in "
            "tissue.without, or give it a velocity"
        )
    return tensor
