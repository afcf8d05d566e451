"""Cables of a conduction system before they become elements: points, lines, what each line is, where it ends."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Network:
    """Cables as straight lines. Lengths in mm.

    points     (n_points, 3)
    lines      (n_lines, 2) indices of points, from the proximal to the distal end
    kinds      (n_lines,) region name of each line, for example "purkinje" or "av_node"
    terminals  (n_terminals,) points that meet the muscle at junctions
    sites      name -> points, which become node sets ("his")
    """

    points: np.ndarray
    lines: np.ndarray
    kinds: np.ndarray
    terminals: np.ndarray
    sites: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def lengths(self) -> np.ndarray:
        """(n_lines,) mm."""
        return np.linalg.norm(self.points[self.lines[:, 1]] - self.points[self.lines[:, 0]], axis=1)

    @property
    def branches(self) -> int:
        """Number of unbranched cables between roots, branchings and ends."""
        degree = np.bincount(self.lines.ravel(), minlength=len(self.points))
        return int((degree[self.lines] != 2).sum()) // 2 + _rings(self, degree)

    def named(self, kind: str) -> "Network":
        """The same cables, all of one kind."""
        return replace(self, kinds=np.full(len(self.lines), kind))


def pieces(n_points: int, lines: np.ndarray) -> np.ndarray:
    """(n_points,) number of the piece that each point lies in, pieces being what no line joins."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(lines)), tuple(lines.T)), shape=(n_points, n_points))
    return connected_components(graph, directed=False)[1]


def _rings(network: Network, degree: np.ndarray) -> int:
    """Unbranched cables that close in themselves have no end to be counted at."""
    piece = pieces(len(network.points), network.lines)
    plain = np.ones(piece.max() + 1, bool)
    plain[piece[degree != 2]] = False
    return int(plain.sum())


def ends(points: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Points with one line only, but those where lines begin: the terminals of a tree listed from its root."""
    degree = np.bincount(lines.ravel(), minlength=len(points))
    return np.setdiff1d(np.flatnonzero(degree == 1), roots(points, lines))


def roots(points: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Points where lines begin and none ends."""
    begins = np.bincount(lines[:, 0], minlength=len(points)) > 0
    finishes = np.bincount(lines[:, 1], minlength=len(points)) > 0
    return np.flatnonzero(begins & ~finishes)


def cable(start: np.ndarray, stop: np.ndarray, segment: float, kind: str) -> Network:
    """A straight cable of lines about ``segment`` long; no terminals."""
    n = max(1, round(float(np.linalg.norm(stop - start)) / segment))
    points = start + np.linspace(0.0, 1.0, n + 1)[:, None] * (stop - start)
    lines = np.column_stack((np.arange(n), np.arange(1, n + 1)))
    return Network(points, lines, np.full(n, kind), np.zeros(0, int))


def together(networks: Sequence[Network], tolerance: float = 1e-9) -> Network:
    """All of them as one: points of different networks within ``tolerance`` mm are one point, terminals if any is."""
    from scipy.spatial import cKDTree

    points = np.concatenate([n.points for n in networks])
    starts = np.cumsum([0, *(len(n.points) for n in networks)])
    number = np.arange(len(points))
    owner = np.repeat(np.arange(len(networks)), np.diff(starts))
    for a, b in sorted(cKDTree(points).query_pairs(tolerance)):
        if owner[a] != owner[b]:
            number[b] = number[a]
    kept, new = np.unique(number, return_inverse=True)
    sites: dict[str, np.ndarray] = {}
    for network, start in zip(networks, starts, strict=False):
        for name, where in network.sites.items():
            sites[name] = np.union1d(sites.get(name, where[:0]), new[where + start])
    return Network(
        points[kept],
        np.concatenate([new[n.lines + s] for n, s in zip(networks, starts, strict=False)]),
        np.concatenate([n.kinds for n in networks]),
        np.unique(np.concatenate([new[n.terminals + s] for n, s in zip(networks, starts, strict=False)])),
        {name: where.astype(int) for name, where in sites.items()},
    )
