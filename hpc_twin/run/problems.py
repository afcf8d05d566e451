"""From a case to the problem that a run marches: one builder for each ``tissue.model``."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from hpc_twin.case import Case, ConductivityCase
from hpc_twin.cellmodels import Kernel
from hpc_twin.fem import Subdomain
from hpc_twin.mesh.part import Part
from hpc_twin.run.directions import directions
from hpc_twin.run.populations import populations
from hpc_twin.run.stimuli import stimuli
from hpc_twin.run.timer import Timer
from hpc_twin.tissue.conductivity import harmonic, tensors
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.problem import Problem

Which = Literal["effective", "intracellular", "extracellular"]


def problem(case: Case, domain: Subdomain, kernels: Sequence[Kernel], timer: Timer) -> Problem:
    """The problem of ``case`` on ``domain``; collective. Raises InputError for what the mesh cannot give."""
    with timer.part("fibres"):
        fibres = directions(domain.part, case.fibres)
    with timer.part("assembly"):
        return PROBLEMS[case.tissue.model](case, domain, kernels, fibres)


def monodomain(case: Case, domain: Subdomain, kernels: Sequence[Kernel], fibres) -> Monodomain:
    """chi (Cm dV/dt + I_ion) = div(sigma grad V) + I_stim."""
    part = domain.part
    return Monodomain(
        domain,
        populations(part, case.cells, kernels),
        conductivity(case, part, "effective", fibres),
        stimuli(part, case, capacity(case)),
        capacity(case),
        discretisation(case),
        extent(case, part),
    )


def capacity(case: Case) -> float:
    """chi Cm, uF/mm^3."""
    return case.tissue.surface_to_volume * case.tissue.capacitance


def discretisation(case: Case) -> Discretisation:
    """The numbers of the time step and its solve."""
    tissue, solver = case.tissue, case.solver
    options = {key: str(value) for key, value in solver.options.items()}
    return Discretisation(tissue.theta, tissue.lumping, case.cells.substeps, solver.rtol, solver.tolerance, options)


def conductivity(case: Case, part: Part, which: Which, fibres) -> np.ndarray:
    """(n_local_elements, 3, 3) ``which`` conductivity of the tissue [mS/mm]; ``fibres`` as of ``directions``."""
    sigma = case.tissue.conductivity
    default = _values(sigma, which) if sigma.given else None
    return tensors(part, default, {name: _values(s, which) for name, s in sigma.regions.items()}, *fibres)


def _values(values: ConductivityCase, which: Which) -> tuple[float, ...]:
    """Of a section; effective from the other two where it is not given."""
    given = getattr(values, which)
    return harmonic(values.intracellular or (), values.extracellular or ()) if given is None else given


def extent(case: Case, part: Part) -> np.ndarray | None:
    """Thickness or cross-section of the elements of a mesh that mixes kinds; None where all are alike."""
    sizes = part.sizes
    mixed = len(set().union(*part.comm.allgather(set(np.unique(sizes).tolist())))) > 1
    if not mixed:
        return None
    return np.select([sizes == 3, sizes == 2], [case.mesh.thickness, case.mesh.cross_section], 1.0)


PROBLEMS = {"monodomain": monodomain}
