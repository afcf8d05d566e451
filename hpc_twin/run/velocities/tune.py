"""Conductivities for wanted conduction velocities, at the mesh size and time step of a case."""

from collections.abc import Sequence
from dataclasses import dataclass

from hpc_twin.case import ConductivityCase
from hpc_twin.case.load import LoadedCase
from hpc_twin.cellmodels import Kernel
from hpc_twin.parallel import InputError, nearest, together
from hpc_twin.run.cells import load_kernels, prepaced
from hpc_twin.run.velocities.cable import Medium
from hpc_twin.run.velocities.velocity import plane_wave_velocity, tuned
from hpc_twin.tissue.conductivity import harmonic
from hpc_twin.units import parse

AXES = ("along the fibres", "across, in the sheet", "across the sheets")
KINDS = ("intracellular", "extracellular", "effective")


@dataclass(frozen=True)
class Axis:
    """A direction: conductivity [mS/mm] and velocity [mm/ms] of the case (NaN: no wave), and those that were tuned."""

    name: str
    sigma: float
    velocity: float
    wanted: float
    tuned: float

    @property
    def factor(self) -> float:
        """By which every conductivity of this direction is multiplied."""
        return self.tuned / self.sigma


def tune(loaded: LoadedCase, velocities: Sequence[float], h: float, region: str | None, comm) -> list[Axis]:
    """Each direction by itself, different ones at the same time on different ranks. Collective.

    ``region`` takes the cells and conductivities of a region. Raises InputError for a case that cannot be tuned and
    RunError where no conductivity gives a velocity.
    """
    case = loaded.case
    if case.tissue.order != 1:
        raise InputError("tune-cv: tissue.order = 2 is not supported, its cables are linear elements")
    medium = Medium.of(case, _kernel(loaded, region, comm), h)
    before = effective(section(loaded, region), len(velocities))
    found = {}
    with together(comm):
        for number in range(comm.rank, len(velocities), comm.size):
            sigma, wanted = before[number], velocities[number]
            at_first = plane_wave_velocity(medium, sigma)
            found[number] = Axis(AXES[number], sigma, at_first, wanted, tuned(medium, wanted, sigma))
    found = {number: axis for part in comm.allgather(found) for number, axis in part.items()}
    return [found[number] for number in sorted(found)]


def section(loaded: LoadedCase, region: str | None) -> ConductivityCase:
    """[tissue.conductivity], or that of a region where it has its own."""
    sigma = loaded.case.tissue.conductivity
    if region is not None and region in sigma.regions:
        return sigma.regions[region]
    if not sigma.given:
        names = ", ".join(sigma.regions)
        raise InputError(f"tissue.conductivity: gives none for all of the tissue: name one with --region ({names})")
    return sigma


def effective(sigma: ConductivityCase, n: int) -> list[float]:
    """The first ``n`` of fibre, sheet and normal, mS/mm. Raises InputError where one is 0."""
    given = sigma.effective or harmonic(sigma.intracellular or (), sigma.extracellular or ())
    values = [given[min(k, len(given) - 1)] for k in range(n)]
    if min(values) <= 0:
        raise InputError("tissue.conductivity: found 0 S/m, from which nothing can be tuned")
    return values


def scaled(sigma: ConductivityCase, axes: Sequence[Axis]) -> dict[str, list[float]]:
    """The keys of the section with their new values: each direction multiplied by its own factor.

    Directions that were not tuned keep their values: the last of them stand for all after them.
    """
    found = {}
    for kind in KINDS:
        values = getattr(sigma, kind)
        if values is not None:
            n = max(len(values), len(axes))
            full = [values[min(k, len(values) - 1)] for k in range(n)]
            found[kind] = [v * (axes[k].factor if k < len(axes) else 1.0) for k, v in enumerate(full)]
    return found


def mesh_size(loaded: LoadedCase) -> float:
    """Edge length [mm] of a generated mesh. Raises InputError for one of a file, whose edges are of any length."""
    mesh = loaded.case.mesh
    if mesh.generate is None or "h" not in mesh.shape:
        raise InputError('--h: give the edge length of the mesh, as "0.4 mm"; "hpc-twin mesh info" tells it')
    return parse(mesh.shape["h"], "length") / 2**mesh.refine


def _kernel(loaded: LoadedCase, region: str | None, comm) -> Kernel:
    case = loaded.case
    kernels = prepaced(case, load_kernels(case.cells, loaded.folder, comm), comm)
    known = dict(zip(case.cells.models, kernels, strict=True))
    if region is None or f"cells.regions.{region}" in known:
        return known["cells" if region is None else f"cells.regions.{region}"]
    regions = [*case.cells.regions, *case.tissue.conductivity.regions]
    if region not in regions:
        raise InputError(f"--region: the case has no region '{region}'{nearest(region, regions)}")
    return known["cells"]
