"""One step of the two potentials together: chi Cm M dV/dt = -K_i (V + phi),  K phi = F - K_i V.

With phi = phi_F + psi, where electrodes make phi_F (known) and the cells make psi = -K^-1 K_i V, the theta scheme is
    (chi Cm M + theta dt K_i) dV + dt K_i psi = -dt K_i (V + phi_F)         phi_F: mean over the step
    theta K_i dV + K psi                      = -K_i V                      psi: at t + theta dt
Taken together (Block) or one after the other with psi extrapolated in the first (Decoupled). Both are of second order
for theta = 1/2. Southern et al. 2009, IEEE Trans. Biomed. Eng. 56:2404, compare the two ways at first order; Ethier &
Bourgault 2008, SIAM J. Numer. Anal. 46:2443, extrapolate to second order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hpc_twin.fem import Field, LinearSolver, Matrix, Subdomain
from hpc_twin.fem.block import BlockMatrix
from hpc_twin.fem.memory import Memory, common, under
from hpc_twin.fem.series import Series
from hpc_twin.tissue.bidomain.extracellular import Extracellular
from hpc_twin.tissue.monodomain import Discretisation

Holding = tuple[int, ...]  # numbers of electrodes
BLOCKS = {
    "pc_type": "fieldsplit",
    "pc_fieldsplit_type": "additive",
    "fieldsplit_0_ksp_type": "preonly",
    "fieldsplit_0_pc_type": "jacobi",
    "fieldsplit_1_ksp_type": "preonly",
    "fieldsplit_1_pc_type": "gamg",
}


@dataclass(frozen=True)
class Membrane:
    """``storage``: chi Cm M [uF];  ``intracellular``: K_i [mS]; both on the tissue, of the same pattern."""

    storage: Matrix
    intracellular: Matrix

    def implicit(self, weight: float) -> Matrix:
        """chi Cm M + weight K_i."""
        return self.storage.scaled(1.0).add(weight, self.intracellular)


class Coupling(Protocol):
    """A way to advance V and psi by a step; ``psi`` is that of the last step, at its time t + theta dt."""

    psi: Series

    @property
    def iterations(self) -> int:
        """Of linear solvers, so far."""
        ...

    def memory(self) -> Memory:
        """What goes from step to step."""
        ...

    def prepare(self, dt: float, holding: Holding) -> object:
        """Build what a step needs; collective."""
        ...

    def advance(self, V: Field, applied: Field, dt: float, holding: Holding) -> None:
        """V in place. ``applied``: phi_F on the whole mesh; ``holding``: the electrodes that fix phi_e; collective."""
        ...


class Decoupled:
    """(chi Cm M + theta dt K_i) dV = -dt K_i (V + phi_F + psi*),  then  K psi = -K_i (V + theta dV),  V += dV.

    psi* = 2 psi_n - psi_(n-1), and in the first step, or where electrodes begin or cease to hold a potential, the psi
    of V: an error of second order in a step or two, which leaves the order of the whole what it is.
    """

    def __init__(self, membrane: Membrane, outside: Extracellular, how: Discretisation):
        part = outside.domain.part
        self._membrane, self._outside, self._how = membrane, outside, how
        self._solvers: dict[float, LinearSolver] = {}
        self._last = np.full(1 + len(outside.electrodes.all), np.nan)  # dt, and which electrodes held a potential
        self.psi = Series(outside.domain.whole, "psi", "mV")
        self._increment = Series(part, "dV", "mV")
        self._middle, self._right = Field(part, "V + theta dV", "mV"), Field(part, "right-hand side", "uA")

    @property
    def iterations(self) -> int:
        """Of both solves."""
        return sum(solver.iterations for solver in self._solvers.values()) + self._outside.iterations

    def memory(self) -> Memory:
        """The last two psi and dV, and what the last step was like."""
        series = {**under("psi", self.psi.memory()), **under("dV", self._increment.memory())}
        return {**series, **common(last=self._last)}

    def prepare(self, dt: float, holding: Holding) -> LinearSolver:
        """The solver for dV; that for psi is made too."""
        self._outside.solver(holding)
        if dt not in self._solvers:
            matrix, how = self._membrane.implicit(self._how.theta * dt), self._how
            self._solvers[dt] = LinearSolver(matrix, "diffusion", how.rtol, how.atol, how.options, guess=True)
        return self._solvers[dt]

    def advance(self, V: Field, applied: Field, dt: float, holding: Holding) -> None:
        """One step."""
        solver = self.prepare(dt, holding)
        self._predict(V, dt, holding)
        driven(V, (applied, self.psi.now), self._outside.domain, self._middle)
        self._membrane.intracellular.apply(self._middle, self._right.vector)
        self._right.vector.scale(-dt)
        self._increment.extrapolate()
        increment = self._increment.now.vector
        solver.solve(self._right.vector, increment)
        V.vector.copy(self._middle.vector)
        self._middle.vector.axpy(self._how.theta, increment)
        self._outside.respond(self._middle, holding, self.psi.now)
        V.vector.axpy(1.0, increment)

    def _predict(self, V: Field, dt: float, holding: Holding) -> None:
        """Make psi* of the series."""
        now = np.array((dt, *(k in holding for k in range(len(self._last) - 1))))
        if np.array_equal(self._last, now):
            self.psi.extrapolate()
            return
        self._last[:] = now
        self._outside.respond(V, holding, self.psi.now)
        self.psi.stand()


@dataclass(frozen=True)
class System:
    """The coupled matrix, its solver, and room for (dV, psi) and the right-hand side."""

    matrix: BlockMatrix
    solver: LinearSolver
    unknown: Any
    given: Any


class Block:
    """Both equations at once, the second times dt/theta, which makes the system symmetric and positive:

    [chi Cm M + theta dt K_i, dt K_i;  dt K_i, (dt/theta) K] (dV, psi) = (-dt K_i (V + phi_F), -(dt/theta) K_i V)

    by CG, preconditioned by Jacobi for dV and algebraic multigrid for psi: Pennacchio & Simoncini 2009, Appl. Numer.
    Math. 59:3033, who show that the blocks on the diagonal suffice.
    """

    def __init__(self, membrane: Membrane, outside: Extracellular, how: Discretisation):
        domain = outside.domain
        self._membrane, self._outside, self._how = membrane, outside, how
        self._systems: dict[tuple[float, Holding], System] = {}
        self.psi, self._increment = Series(domain.whole, "psi", "mV"), Series(domain.part, "dV", "mV")
        self._driven, self._right = Field(domain.part, "V + phi_F", "mV"), Field(domain.part, "right-hand side", "uA")
        self._load = np.zeros(domain.whole.n_owned)

    @property
    def iterations(self) -> int:
        """Of the coupled system, and those of electrodes and output."""
        return sum(system.solver.iterations for system in self._systems.values()) + self._outside.iterations

    def memory(self) -> Memory:
        """The last two psi and dV."""
        return {**under("psi", self.psi.memory()), **under("dV", self._increment.memory())}

    def prepare(self, dt: float, holding: Holding) -> System:
        """The coupled system."""
        if (dt, holding) not in self._systems:
            self._systems[dt, holding] = self._system(dt, holding)
        return self._systems[dt, holding]

    def _system(self, dt: float, holding: Holding) -> System:
        outside, how, theta = self._outside, self._how, self._how.theta
        elliptic, first = outside.solver(holding), self._membrane.implicit(theta * dt)
        coupling = self._membrane.intracellular
        matrix = BlockMatrix(outside.domain, first, coupling, elliptic.matrix, dt, dt / theta, elliptic.free)
        unknown, given, kernel = matrix.vector(), matrix.vector(), matrix.vector()
        matrix.pack(np.zeros(outside.domain.part.n_owned), elliptic.kernel.owned, kernel)
        inner = {f"fieldsplit_1_{k}": v for k, v in outside.how.options.items() if not k.startswith("ksp_")}
        options = {**BLOCKS, **inner, **(how.options or {})}
        solver = LinearSolver(
            matrix, "bidomain", how.rtol, how.atol, options, True, kernel if elliptic.floating else None,
            "solver.options and bidomain.options",
        )  # fmt: skip
        return System(matrix, solver, unknown, given)

    def advance(self, V: Field, applied: Field, dt: float, holding: Holding) -> None:
        """One step."""
        system, domain = self.prepare(dt, holding), self._outside.domain
        intracellular = self._membrane.intracellular
        intracellular.apply(V, self._right.vector)
        self._right.vector.scale(-dt / self._how.theta)
        domain.spread(self._right.owned, self._load)
        self._load[self._outside.solver(holding).fixed] = 0.0
        driven(V, (applied,), domain, self._driven)
        intracellular.apply(self._driven, self._right.vector)
        self._right.vector.scale(-dt)
        self.psi.extrapolate()
        self._increment.extrapolate()
        system.matrix.pack(self._right.owned, self._load, system.given)
        system.matrix.pack(self._increment.now.owned, self.psi.now.owned, system.unknown)
        system.solver.solve(system.given, system.unknown)
        system.matrix.unpack(system.unknown, self._increment.now, self.psi.now)
        V.vector.axpy(1.0, self._increment.now.vector)


def driven(V: Field, potentials: Sequence[Field], domain: Subdomain, result: Field) -> None:
    """``result`` = V + the potentials of the whole mesh at the tissue's nodes."""
    result.owned[:] = V.owned
    for potential in potentials:
        result.owned += potential.owned[domain.owned]
    result.touched()


WAYS: dict[str, type[Decoupled] | type[Block]] = {"decoupled": Decoupled, "block": Block}
