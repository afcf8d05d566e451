"""The monodomain equation: chi (Cm dV/dt + I_ion) = div(sigma grad V) + I_stim, no flux at the boundary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpc_twin.fem import Field, LinearSolver, Subdomain, Symmetric, Tensors, symmetric_mass, symmetric_stiffness
from hpc_twin.fem.memory import Memory, nodal
from hpc_twin.stepping import Operator
from hpc_twin.tissue.cells import Population
from hpc_twin.tissue.problem import Shown
from hpc_twin.tissue.stimulus import Currents


@dataclass(frozen=True)
class Discretisation:
    """theta: 0.5 Crank-Nicolson, 1 backward Euler; lumping: share of the mass that is lumped; substeps of the cells.

    rtol, atol [mV]: of the linear solve, see fem.LinearSolver; options: PETSc's, without prefix.
    """

    theta: float = 0.5
    lumping: float = 0.0
    substeps: int = 1
    rtol: float = 0.0
    atol: float = 1e-4
    options: Mapping[str, str] | None = None


class Monodomain:
    """State: V and the cells. ``operators`` are its two flow maps, for a splitting table.

    reaction   dV/dt = -I_ion/Cm + I_stim/(chi Cm) and the cells' own equations, node by node (Keener & Bogar 1998)
    diffusion  chi Cm M dV/dt = -K V by the theta scheme, solved for the increment:
               (chi Cm M + theta dt K) dV = -dt K V, V += dV, starting from the last two dV, extrapolated
    """

    def __init__(
        self,
        domain: Subdomain,
        populations: Sequence[Population],
        conductivity: Tensors,
        stimuli: Currents,
        capacity: float | np.ndarray,
        how: Discretisation | None = None,
        extent: np.ndarray | None = None,
    ):
        """``conductivity`` (n_local_elements, 3, 3) mS/mm; ``extent`` see fem.

        ``capacity`` chi Cm in uF/mm^3, one or (n_local_elements,), 0 where there is no membrane, as in a junction.
        """
        how, part = how or Discretisation(), domain.part
        self.domain, self.part, self.populations, self.stimuli, self.how = domain, part, populations, stimuli, how
        self.V = Field(part, "V", "mV")
        for population in populations:
            population.rest(self.V.owned)
        membrane = np.broadcast_to(capacity, len(part.elements))
        self._membrane = membrane if extent is None else membrane * extent
        self.stiffness = symmetric_stiffness(part, conductivity, extent)
        self.solvers: dict[float, LinearSolver] = {}
        self._increment = self.stiffness.petsc.createVecLeft()
        self._before = self.stiffness.petsc.createVecLeft()
        self._right = self.stiffness.petsc.createVecLeft()
        self.operators: Mapping[str, Operator] = {"reaction": self.reaction, "diffusion": self.diffusion}
        self.fields: Mapping[str, Shown] = {"V": Shown("mV", "membrane potential", part, lambda: self.V.owned)}

    @property
    def iterations(self) -> int:
        """Of CG, in all steps so far."""
        return sum(solver.iterations for solver in self.solvers.values())

    def memory(self) -> Memory:
        """The last two increments."""
        return nodal(self.part, increment=self._increment.array, before=self._before.array)

    def mass(self) -> Symmetric:
        """chi Cm M, made anew: it is needed only while a solver is made."""
        return symmetric_mass(self.part, self.how.lumping, self._membrane, self.stiffness)

    def prepare(self, dt: float) -> LinearSolver:
        """The solver of a diffusion step of ``dt`` ms, built at its first use; collective."""
        if dt not in self.solvers:
            matrix = self.mass().add(self.how.theta * dt, self.stiffness)
            self.solvers[dt] = LinearSolver(matrix, "diffusion", self.how.rtol, self.how.atol, self.how.options, True)
        return self.solvers[dt]

    def reaction(self, state: object, t: float, dt: float) -> None:
        """Advance every cell by dt."""
        stimulus = self.stimuli.at(t, dt)
        for population in self.populations:
            population.advance(self.V.owned, stimulus, t, dt, self.how.substeps)
        self.V.touched()

    def diffusion(self, state: object, t: float, dt: float) -> None:
        """Advance V by dt; collective."""
        solver = self.prepare(dt)
        self.stiffness.apply(self.V, self._right)
        self._right.scale(-dt)
        self._before.axpby(2.0, -1.0, self._increment)  # a front moves by a fraction of an element per step
        self._before, self._increment = self._increment, self._before
        solver.solve(self._right, self._increment)
        self.V.vector.axpy(1.0, self._increment)
