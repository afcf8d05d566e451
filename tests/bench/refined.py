"""A trial: the stiffness of a uniformly refined mesh, by its parents' stencils and assembled. One rank.

``python refined.py [N] [X Y Z]``: a slab of X x Y x Z cubes of six tetrahedra, each cut into N^3 children (8; 20 10 4).
All children of a parent are translates of six, so the sums at nodes within it are those of one stencil of 15 nodes
(Freudenthal 1942; hierarchical hybrid grids: Bergen & Huelsemann 2004, Numer. Linear Algebra Appl. 11:279), at
its faces of parts of it. Conductivity is constant in a parent. Prints times of a product as ratios, and bytes per node.
"""

import ctypes
import sys
import time
from itertools import permutations, product
from pathlib import Path

import numpy as np

from hpc_twin.compiling import build, opened
from hpc_twin.fem import Field, gradients, measures, stiffness, symmetric_stiffness
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world

SOURCE = Path(__file__).with_name("refined.c")
ORDERS = list(permutations(range(3)))  # in which a child's path from corner to corner takes the three directions
PATHS = [np.cumsum([np.zeros(3, int), *np.eye(3, dtype=int)[list(order)]], axis=0) for order in ORDERS]
UP = [np.array(d) for d in product((0, 1), repeat=3)]
REACH = [tuple(map(int, d)) for d in (*UP, *(-d for d in UP[1:]))]  # as in refined.c
TURNS = 40


def lattice(n: int) -> np.ndarray:
    """(size, 3) a, b, c of a parent's nodes, in the order of refined.c."""
    return np.array([(a, b, c) for b in range(n + 1) for c in range(b + 1) for a in range(b, n + 1)])


def children(n: int) -> np.ndarray:
    """(n^3, 4) places in ``lattice`` of the corners of a parent's children."""
    place = {tuple(p): i for i, p in enumerate(lattice(n).tolist())}
    corners = ([tuple(p) for p in (corner + path).tolist()] for corner in lattice(n) for path in PATHS)
    return np.array([[place[p] for p in four] for four in corners if all(p in place for p in four)])


def steps(points: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """(n_parents, 3, 3) edges from corner to corner; corners ascend, so that neighbours cut their common face alike."""
    return np.diff(points[np.sort(parents, axis=1)], axis=1)


def refined(points: np.ndarray, parents: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The fine nodes (n_nodes, 3), and those of each parent (n_parents, size), numbered as parents meet them."""
    places = points[parents.min(axis=1)][:, None] + lattice(n) / n @ steps(points, parents)
    flat = places.reshape(-1, 3)
    _, first, which = np.unique(np.round(flat / 1e-6).astype(np.int64), axis=0, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int32)
    number[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return flat[np.sort(first)], number[which.reshape(-1)].reshape(places.shape[:2])


def stencils(points: np.ndarray, parents: np.ndarray, n: int, sigma: np.ndarray) -> np.ndarray:
    """(n_parents, 16, 15) weights at nodes of each kind: sums over the children that lie on this side of its faces."""
    weights = np.zeros((len(parents), 16, len(REACH)))
    for path in PATHS:
        corners = (path / n @ steps(points, parents)).reshape(-1, 3)
        four = np.arange(len(corners)).reshape(-1, 4)
        slope, volume = gradients(corners, four), measures(corners, four)
        K = volume[:, None, None] * (slope @ sigma @ slope.transpose(0, 2, 1))
        for kind, own in product(range(16), range(4)):
            away = path - path[own]
            a, b, c = away.T
            beyond = (a > 0, a < b, b < c, c < 0)
            if not any(beyond[bit].any() for bit in range(4) if kind >> bit & 1):
                for other, offset in enumerate(away.tolist()):
                    weights[:, kind, REACH.index(tuple(offset))] += K[:, own, other]
    return weights


def turns(works: dict) -> dict[str, float]:
    """Seconds of each in turn, the fastest tenth: other work on the machine disturbs."""
    seconds = {name: [] for name in works}
    for _ in range(TURNS):
        for name, work in works.items():
            begin = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - begin)
    return {name: float(np.quantile(found, 0.1)) for name, found in seconds.items()}


def show(n: int, cubes: tuple[int, ...]) -> None:
    """Build both, compare their products, print."""
    sigma, comm = np.diag((3.0, 2.0, 1.0)), world()
    coarse = slab(tuple(map(float, cubes)), 1.0)
    points, nodes = refined(coarse.points, coarse.elements, n)
    weights = stencils(coarse.points, coarse.elements, n, sigma)
    elements = nodes[:, children(n)].reshape(-1, 4)
    part = distribute(Mesh(points, elements, np.zeros(len(elements), np.int32)), comm)
    tensor = np.broadcast_to(sigma, (len(part.elements), 3, 3))
    rows, half = stiffness(part, tensor), symmetric_stiffness(part, tensor)
    x, u = np.random.default_rng(1).random(len(points)), Field(part, "u", "1")
    y, result = np.empty_like(x), half.petsc.createVecLeft()
    u.owned[:] = x[part.node_ids]
    act = opened(build([SOURCE.read_text()], comm)[0]).act
    count, array = ctypes.c_long, ctypes.c_void_p
    act.argtypes, act.restype = (count, count, array, array, count, array, array), None
    arrays = (nodes.ctypes.data, weights.ctypes.data, len(points), x.ctypes.data, y.ctypes.data)
    seconds = turns({"stencils": lambda: act(len(nodes), n, *arrays), "half": lambda: half.apply(u, result),
                     "rows": lambda: rows.apply(u, result)})  # fmt: skip
    wrong = np.abs(y[part.node_ids] - result.array).max() / np.abs(result.array).max()
    held = {"stencils": nodes.nbytes + weights.nbytes, "half": half.below.nnz * 12 + len(x) * 12,
            "rows": rows.inner.nnz * 12 + len(x) * 4}  # fmt: skip
    print(f"{len(nodes):,} parents, {n}^3 children each, {len(x):,} nodes; products differ by {wrong:.1e} of the most")
    for name, taken in seconds.items():
        print(f"{name:10}{taken / len(x) * 1e9:8.1f} ns per node, {taken / seconds['half']:.2f} of half; "
              f"{held[name] / len(x):6.1f} bytes per node")  # fmt: skip


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    show((words or [8])[0], tuple(words[1:4]) or (20, 10, 4))
