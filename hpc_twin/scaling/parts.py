"""Real partitions into up to 100,000 parts, counted without running on them.

The nodes of a mesh, or of one refined uniformly, are cut in equal pieces along a Hilbert curve; counted are the nodes
of each part, its ghosts (nodes of other parts that share an element with one of its own: what a matrix-vector product
receives) and its neighbours (parts that own them: messages). The refined mesh is never built: chunks of coarse elements
are gone through, and of their lattices only what lies at a border between parts is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partitioners import BITS, hilbert_keys
from hpc_twin.parallel import InputError
from hpc_twin.scaling.lattice import Lattice, Simplices, first_holders

CHUNK = 400_000  # points of lattices at a time
FINE, BIN = 9, 27  # bits of a place on the curve: all, and the last ones
NAME = 40  # bits of a point's name beside its part


@dataclass(frozen=True)
class Parts:
    """What ``n_parts`` ranks would hold and exchange: largest and mean over the parts."""

    n_parts: int
    n_nodes: int
    largest: int
    ghosts: int
    mean_ghosts: float
    neighbours: int
    mean_neighbours: float


@dataclass(frozen=True)
class _Piece:
    """Lattices of the elements ``rows``, all of one size.

    bins     (n,) place on the curve of each point
    counted  (n,) whether it is counted here, and not in another element that has it too
    """

    lattice: Lattice
    rows: np.ndarray
    bins: np.ndarray
    counted: np.ndarray


def counted(mesh: Mesh, refine: int, n_parts: Sequence[int]) -> list[Parts]:
    """``mesh`` halved ``refine`` times, cut into each of ``n_parts``. Raises InputError for more parts than nodes."""
    n_nodes = Simplices.of(mesh).refined(refine).n_nodes
    if too_many := [n for n in n_parts if not 0 < n <= n_nodes]:
        raise InputError(f"parts: found {too_many[0]:,}, allowed is 1 to the number of nodes, {n_nodes:,}")
    pieces = list(_pieces(mesh, refine))
    compact = _compact(pieces)
    passed = np.cumsum(_histogram(pieces, compact))
    return [_cut(mesh, pieces, n, compact, passed) for n in n_parts]


def _pieces(mesh: Mesh, refine: int) -> Iterator[_Piece]:
    """The refined mesh, some elements of one kind at a time."""
    first, box = first_holders(mesh), np.stack((mesh.points.min(axis=0), mesh.points.max(axis=0)))
    for size in np.unique(mesh.sizes):
        lattice = Lattice(int(size), 2**refine)
        bits = (lattice.weights > 0) @ (1 << np.arange(size))
        rows = np.flatnonzero(mesh.sizes == size)
        for some in np.array_split(rows, 1 + len(rows) * len(bits) // CHUNK):
            corners = mesh.points[mesh.elements[some, :size]]
            points = np.einsum("pc,ecx->epx", lattice.weights / lattice.m, corners).reshape(-1, 3)
            keys = hilbert_keys(np.concatenate((points, box)))[:-2] >> (3 * BITS - BIN)
            yield _Piece(lattice, some, keys.astype(np.int32), first[some][:, bits].ravel())


def _compact(pieces: list[_Piece]) -> np.ndarray:
    """New numbers of the coarse bins, those alone that hold points: a heart fills a small part of its box."""
    there = np.zeros(1 << (BIN - FINE), bool)
    for piece in pieces:
        there[piece.bins >> FINE] = True
    return np.cumsum(there) - 1


def _number(bins: np.ndarray, compact: np.ndarray) -> np.ndarray:
    return (compact[bins >> FINE] << FINE) | (bins & ((1 << FINE) - 1))


def _histogram(pieces: list[_Piece], compact: np.ndarray) -> np.ndarray:
    found = np.zeros((compact[-1] + 1) << FINE, np.int64)
    for piece in pieces:
        bins, times = np.unique(_number(piece.bins[piece.counted], compact), return_counts=True)
        found[bins] += times
    return found


def _cut(mesh: Mesh, pieces: list[_Piece], n_parts: int, compact: np.ndarray, passed: np.ndarray) -> Parts:
    """``passed``: nodes up to the end of each bin."""
    of_bin = ((passed - 1) * n_parts // passed[-1]).clip(0).astype(np.int32)
    names, owned = _names(mesh.n_corners), np.zeros(n_parts, np.int64)
    ghosts, sides = [], []
    for piece in pieces:
        part = of_bin[_number(piece.bins, compact)]
        owned += np.bincount(part[piece.counted], minlength=n_parts)
        here, there = _cut_edges(piece, part)
        corners = names[mesh.elements[piece.rows, : piece.lattice.size]]
        name = (corners @ piece.lattice.weights.T.astype(np.uint64)).ravel()[there] >> np.uint64(64 - NAME)
        ghosts.append(np.unique((part[here].astype(np.uint64) << np.uint64(NAME)) | name))
        sides.append(np.unique(part[here].astype(np.uint64) << np.uint64(NAME) | part[there].astype(np.uint64)))
    n_ghosts, n_sides = _per_part(ghosts, n_parts), _per_part(sides, n_parts)
    return Parts(n_parts, int(passed[-1]), int(owned.max()), int(n_ghosts.max()), float(n_ghosts.mean()),
                 int(n_sides.max()), float(n_sides.mean()))  # fmt: skip


def _cut_edges(piece: _Piece, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points at both ends of the edges between parts, each edge in both directions."""
    part = part.reshape(len(piece.rows), -1)
    one, other = piece.lattice.edges.T
    element, edge = np.nonzero(part[:, one] != part[:, other])
    one, other = (element * part.shape[1] + side[edge] for side in (one, other))
    return np.concatenate((one, other)), np.concatenate((other, one))


def _per_part(found: list[np.ndarray], n_parts: int) -> np.ndarray:
    """(n_parts,) number of different entries of each part; some parts at a time, since pieces repeat each other."""
    total = np.zeros(n_parts, np.int64)
    limits = np.linspace(0, n_parts, 1 + min(n_parts, 16)).astype(np.uint64) << np.uint64(NAME)
    for low, high in pairwise(limits):
        some = [each[slice(*np.searchsorted(each, (low, high)))] for each in found]
        total += np.bincount((np.unique(np.concatenate(some)) >> np.uint64(NAME)).astype(np.int64), minlength=n_parts)
    return total


def _names(n: int) -> np.ndarray:
    """(n,) random 64-bit numbers: the sum of them by weights, modulo 2^64, names a lattice point whoever meets it."""
    return np.random.default_rng(1).integers(0, 2**64, n, np.uint64)
