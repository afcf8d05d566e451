"""The runs of the check ``mms``: each is done by one rank and gives errors from which an order follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hpc_twin.mesh.order import quadratic
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import alone
from hpc_twin.stepping import GODUNOV, SPLITTINGS
from hpc_twin.verify.manufactured import DIFFUSION, SIGMA, Exact, OnSphere, begun, marched, norms, solved, unit_part
from hpc_twin.verify.manufactured_bidomain import K, bidomain, in_bath
from hpc_twin.verify.manufactured_bidomain import solved as solved_bidomain
from hpc_twin.verify.shapes import sphere

DIMENSION = {1: "cable", 2: "sheet", 3: "cube"}
MONODOMAIN = {1: {1: (20, 40, 80), 2: (20, 40, 80), 3: (12, 24)}, 2: {1: (10, 20, 40), 2: (10, 20), 3: (7, 14)}}
BIDOMAIN = {1: {1: (20, 40), 2: (20, 40), 3: (8, 16)}, 2: {1: (10, 20), 2: (10, 20)}}
"""Elements along the domain's side, by order and dimension."""

Errors = list[tuple[float, ...]]


@dataclass(frozen=True)
class InSpace:
    """Errors (of V, of its gradient[, of phi_e, of its gradient]) for each of ``sides`` elements along an edge.

    expected  orders, one for each kind of error
    """

    physics: str
    shape: str
    order: int
    sides: Sequence[int]
    expected: Sequence[float]
    run: Callable[[int], tuple[float, ...]]

    def __call__(self) -> Errors:
        """Do it."""
        return [self.run(n) for n in self.sides]


@dataclass(frozen=True)
class InTime:
    """Largest differences of V (and phi_e) between runs of n, 2 n, 4 n steps on one mesh: space does not enter."""

    physics: str
    splitting: str
    theta: float
    order: int
    expected: float
    steps: int
    run: Callable[[int], Sequence[np.ndarray]]

    def __call__(self) -> Errors:
        """Do it."""
        runs = [[field.copy() for field in self.run(n)] for n in (self.steps, 2 * self.steps, 4 * self.steps)]
        return [tuple(float(np.abs(a - b).max()) for a, b in zip(*pair, strict=True)) for pair in pairwise(runs)]


def in_space(short: bool) -> list[InSpace]:
    """Those in space, the longest first."""
    found = [
        *(_monodomain(d, p) for d in (3, 2, 1) for p in (2, 1)),
        *(_bidomain(d, p) for d, p in ((3, 1), (2, 2), (2, 1), (1, 2), (1, 1))),
        *(_sphere(p) for p in (2, 1)),
    ]
    return [task for task in found if task.shape != "cube"] if short else found


def in_time(short: bool) -> list[InTime]:
    """Those in time, on a cable, the bidomain's with and without a bath."""
    schemes = [("godunov", 1.0, 1), ("godunov", 0.5, 1), ("strang", 1.0, 1), ("strang", 0.5, 2)]
    found = [InTime("monodomain", s, t, p, e, 20, _steps(s, t, p)) for s, t, e in schemes for p in (1, 2)]
    found += [InTime("bidomain, block", s, t, 1, e, 20, _bidomain_steps("block", s, t)) for s, t, e in schemes]
    for splitting, expected, steps in (("godunov", 1, 80), ("strang", 2, 20)):  # Godunov's error shows below 1/80
        run = _bidomain_steps("decoupled", splitting, 0.5)
        found.append(InTime("bidomain, decoupled", splitting, 0.5, 1, expected, steps, run))
        bath = _bath_steps(splitting)
        found.append(InTime("bidomain with bath, decoupled", splitting, 0.5, 1, expected, steps, bath))
    return [task for task in found if task.steps == 20] if short else sorted(found, key=lambda task: -task.steps)


def beside_chaste(dimension: int) -> float:
    """H1 error of V, root of the mean square in time, of the monodomain at h = 0.1 with dt = 0.1."""
    part, errors = unit_part(dimension, 10), []
    solved(part, dimension, 10, GODUNOV, 1.0, see=lambda V, t: errors.append(norms(part, dimension, V, t)))
    return float(np.sqrt((np.array(errors) ** 2).sum(axis=1).mean()))


def _monodomain(d: int, order: int) -> InSpace:
    def run(n: int) -> tuple[float, ...]:
        part = unit_part(d, n, order)
        return norms(part, d, solved(part, d, n if order == 1 else 4 * n), 1.0)

    return InSpace("monodomain", DIMENSION[d], order, MONODOMAIN[order][d], (order + 1, order), run)


def _bidomain(d: int, order: int) -> InSpace:
    def run(n: int) -> tuple[float, ...]:
        part = unit_part(d, n, order)
        V, phi_e = solved_bidomain(bidomain(part, Exact(d), "decoupled", 0.5), n if order == 1 else 4 * n)
        return (*norms(part, d, V, 1.0), *norms(part, d, -phi_e / K, 1.0))

    return InSpace("bidomain", DIMENSION[d], order, BIDOMAIN[order][d], 2 * (order + 1, order), run)


def _sphere(order: int) -> InSpace:
    """Elements are flat whatever their order, so the sphere's curvature keeps the order at 2."""

    def run(level: int) -> tuple[float, ...]:
        mesh = sphere(level)
        part = distribute(mesh if order == 1 else quadratic(mesh), alone())
        V = marched(begun(part, OnSphere(), DIFFUSION * np.eye(3)), 40)
        return (float(np.sqrt(np.mean((V - OnSphere().V(part.points, 1.0)) ** 2))),)

    return InSpace("monodomain", "sphere", order, (3, 4, 5) if order == 1 else (2, 3, 4), (2,), run)


def _steps(splitting: str, theta: float, order: int) -> Callable[[int], Sequence[np.ndarray]]:
    part = unit_part(1, 20, order)
    return lambda steps: [marched(begun(part, Exact(1), np.diag(SIGMA), theta), steps, SPLITTINGS[splitting])]


def _bidomain_steps(way: str, splitting: str, theta: float) -> Callable[[int], Sequence[np.ndarray]]:
    part = unit_part(1, 20)
    return lambda steps: solved_bidomain(bidomain(part, Exact(1), way, theta), steps, SPLITTINGS[splitting])


def _bath_steps(splitting: str) -> Callable[[int], Sequence[np.ndarray]]:
    return lambda steps: solved_bidomain(in_bath(1, 20), steps, SPLITTINGS[splitting])
