"""The bidomain problem of a case, and the recovery of phi_e from a monodomain."""

from collections.abc import Sequence

import numpy as np

from hpc_twin.case import Case, ElectrodeCase
from hpc_twin.cellmodels import Kernel
from hpc_twin.fem import Subdomain, indicator
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, sum_over
from hpc_twin.run.tissue import conductivity, discretisation, extent, membrane, nodes_of, populations, stimuli
from hpc_twin.stepping import Pulses
from hpc_twin.tissue.bidomain.bidomain import Bidomain
from hpc_twin.tissue.bidomain.electrodes import Electrode
from hpc_twin.tissue.bidomain.extracellular import EllipticSolve, Extracellular
from hpc_twin.tissue.bidomain.medium import Medium
from hpc_twin.tissue.conductivity import tensors


def bidomain(case: Case, domain: Subdomain, kernels: Sequence[Kernel], fibres) -> Bidomain:
    """V and phi_e together."""
    part, how, made = domain.part, discretisation(case), medium(case, domain)
    tissue = made.membrane(how.lumping)
    outside = made.outside(tissue, electrodes(case, made), elliptic(case), reference(case, domain.whole))
    cells = populations(part, case.cells, kernels)
    return Bidomain(tissue, outside, cells, stimuli(part, case, membrane(case, part)), how, case.bidomain.solve)


def recovery(case: Case, domain: Subdomain) -> Extracellular:
    """The equation of phi_e alone."""
    made = medium(case, domain)
    return made.outside(made.membrane(0.0), (), elliptic(case), reference(case, domain.whole))


def medium(case: Case, domain: Subdomain) -> Medium:
    """Conductivities and extents, of elements of one kind too, since an electrode's current spreads over them."""
    part, whole = domain.part, domain.whole
    intracellular = conductivity(case, part, "intracellular", (part.fibres, part.sheets))[:]
    bulk = np.zeros((len(whole.elements), 3, 3))
    if case.bath.regions:
        baths = {name: region.conductivity for name, region in case.bath.regions.items()}
        bulk[:] = tensors(whole, (0.0,), baths, whole.fibres, whole.sheets, "bath")
    bulk[domain.elements] = intracellular
    bulk[domain.elements] += conductivity(case, part, "extracellular", (part.fibres, part.sheets))[:]
    sizes, mixed = whole.sizes, extent(case, whole)
    extents = np.select([sizes == 3, sizes == 2], [case.mesh.thickness, case.mesh.cross_section], 1.0)
    return Medium(domain, intracellular, bulk, membrane(case, part), extents if mixed is None else mixed)


def elliptic(case: Case) -> EllipticSolve:
    """How phi_e is solved for."""
    return EllipticSolve(case.bidomain.rtol, {key: str(value) for key, value in case.bidomain.options.items()})


def reference(case: Case, whole: Part) -> np.ndarray | None:
    """(n_local,) 1 where phi_e shall have no mean; None is everywhere."""
    place = case.bidomain.reference
    return None if place is None else indicator(whole, nodes_of(whole, place, "bidomain.reference"))


def electrodes(case: Case, made: Medium) -> list[Electrode]:
    """All electrodes. Raises InputError for one that hits nothing, or nothing that conducts."""
    touched = conducts(made.domain.whole, made.bulk)
    return [_electrode(wanted, k, made, touched) for k, wanted in enumerate(case.electrode)]


def conducts(part: Part, sigma: np.ndarray) -> np.ndarray:
    """(n_local,) whether a node belongs to an element whose ``sigma`` (n_local_elements, 3, 3) is not zero."""
    touched = np.zeros(part.n_local + 1, bool)  # the last entry takes the padding of elements
    touched[part.element_nodes[np.trace(sigma, axis1=1, axis2=2) > 0]] = True
    return touched[:-1]


def _electrode(wanted: ElectrodeCase, number: int, made: Medium, touched: np.ndarray) -> Electrode:
    key, whole = f"electrode.{number} ('{wanted.name}')", made.domain.whole
    nodes = nodes_of(whole, wanted, key)
    nodes = nodes[touched[nodes]]
    if not sum_over(whole.comm, len(nodes)):
        raise InputError(f"{key}: nothing conducts there: its nodes lie in tissue.without")
    if wanted.kind == "ground":
        return Electrode(wanted.name, "ground", nodes)
    strength = wanted.voltage if wanted.kind == "voltage" else wanted.current
    if strength is None:
        strength = (wanted.strength or 0.0) * sum_over(whole.comm, float(made.volumes[nodes].sum()))
    pulses = Pulses(wanted.start, wanted.duration, wanted.period, wanted.count)
    return Electrode(wanted.name, wanted.kind, nodes, strength, pulses, wanted.between == "held")
