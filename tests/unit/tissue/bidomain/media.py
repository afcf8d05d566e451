"""Small bidomain problems for tests."""

import numpy as np

from hpc_twin.fem import subdomain
from hpc_twin.mesh.part import Part
from hpc_twin.tissue.bidomain.bidomain import Bidomain
from hpc_twin.tissue.bidomain.extracellular import EllipticSolve
from hpc_twin.tissue.bidomain.medium import Medium
from hpc_twin.tissue.monodomain import Discretisation
from hpc_twin.tissue.stimulus import Stimuli

CAPACITY = 1.4
TIGHT = {"rtol": 1e-12, "atol": 1e-13}


def along(values, part: Part) -> np.ndarray:
    """(n_local_elements, 3, 3) conductivities along x and across."""
    return np.tile(np.diag((values[0], values[-1], values[-1])), (len(part.elements), 1, 1))


def medium(whole: Part, inside=(0.2, 0.02), outside=(0.6, 0.2), bath=1.0, tissue=None) -> Medium:
    """``tissue``: (n_local_elements,) bool, default everywhere."""
    keep = np.ones(len(whole.elements), bool) if tissue is None else tissue
    sigma = along((bath,), whole)
    sigma[keep] = along(outside, whole)[keep]
    domain = subdomain(whole, keep)
    sigma[domain.elements] += along(inside, domain.part)
    return Medium(domain, along(inside, domain.part), sigma, CAPACITY)


def bidomain(
    made: Medium, populations=(), stimuli=(), electrodes=(), way="decoupled", reference=None, **how
) -> Bidomain:
    """Solved tightly, with consistent mass, unless ``how`` says otherwise."""
    scheme = Discretisation(**{**TIGHT, **how})
    membrane = made.membrane(scheme.lumping)
    outside = made.outside(membrane, electrodes, EllipticSolve(1e-12), reference)
    return Bidomain(membrane, outside, populations, Stimuli(made.domain.part.n_owned, stimuli), scheme, way)
