"""A monodomain problem whose solution is known: Pathmanathan & Gray, Int. J. Numer. Meth. Biomed. Engng 30 (2014) 525.

chi (Cm V_t + I_ion) = div(sigma grad V) on (0, 1)^d without flux, three states u1, u2, u3 in every node:
    I_ion = -(Cm/2) (u1 + u3 - V) u2^2 (V - u3) + (beta/chi) (V - u3),   beta = -pi^2 sum sigma_i m_i^2
    u1' = (u1 + u3 - V)^2 u2^2 + (u1 + u3 - V) u2^2 (V - u3)/2,   u2' = -(u1 + u3 - V) u2^3,   u3' = 0
    V = sqrt(1 + t) prod cos(m_i pi x_i),   u1 = (1 + t) G + V,   u2 = G^(-1/2)/(1 + t),   u3 = 0
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from mpi4py import MPI

from hpc_twin.fem import Subdomain, gradients, measures
from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partition import distribute
from hpc_twin.stepping import STRANG, make_step, march
from hpc_twin.tissue.cells import Population
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Stimuli

CM, CHI = 2.0, 3.0
SIGMA = np.array([1.1, 1.2, 0.3]) / np.pi**2
WAVES = np.array([1, 2, 3])
TIGHT = {"rtol": 1e-11, "atol": 1e-13}


def unit_part(dimension: int, n: int) -> Part:
    """The unit interval, square or cube in ``n`` pieces along each side."""
    mesh = {1: lambda: cable(1.0, 1 / n), 2: lambda: sheet((1, 1), 1 / n), 3: lambda: slab((1, 1, 1), 1 / n)}[dimension]
    return distribute(mesh(), MPI.COMM_SELF)


@dataclass(frozen=True)
class Exact:
    """The solution in ``dimension`` dimensions; points (..., 3)."""

    dimension: int

    @property
    def beta(self) -> float:
        """Minus the eigenvalue of the diffusion operator."""
        return -float((SIGMA * WAVES**2)[: self.dimension].sum() * np.pi**2)

    def V(self, x: np.ndarray, t: float) -> np.ndarray:
        """The potential."""
        d = self.dimension
        return np.sqrt(1 + t) * np.cos(np.pi * WAVES[:d] * x[..., :d]).prod(axis=-1)

    def slope(self, x: np.ndarray, t: float) -> np.ndarray:
        """Its gradient, (..., 3)."""
        waves = np.pi * WAVES[: self.dimension]
        cosines, sines = np.cos(waves * x[..., : self.dimension]), np.sin(waves * x[..., : self.dimension])
        result = np.zeros(x.shape)
        for i, wave in enumerate(waves):
            others = np.delete(cosines, i, axis=-1).prod(axis=-1)
            result[..., i] = -np.sqrt(1 + t) * wave * sines[..., i] * others
        return result

    def states(self, x: np.ndarray, t: float) -> np.ndarray:
        """u1, u2, u3, shape (3, n)."""
        growth = 1 + x[..., 0] * (x[..., 1] ** 2 if self.dimension > 1 else 1)
        growth = 1 + (growth - 1) * (x[..., 2] ** 3 if self.dimension > 2 else 1)
        return np.array([(1 + t) * growth + self.V(x, t), growth**-0.5 / (1 + t), np.zeros(len(x))])


class ManufacturedKernel:
    """The cells, with the interface of a compiled kernel; classical Runge-Kutta, so that only the splitting errs."""

    state_names = ("u1", "u2", "u3")
    n_states, v_initial = 3, 0.0

    def __init__(self, beta: float):
        self.beta = beta

    def new_states(self, n: int) -> np.ndarray:
        """Room for the states; the solution fills it."""
        return np.zeros((3, n))

    def rates(self, y: np.ndarray) -> np.ndarray:
        """dy/dt of y = (V, u1, u2, u3)."""
        V, u1, u2, u3 = y
        push = (u1 + u3 - V) * u2**2
        current = -CM / 2 * push * (V - u3) + self.beta / CHI * (V - u3)
        return np.array([-current / CM, push * (u1 + u3 - V) + push * (V - u3) / 2, -push * u2, np.zeros_like(V)])

    def advance(self, V, states, stimulus, t, dt, substeps=1, parameters=None):
        """One step of all cells, in place."""
        h = dt / substeps
        y = np.vstack([V, states])
        for _ in range(substeps):
            k1 = self.rates(y)
            k2 = self.rates(y + h / 2 * k1)
            k3 = self.rates(y + h / 2 * k2)
            y += h / 6 * (k1 + 2 * k2 + 2 * k3 + self.rates(y + h * k3))
        V[:], states[:] = y[0], y[1:]


def manufactured(part: Part, dimension: int, theta: float = 0.5, lumping: float = 0.0) -> Monodomain:
    """The project's own monodomain problem, started from the exact solution."""
    exact = Exact(dimension)
    kernel = ManufacturedKernel(exact.beta)
    cells = Population.at(kernel, np.arange(part.n_owned), part.n_owned)
    sigma = np.tile(np.diag(SIGMA), (len(part.elements), 1, 1))
    how = Discretisation(theta=theta, lumping=lumping, **TIGHT)
    problem = Monodomain(Subdomain.all_of(part), [cells], sigma, Stimuli(part.n_owned, ()), CHI * CM, how)
    problem.V.owned[:] = exact.V(part.points[: part.n_owned], 0.0)
    cells.states[:] = exact.states(part.points[: part.n_owned], 0.0)
    problem.V.touched()
    return problem


def solved(part: Part, dimension: int, steps: int, table=STRANG, theta: float = 0.5, lumping: float = 0.0, see=None):
    """V at t = 1 after ``steps`` steps; ``see(V, t)`` is called after each."""
    problem = manufactured(part, dimension, theta, lumping)
    step = make_step(problem.operators, table)
    for _, t in march(step, None, 1 / steps, 1.0):
        if see is not None:
            see(problem.V.owned, t)
    return problem.V.owned


def gauss(dimension: int, n: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Barycentric points (q, d + 1) and weights (q,) that sum to 1: the cube's, collapsed (Stroud 1971)."""
    points, weights = np.polynomial.legendre.leggauss(n)
    points, weights = (points + 1) / 2, weights / 2
    places, total = [], []
    for index in product(range(n), repeat=dimension):
        left, weight, barycentric = 1.0, 1.0, []
        for axis, i in enumerate(index):
            barycentric.append(left * points[i])
            weight *= weights[i] * (1 - points[i]) ** (dimension - 1 - axis)
            left *= 1 - points[i]
        places.append([*barycentric, left])
        total.append(weight)
    return np.array(places), np.array(total) / np.sum(total)


def norms(part: Part, dimension: int, V: np.ndarray, t: float) -> tuple[float, float]:
    """L2 norms of the error of V and of its gradient."""
    exact, (places, weights) = Exact(dimension), gauss(dimension)
    corners = part.points[part.elements]
    x = np.einsum("qa,nai->nqi", places, corners)
    weight = measures(part.points, part.elements)[:, None] * weights
    error = np.einsum("qa,na->nq", places, V[part.elements]) - exact.V(x, t)
    slope = np.einsum("nai,na->ni", gradients(part.points, part.elements), V[part.elements])
    slope_error = ((slope[:, None] - exact.slope(x, t)) ** 2).sum(axis=-1)
    return float(np.sqrt((weight * error**2).sum())), float(np.sqrt((weight * slope_error).sum()))
