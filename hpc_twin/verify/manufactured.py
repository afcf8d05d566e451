"""A monodomain problem whose solution is known: Pathmanathan & Gray, Int. J. Numer. Meth. Biomed. Engng 30 (2014) 525.

chi (Cm V_t + I_ion) = div(sigma grad V) on (0, 1)^d without flux, three states u1, u2, u3 in every node:
    I_ion = -(Cm/2) (u1 + u3 - V) u2^2 (V - u3) + (beta/chi) (V - u3),   beta = -pi^2 sum sigma_i m_i^2
    u1' = (u1 + u3 - V)^2 u2^2 + (u1 + u3 - V) u2^2 (V - u3)/2,   u2' = -(u1 + u3 - V) u2^3,   u3' = 0
    V = sqrt(1 + t) prod cos(m_i pi x_i),   u1 = (1 + t) G + V,   u2 = G^(-1/2)/(1 + t),   u3 = 0
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from hpc_twin.fem import Subdomain, gradients, measures
from hpc_twin.fem.elements import quadrature, shape_slopes, shapes
from hpc_twin.mesh.generate import cable, sheet, slab
from hpc_twin.mesh.order import quadratic
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import alone
from hpc_twin.stepping import STRANG, make_step, march
from hpc_twin.tissue.cells import Population
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Stimuli

CM, CHI = 2.0, 3.0
SIGMA = np.array([1.1, 1.2, 0.3]) / np.pi**2
WAVES = np.array([1, 2, 3])
DIFFUSION = 0.1  # on the sphere
TIGHT = Discretisation(rtol=1e-11, atol=1e-13)


def unit_part(dimension: int, n: int, order: int = 1) -> Part:
    """The unit interval, square or cube in ``n`` pieces along each side, of elements of ``order``, on this rank."""
    make = {1: lambda: cable(1.0, 1 / n), 2: lambda: sheet((1, 1), 1 / n), 3: lambda: slab((1, 1, 1), 1 / n)}[dimension]
    mesh = make()
    return distribute(mesh if order == 1 else quadratic(mesh), alone())


class Solution(Protocol):
    """What a manufactured problem is known by; points (..., 3)."""

    @property
    def beta(self) -> float: ...

    def V(self, x: np.ndarray, t: float) -> np.ndarray: ...

    def states(self, x: np.ndarray, t: float) -> np.ndarray: ...


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


@dataclass(frozen=True)
class OnSphere:
    """The solution on the unit sphere: F = xyz, the eigenfunction -12 of its Laplacian, sigma = DIFFUSION."""

    beta: float = -12 * DIFFUSION

    def V(self, x: np.ndarray, t: float) -> np.ndarray:
        """The potential, above the nearest point of the sphere."""
        return np.sqrt(1 + t) * _unit(x).prod(axis=-1)

    def states(self, x: np.ndarray, t: float) -> np.ndarray:
        """u1, u2, u3, shape (3, n)."""
        growth = 2 + _unit(x)[..., 0]
        return np.array([(1 + t) * growth + self.V(x, t), growth**-0.5 / (1 + t), np.zeros(len(x))])


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def begun(part: Part, exact: Solution, sigma: np.ndarray, theta: float = 0.5, lumping: float = 0.0) -> Monodomain:
    """The project's own monodomain problem with ``sigma`` (3, 3), started from the exact solution."""
    kernel = ManufacturedKernel(exact.beta)
    cells = Population.at(kernel, np.arange(part.n_owned), part.n_owned)  # type: ignore[arg-type]
    tensors = np.tile(sigma, (len(part.elements), 1, 1))
    how = replace(TIGHT, theta=theta, lumping=lumping)
    problem = Monodomain(Subdomain.all_of(part), [cells], tensors, Stimuli(part.n_owned, ()), CHI * CM, how)
    problem.V.owned[:] = exact.V(part.points[: part.n_owned], 0.0)
    cells.states[:] = exact.states(part.points[: part.n_owned], 0.0)
    problem.V.touched()
    return problem


def marched(problem: Monodomain, steps: int, table=STRANG, see: Callable | None = None) -> np.ndarray:
    """V at t = 1 after ``steps`` steps; ``see(V, t)`` is called after each."""
    step = make_step(problem.operators, table)
    for _, t in march(step, None, 1 / steps, 1.0):
        if see is not None:
            see(problem.V.owned, t)
    return problem.V.owned


def solved(part: Part, dimension: int, steps: int, table=STRANG, theta: float = 0.5, lumping: float = 0.0, see=None):
    """V at t = 1 of the problem in ``dimension`` dimensions."""
    return marched(begun(part, Exact(dimension), np.diag(SIGMA), theta, lumping), steps, table, see)


def norms(part: Part, dimension: int, V: np.ndarray, t: float) -> tuple[float, float]:
    """L2 norms of the error of V (n_local,) and of its gradient, of the whole mesh on this rank."""
    exact, (places, weights) = Exact(dimension), quadrature(dimension, part.order + 2)
    x = np.einsum("qa,nai->nqi", places, part.points[part.elements])
    weight, nodes = measures(part.points, part.elements)[:, None] * weights, V[part.element_nodes]
    error = np.einsum("qa,na->nq", shapes(part.order, places), nodes) - exact.V(x, t)
    along = gradients(part.points, part.elements)
    slope = np.einsum("qaj,na,nji->nqi", shape_slopes(part.order, places), nodes, along, optimize=True)
    slope_error = ((slope - exact.slope(x, t)) ** 2).sum(axis=-1)
    return float(np.sqrt((weight * error**2).sum())), float(np.sqrt((weight * slope_error).sum()))
