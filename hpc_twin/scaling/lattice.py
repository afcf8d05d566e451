"""Uniformly refined meshes without building them: what one coarse simplex holds, and how much there is of it in all.

A d-simplex halved k times holds the points of a lattice: barycentric weights w >= 0 of sum m = 2^k. Its edges lead from
w along the 2^d - 1 directions of the triangulation of Freudenthal and Kuhn, which is what Bey's refinement
(Computing 55 (1995) 355) makes of any simplex. mesh/refine.py turns some children to keep their sign, so from the
second time on some diagonals run another way there: numbers of nodes, elements and edges are the same.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb

import numpy as np

from hpc_twin.mesh.model import Mesh


@dataclass(frozen=True)
class Lattice:
    """Points and edges of one simplex of ``size`` corners, each edge cut in ``m``.

    weights  (n_points, size) int64, rows of sum m
    edges    (n_edges, 2) rows of ``weights``
    """

    size: int
    m: int

    @cached_property
    def weights(self) -> np.ndarray:
        """All ways to write m as an ordered sum of ``size`` numbers >= 0."""
        grid = np.indices((self.m + 1,) * (self.size - 1)).reshape(self.size - 1, -1).T
        last = self.m - grid.sum(axis=1)
        return np.column_stack((grid, last))[last >= 0].astype(np.int64)

    @cached_property
    def edges(self) -> np.ndarray:
        """Both ends of each, by row."""
        w, place = self.weights, {}
        place = {tuple(row): i for i, row in enumerate(w.tolist())}
        found = []
        for step in self._directions():
            ends = w + step
            inside = np.flatnonzero((ends >= 0).all(axis=1))
            found += [(i, place[tuple(end)]) for i, end in zip(inside, ends[inside].tolist(), strict=True)]
        return np.array(found, np.int64).reshape(-1, 2)

    def _directions(self) -> list[np.ndarray]:
        """Sums of the steps corner to corner, e_(i+1) - e_i: one for each set of them that is not empty."""
        steps = np.diff(np.eye(self.size, dtype=np.int64), axis=0)
        return [
            steps[list(some)].sum(axis=0) for n in range(1, self.size) for some in combinations(range(len(steps)), n)
        ]


@dataclass(frozen=True)
class Simplices:
    """How many different simplices of 1 to 4 corners a mesh has: nodes, edges, faces, tetrahedra."""

    counts: tuple[int, ...]
    elements: tuple[int, ...]  # of them, those that are elements, by number of corners

    @classmethod
    def of(cls, mesh: Mesh) -> "Simplices":
        """Of the corners of ``mesh``."""
        counts = [mesh.n_corners] + [len(_faces(mesh, size)) for size in range(2, mesh.width + 1)]
        sizes = np.bincount(mesh.sizes, minlength=mesh.width + 1)[1:]
        return cls(tuple(counts), tuple(int(n) for n in sizes))

    def refined(self, times: int) -> "Simplices":
        """After halving every edge ``times`` times; edges and faces are not counted again."""
        inner = [comb(2**times - 1, size - 1) for size in range(1, len(self.counts) + 1)]
        nodes = sum(n * points for n, points in zip(self.counts, inner, strict=True))
        children = tuple(n * 2 ** (times * (size - 1)) for size, n in enumerate(self.elements, start=1))
        return Simplices((nodes,), children)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.counts[0]

    @property
    def n_elements(self) -> int:
        """Number of elements."""
        return sum(self.elements)


def first_holders(mesh: Mesh) -> np.ndarray:
    """(n_elements, 2^width) whether an element is the first that has the sub-simplex of these corners, bit by bit.

    Whatever lies inside of a sub-simplex is counted in the first of the elements that share it.
    """
    first = np.zeros((mesh.n_elements, 2**mesh.width), bool)
    for size in range(1, mesh.width + 1):
        rows, corners, bits = _subsimplices(mesh, size)
        _, where = np.unique(corners, axis=0, return_index=True)
        first[rows[where], bits[where]] = True
    return first


def _faces(mesh: Mesh, size: int) -> np.ndarray:
    return np.unique(_subsimplices(mesh, size)[1], axis=0)


def _subsimplices(mesh: Mesh, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Element, sorted corners, and bits of corners, of every sub-simplex of ``size`` corners of every element."""
    choices = list(combinations(range(mesh.width), size))
    corners = np.concatenate([mesh.elements[:, choice] for choice in choices])
    rows = np.tile(np.arange(mesh.n_elements), len(choices))
    bits = np.repeat([sum(1 << c for c in choice) for choice in choices], mesh.n_elements)
    there = (corners >= 0).all(axis=1)
    return rows[there], np.sort(corners[there], axis=1), bits[there]
