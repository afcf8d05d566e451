"""The potential outside the cells: div((sigma_i + sigma_e) grad phi_e) + div(sigma_i grad V) = -I_extra, and in a bath
div(sigma_b grad phi_e) = -I_extra."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hpc_twin.fem import Field, Matrix, Subdomain
from hpc_twin.fem.dirichlet import DirichletSolver
from hpc_twin.parallel import InputError, sum_over
from hpc_twin.tissue.bidomain.electrodes import Electrodes

ONCE = 1e-9  # rtol of what electrodes make: solved for once, and a shock is a thousand times what cells make


@dataclass(frozen=True)
class EllipticSolve:
    """rtol: of the error's energy norm, which is that of currents, against the potential's; PETSc's options."""

    rtol: float = 1e-5
    options: Mapping[str, str] = field(default_factory=dict)


class Extracellular:
    """phi_e = phi_V + sum_k a_k(t) lead_k: what the cells make, and what electrodes of strengths a_k make.

    K phi_V = -K_i V,  K lead_k = F_k,  both 0 on electrodes that hold a potential, but lead_k = 1 on those of k.

    Weak form of Pathmanathan et al. 2010, Prog. Biophys. Mol. Biol. 102:136. K is the whole mesh's, with
    sigma_i + sigma_e in tissue and sigma_b in the bath, so phi_e and the current's normal component are continuous
    at their interface, and no intracellular current crosses it. Each set of electrodes that hold a potential at the
    same time has a solver of its own, set up when it is first met; each lead is solved for once.

    reference  (whole.n_owned,) weights: phi_e has no mean over them where no electrode holds a potential; of a medium
               in pieces (see DirichletSolver) this holds for the largest
    """

    def __init__(
        self,
        domain: Subdomain,
        intracellular: Matrix,
        bulk: Matrix,
        electrodes: Electrodes,
        reference: np.ndarray,
        how: EllipticSolve | None = None,
    ):
        """``intracellular`` K_i on the tissue, ``bulk`` K on the whole mesh."""
        self.domain, self.intracellular, self.bulk, self.electrodes = domain, intracellular, bulk, electrodes
        self.how = how or EllipticSolve()
        self._solvers: dict[tuple[int, ...], DirichletSolver] = {}
        self._leads: dict[tuple[tuple[int, ...], int], np.ndarray] = {}
        self._current = Field(domain.part, "intracellular current", "uA")
        self._load = np.zeros(domain.whole.n_owned)
        self._nowhere = bulk.inner.diagonal() == 0
        self._weights = np.where(self._nowhere, 0.0, reference)
        self._reference = np.zeros_like(self._weights)

    @property
    def iterations(self) -> int:
        """Of CG, so far."""
        return sum(solver.solver.iterations for solver in self._solvers.values())

    def solver(self, holding: tuple[int, ...]) -> DirichletSolver:
        """Of the system in which the electrodes ``holding`` fix phi_e; collective."""
        if holding not in self._solvers:
            fixed, how = self.electrodes.fixed(holding), self.how
            self._solvers[holding] = DirichletSolver(
                self.bulk, fixed, "elliptic", how.rtol, 0.0, how.options, True, "bidomain.options"
            )
            self._require_ways_out(self._solvers[holding])
            if self._solvers[holding].floating:
                self._refer_to(self._solvers[holding].kernel.owned)
        return self._solvers[holding]

    def _refer_to(self, kernel: np.ndarray) -> None:
        """Take the mean over what of the reference lies in the piece that floats, where ``kernel`` (n_owned,) is 1."""
        weights = self._weights * kernel
        total, size = sum_over(self.domain.whole.comm, np.array((weights.sum(), kernel.sum())))
        if size and not total:
            raise InputError(
                "bidomain.reference: nothing conducts there, or nothing that is connected with most of the medium"
            )
        self._reference = weights / (total or 1.0)

    def _require_ways_out(self, solver: DirichletSolver) -> None:
        """Currents into a piece of the medium that nothing holds, and that nothing connects with the rest, sum to 0."""
        part, owned = self.domain.whole, self.domain.whole.n_owned
        for load in self.electrodes.loads():
            for piece in solver.pinned:
                total = sum_over(part.comm, float(load[solver.piece[:owned] == piece].sum()))
                if abs(total) > 1e-9 * sum_over(part.comm, float(np.abs(load).sum())):
                    raise InputError(
                        f"electrode: {total:.3g} uA go into a piece of the medium (with node {piece}) that is not "
                        "connected with the rest and has no ground: connect it, balance its currents, or ground it"
                    )

    def respond(self, V: Field, holding: tuple[int, ...], potential: Field) -> None:
        """Overwrite ``potential`` by phi_V, starting the iteration from what it holds; collective."""
        self.intracellular.apply(V, self._current.vector)
        np.negative(self._current.owned, out=self._current.owned)
        self.domain.spread(self._current.owned, self._load)
        self.solver(holding).solve(None, potential, self._load)

    def impose(self, t: float, dt: float, holding: tuple[int, ...], potential: Field) -> None:
        """Overwrite ``potential`` by the electrodes' part, the mean over [t, t + dt]; collective."""
        potential.local[:] = 0.0
        for k, amplitude in self.electrodes.amplitudes(t, dt).items():
            potential.local += amplitude * self._lead(holding, k)
        potential.touched()

    def _lead(self, holding: tuple[int, ...], k: int) -> np.ndarray:
        """(n_local,) potential that electrode ``k`` makes at strength 1."""
        if (holding, k) not in self._leads:
            lead = Field(self.domain.whole, self.electrodes.all[k].name, "mV")
            values, load = self.electrodes.unit(k)
            self.solver(holding).solve(values, lead, load, ONCE)
            self._leads[holding, k] = lead.local
        return self._leads[holding, k]

    def settle(self, holding: tuple[int, ...], potential: Field) -> np.ndarray:
        """(whole.n_owned,) ``potential``, of no mean over the reference if it floats, NaN where nothing conducts."""
        if self.solver(holding).floating:
            mean = sum_over(self.domain.whole.comm, float(self._reference @ potential.owned))
            potential.owned -= mean * self.solver(holding).kernel.owned
            potential.touched()
        return np.where(self._nowhere, np.nan, potential.owned)
