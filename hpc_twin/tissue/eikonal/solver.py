"""The anisotropic eikonal equation  sqrt(grad T . D grad T) = 1  on simplices: activation times in one sweep.

D = v_f^2 f f^T + v_s^2 s s^T + v_n^2 n n^T [mm^2/ms^2] holds the squared velocities of a plane wave along the axes
(Colli Franzone & Guerri 1993; without their curvature term). T is linear on each element, and a node's time is the
least that any element around it gives: eikonal.c has the local solver and its sources. Global method: label correcting
in the order of a heap on each rank, which ends in the one fixed point whatever the order, the ranks or the angles.
"""

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpc_twin.compiling import build, opened
from hpc_twin.fem import Field, gradients
from hpc_twin.fem.assembly import kinds
from hpc_twin.fem.elements import edge_vectors
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import min_over, sum_over, together

SOURCE = Path(__file__).with_name("eikonal.c")
PAIRS = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
WINDOW = 8.0  # mean edges that the front advances between exchanges; 2 to 16 took the same time on 2 and 3 ranks


class _Front(ctypes.Structure):
    """The struct of eikonal.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("elements", "squares", "first", "touching", "times", "heap", "place")),
        ("count", ctypes.c_long),
        ("passed", ctypes.c_long),
    )


@dataclass(frozen=True)
class Work:
    """What a solve took, over all ranks: nodes passed per node of the mesh (1 is the least), and exchanges."""

    passes: float
    exchanges: int


class Eikonal:
    """Solve for any sources on one mesh with one D. Collective.

    tensor  (n_local_elements, 3, 3) D, symmetric positive definite, mm^2/ms^2; its part along surfaces and lines counts
    """

    def __init__(self, part: Part, tensor: np.ndarray):
        self.part = part
        near = np.argsort(part.elements[:, 0], kind="stable")  # as the nodes are, so that neighbours share cache lines
        self._elements = np.full((len(near), 4), -1, np.int32)
        self._elements[:, : part.elements.shape[1]] = part.elements[near]
        self._squares = squared_times(part, tensor)[near]
        self._first, self._touching = _elements_of_nodes(self._elements, part.n_local)
        self._window = self._mean_edge() * WINDOW if part.comm.size > 1 else np.inf
        library = build([SOURCE.read_text()], part.comm)[0]
        with together(part.comm):
            self._sweep, self._lower = _functions(library)

    def solve(self, nodes: np.ndarray, times: np.ndarray) -> tuple[Field, Work]:
        """Earliest arrival [ms] from ``nodes`` (local indices) that start at ``times``; inf where no wave comes."""
        activation = Field(self.part, "activation", "ms", np.inf)
        heap = np.empty(self.part.n_local, np.int32)
        place = np.full(self.part.n_local, -1, np.int32)
        arrays = (self._elements, self._squares, self._first, self._touching, activation.local, heap, place)
        front = _Front(*(array.ctypes.data for array in arrays), 0, 0)
        self._give(front, nodes, times)
        exchanges = self._march(front, activation)
        passes = sum_over(self.part.comm, front.passed) / self.part.n_nodes
        return activation, Work(passes, exchanges)

    def _march(self, front: _Front, activation: Field) -> int:
        """Every rank sweeps up to a common time, ghosts take the least that is known, until no rank has work."""
        ghosts, values = np.arange(self.part.n_owned, self.part.n_local), activation.local[self.part.n_owned :]
        exchanges = 0
        while (top := min_over(self.part.comm, self._sweep(ctypes.byref(front), -np.inf))) < np.inf:
            self._sweep(ctypes.byref(front), top + self._window)
            own = values.copy()  # at its ghosts a rank may know better than their owner
            activation.update_ghosts()
            owners = values.copy()
            values[:] = own
            self._give(front, ghosts, owners)
            exchanges += 1
        activation.update_ghosts()
        return exchanges

    def _give(self, front: _Front, nodes: np.ndarray, times: np.ndarray) -> None:
        nodes, times = np.ascontiguousarray(nodes, np.int32), np.ascontiguousarray(times, float)
        self._lower(ctypes.byref(front), len(nodes), nodes.ctypes.data, times.ctypes.data)

    def _mean_edge(self) -> float:
        edges = np.sqrt(self._squares)
        total, count = sum_over(self.part.comm, np.array([np.nansum(edges), np.isfinite(edges).sum()]))
        return total / count


def squared_times(part: Part, tensor: np.ndarray) -> np.ndarray:
    """(n_local_elements, 6) squared travel times [ms^2] along the edges 01 02 03 12 13 23, NaN where there is none.

    From the Gram matrix of the edges from node 0, measured in time.
    """
    result = np.full((len(part.elements), 6), np.nan)
    for which, elements in kinds(part):
        gram = _gram(part.points, elements, tensor[which])
        size = elements.shape[1]
        full = np.zeros((len(which), size, size))
        full[:, 1:, 1:] = gram
        for column, (i, j) in enumerate(PAIRS):
            if j < size:
                result[which, column] = full[:, i, i] + full[:, j, j] - 2 * full[:, i, j]
    return result


def _gram(points: np.ndarray, elements: np.ndarray, tensor: np.ndarray) -> np.ndarray:
    """(n, d, d) e_i . D^-1 e_j of the edges from node 0, in tetrahedra, where slivers do no harm.

    On surfaces and lines that of D's tangential part: the inverse of A_ij = grad phi_i . D grad phi_j (i, j > 0).
    """
    if elements.shape[1] == 4:
        edges = edge_vectors(points, elements)
        return np.einsum("nix,nxy,njy->nij", edges, np.linalg.inv(tensor), edges, optimize=True)
    slope = gradients(points, elements)[:, 1:]
    return np.linalg.inv(np.einsum("nix,nxy,njy->nij", slope, tensor, slope, optimize=True))


def arrival(part: Part, tensor: np.ndarray, nodes: np.ndarray, times: np.ndarray) -> Field:
    """``Eikonal(part, tensor).solve(nodes, times)``, the times alone."""
    return Eikonal(part, tensor).solve(nodes, times)[0]


def _elements_of_nodes(elements: np.ndarray, n_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """(n_nodes + 1,) where each node's elements begin in the second array, which lists them."""
    nodes = elements.ravel()
    order = np.argsort(nodes, kind="stable")
    first = np.searchsorted(nodes[order], np.arange(n_nodes + 1))
    return first.astype(np.int32), (order // 4).astype(np.int32)


def _functions(path: Path) -> tuple:
    library = opened(path)
    sweep, lower = library.sweep, library.lower_all
    sweep.argtypes, sweep.restype = (ctypes.c_void_p, ctypes.c_double), ctypes.c_double
    lower.argtypes, lower.restype = (ctypes.c_void_p, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p), None
    return sweep, lower
