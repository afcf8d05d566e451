"""Bidomain problems whose solutions are known: Pathmanathan & Gray, Int. J. Numer. Meth. Biomed. Engng 30 (2014) 525.

sigma_e = sigma_i (1 - k)/k with k = 1/sqrt 2, so that phi_e = -k V where V is the monodomain's solution of
``manufactured``, its I_ion with beta (1 - k) for beta.  With a bath of sigma_b to both sides of 0 < x < 1, a current
through all of it, and F = cos(pi x):  V = sqrt(1 + t) F - a x,  phi_e = -k sqrt(1 + t) F + a x in tissue,
phi_e = its value at the interface + a (sigma_e/sigma_b) (distance from it) in the bath, and u3 = -a x.
"""

from dataclasses import dataclass, replace

import numpy as np

from hpc_twin.fem import subdomain
from hpc_twin.mesh.generate import cable, sheet
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import alone
from hpc_twin.stepping import STRANG, Pulses, make_step, march
from hpc_twin.tissue.bidomain.bidomain import Bidomain
from hpc_twin.tissue.bidomain.electrodes import Electrode
from hpc_twin.tissue.bidomain.extracellular import EllipticSolve
from hpc_twin.tissue.bidomain.medium import Medium
from hpc_twin.tissue.cells import Population
from hpc_twin.tissue.stimulus import Stimuli
from hpc_twin.verify.manufactured import CHI, CM, SIGMA, TIGHT, Exact, ManufacturedKernel

K = 2**-0.5
OUTSIDE = SIGMA * (1 - K) / K
BATH, FIELD = 0.4, 0.5


def bidomain(whole: Part, exact, way: str, theta: float, tissue=None, electrodes=()) -> Bidomain:
    """The project's own problem, started from ``exact``; ``tissue`` (n_elements,) bool where there is a bath."""
    keep = np.ones(len(whole.elements), bool) if tissue is None else tissue
    domain = subdomain(whole, keep)
    part = domain.part
    bulk = np.tile(BATH * np.eye(3), (len(whole.elements), 1, 1))
    bulk[keep] = np.diag(SIGMA + OUTSIDE)
    medium = Medium(domain, np.tile(np.diag(SIGMA), (len(part.elements), 1, 1)), bulk, CHI * CM)
    kernel = ManufacturedKernel(exact.beta * (1 - K))
    cells = Population.at(kernel, np.arange(part.n_owned), part.n_owned)  # type: ignore[arg-type]
    membrane = medium.membrane(0.0)
    outside = medium.outside(membrane, electrodes, EllipticSolve(1e-11))
    problem = Bidomain(membrane, outside, [cells], Stimuli(part.n_owned, ()), replace(TIGHT, theta=theta), way)
    problem.V.owned[:] = exact.V(part.points[: part.n_owned], 0.0)
    cells.states[:] = exact.states(part.points[: part.n_owned], 0.0)
    problem.V.touched()
    return problem


def solved(problem: Bidomain, steps: int, table=STRANG, see=None) -> tuple[np.ndarray, np.ndarray]:
    """V and phi_e at t = 1 after ``steps`` steps; ``see(t)`` is called after each."""
    step = make_step(problem.operators, table)
    for _, t in march(step, None, 1 / steps, 1.0):
        if see is not None:
            see(t)
    return problem.V.owned, problem.phi_e()


@dataclass(frozen=True)
class InBath:
    """The solution with a bath in ``dimension`` dimensions; points (..., 3), tissue where 1 < x < 2 of 0 < x < 3."""

    dimension: int

    @property
    def beta(self) -> float:
        """As Exact's, for the one wave along x."""
        return Exact(1).beta

    def V(self, x: np.ndarray, t: float) -> np.ndarray:
        """The membrane potential."""
        return np.sqrt(1 + t) * np.cos(np.pi * (x[..., 0] - 1)) - FIELD * (x[..., 0] - 1)

    def phi_e(self, x: np.ndarray, t: float) -> np.ndarray:
        """The potential outside, of zero mean by symmetry about the middle."""
        here = x[..., 0] - 1
        inside = np.clip(here, 0, 1)
        value = -K * np.sqrt(1 + t) * np.cos(np.pi * inside) + FIELD * (inside - 0.5)
        return value + FIELD * OUTSIDE[0] / BATH * (here - inside)

    def states(self, x: np.ndarray, t: float) -> np.ndarray:
        """u1, u2, u3, shape (3, n)."""
        growth = 1 + (x[..., 0] - 1) * (x[..., 1] ** 2 if self.dimension > 1 else 1)
        u3 = -FIELD * (x[..., 0] - 1)
        return np.array([(1 + t) * growth + self.V(x, t) - u3, growth**-0.5 / (1 + t), u3])


def in_bath(dimension: int, n: int, way: str = "decoupled", theta: float = 0.5) -> Bidomain:
    """The problem of InBath with ``n`` elements per unit length."""
    mesh = cable(3.0, 1 / n) if dimension == 1 else sheet((3.0, 1.0), 1 / n)
    whole = distribute(mesh, alone())
    x, middle = whole.points[:, 0], whole.points[whole.elements].mean(axis=1)[:, 0]
    current = Pulses(0.0, 10.0)
    ends = [
        Electrode(name, "current", np.flatnonzero(abs(x - end) < 1e-9), sign * FIELD * OUTSIDE[0], current)
        for name, end, sign in (("out", 0.0, -1), ("in", 3.0, 1))
    ]
    return bidomain(whole, InBath(dimension), way, theta, (middle > 1) & (middle < 2), ends)
