"""From a case to the problem that a run marches: one builder for each ``tissue.model``."""

from collections.abc import Callable, Mapping, Sequence

from hpc_twin.case import Case
from hpc_twin.cellmodels import Kernel
from hpc_twin.fem import Subdomain, sweep
from hpc_twin.run.bidomain import bidomain, recovery
from hpc_twin.run.eikonal import reaction_eikonal
from hpc_twin.run.meshes import tell_loose
from hpc_twin.run.report import Timer
from hpc_twin.run.tissue import conductivity, discretisation, extent, membrane, populations, stimuli, tissue_directions
from hpc_twin.tissue.bidomain.pseudo_bidomain import PseudoBidomain
from hpc_twin.tissue.monodomain import Monodomain
from hpc_twin.tissue.problem import Problem


def problem(case: Case, domain: Subdomain, kernels: Sequence[Kernel], timer: Timer) -> Problem:
    """The problem of ``case`` on ``domain``; collective. Raises InputError for what the mesh cannot give."""
    with timer.part("fibres"):
        fibres = tissue_directions(case, domain)
        domain = domain.directed(*fibres)
        sweep(domain.part.comm)
    with timer.part("assembly"):
        return PROBLEMS[case.tissue.model](case, domain, kernels, fibres)


def monodomain(case: Case, domain: Subdomain, kernels: Sequence[Kernel], fibres) -> Monodomain:
    """chi (Cm dV/dt + I_ion) = div(sigma grad V) + I_stim."""
    part = domain.part
    driven = stimuli(part, case, membrane(case, part))
    tell_loose(case, part, driven)
    return Monodomain(
        domain,
        populations(part, case.cells, kernels),
        conductivity(case, part, "effective", fibres),
        driven,
        membrane(case, part),
        discretisation(case),
        extent(case, part),
    )


def pseudo_bidomain(case: Case, domain: Subdomain, kernels: Sequence[Kernel], fibres) -> PseudoBidomain:
    """The monodomain, and phi_e at outputs."""
    return PseudoBidomain(monodomain(case, domain, kernels, fibres), recovery(case, domain), case.bidomain.every)


PROBLEMS: Mapping[str, Callable[..., Problem]] = {
    "monodomain": monodomain,
    "bidomain": bidomain,
    "pseudo_bidomain": pseudo_bidomain,
    "reaction_eikonal": reaction_eikonal,
}
