"""What conducts inside and outside the cells, and the matrices of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpc_twin.fem import Subdomain, mass, stiffness
from hpc_twin.parallel import sum_over
from hpc_twin.tissue.bidomain.coupling import Membrane
from hpc_twin.tissue.bidomain.electrodes import Electrode, Electrodes
from hpc_twin.tissue.bidomain.extracellular import EllipticSolve, Extracellular


@dataclass(frozen=True)
class Medium:
    """Tissue, and around it perhaps a bath.

    intracellular  (n_local_elements of domain.part, 3, 3) sigma_i, mS/mm
    bulk           (n_local_elements of domain.whole, 3, 3) sigma_i + sigma_e in tissue, sigma_b in a bath, 0 elsewhere
    capacity       chi Cm, uF/mm^3, one or (n_local_elements of domain.part,)
    extent         (n_local_elements of domain.whole,) thickness or cross-section of elements, see fem; or None
    """

    domain: Subdomain
    intracellular: np.ndarray
    bulk: np.ndarray
    capacity: float | np.ndarray
    extent: np.ndarray | None = None

    @cached_property
    def volumes(self) -> np.ndarray:
        """(whole.n_owned,) mm^3 that each node stands for; computed at its first use, which is collective.

        In proportion to the diagonal of the mass matrix (Hinton, Rock & Zienkiewicz 1976, Earthq. Eng. Struct. Dyn.
        4:245), which is positive for elements of second order too.
        """
        matrix, comm = mass(self.domain.whole, 0.0, self.extent).rows, self.domain.whole.comm
        diagonal = matrix.diagonal()
        total, lumped = sum_over(comm, np.array((matrix.sum(), diagonal.sum())))
        return diagonal * (total / lumped)

    def membrane(self, lumping: float) -> Membrane:
        """chi Cm M, of which the share ``lumping`` is lumped, and K_i."""
        part, extent = self.domain.part, self._extent_of_tissue()
        capacity = np.broadcast_to(self.capacity, len(part.elements))
        storage = mass(part, lumping, capacity if extent is None else capacity * extent)
        return Membrane(storage, stiffness(part, self.intracellular, extent))

    def outside(
        self,
        membrane: Membrane,
        electrodes: Sequence[Electrode] = (),
        how: EllipticSolve | None = None,
        reference: np.ndarray | None = None,
    ) -> Extracellular:
        """The equation of phi_e. ``reference``: (whole.n_local,) 1 where it shall have no mean, 0 elsewhere."""
        whole = self.domain.whole
        weights = self.volumes if reference is None else self.volumes * reference[: whole.n_owned]
        matrix = stiffness(whole, self.bulk, self.extent)
        return Extracellular(
            self.domain, membrane.intracellular, matrix, Electrodes(whole, electrodes, self.volumes), weights, how
        )

    def _extent_of_tissue(self) -> np.ndarray | None:
        return None if self.extent is None else self.extent[self.domain.elements]
