"""Mass and stiffness matrices on mixed simplices of order 1 or 2, by blocks of rows, per element kind in pieces."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import numpy as np
from scipy.sparse import coo_array, csr_array

from hpc_twin.fem.elements import gradients, measures, reference
from hpc_twin.fem.matrix import Matrix, Stack
from hpc_twin.fem.symmetric import Halves, Symmetric
from hpc_twin.mesh.order import EDGES
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, together

PIECE = 50_000  # elements looked at at a time: bounds the scratch memory to about 50 MB (200 MB of order 2)
BLOCKS, ROWS = 128, 20_000  # blocks of rows, unless they have less rows than this

Local = Callable[[np.ndarray, np.ndarray], np.ndarray]  # which elements (n,), corners (n, d + 1) -> matrices (n, k, k)


class Tensors(Protocol):
    """Symmetric tensors of the elements: an array (n_local_elements, 3, 3), or what makes some of its rows."""

    def __getitem__(self, which: np.ndarray) -> np.ndarray: ...


M = TypeVar("M", covariant=True)


class Rows(Protocol[M]):
    """What takes rows (n, n_local), block after block, and makes a matrix of them."""

    def put(self, rows: csr_array) -> None: ...

    def matrix(self) -> M: ...


def kinds(part: Part, among: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (which (n,), corners (n, d + 1)) for each kind of simplex, in pieces: elements and their corners.

    ``among``: numbers of the elements that count; None is all.
    """
    sizes = part.sizes if among is None else (part.elements[among] >= 0).sum(axis=1)
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        for first in range(0, len(which), PIECE):
            piece = which[first : first + PIECE]
            piece = piece if among is None else among[piece]
            yield piece, part.elements[piece, :size]


def all_nodes(part: Part, which: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(n, k) nodes of the shape functions of the elements ``which``, all of one kind: corners, then midpoints."""
    if part.midpoints is None:
        return corners
    return np.hstack((corners, part.midpoints[which, : len(EDGES[corners.shape[1]])]))


def stiffness(part: Part, tensor: Tensors, extent: np.ndarray | None = None) -> Matrix:
    """K_ab = sum over elements of  int grad(phi_a) . sigma grad(phi_b).

    On an element of measure |e|:  |e| sum_ij (G_i . sigma G_j) int (d phi_a / d L_i) (d phi_b / d L_j).

    tensor  (n_local_elements, 3, 3) sigma, symmetric, mS/mm
    extent  (n_local_elements,) thickness [mm] of triangles, cross-section [mm^2] of lines, 1 for tetrahedra; default 1
    """
    return assembled(part, _conduction(part, tensor, extent), Stack(part))


def symmetric_stiffness(part: Part, tensor: Tensors, extent: np.ndarray | None = None) -> Symmetric:
    """The same, of which half is stored."""
    return assembled(part, _conduction(part, tensor, extent), Halves(part))


def element_stiffness(
    part: Part, tensor: Tensors, extent: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (nodes (n, k), K of each element (n, k, k)), in pieces of one kind; arguments as of ``stiffness``."""
    local = _conduction(part, tensor, extent)
    for which, corners in kinds(part):
        yield all_nodes(part, which, corners), local(which, corners)


def _conduction(part: Part, tensor: Tensors, extent: np.ndarray | None) -> Local:
    def local(which: np.ndarray, corners: np.ndarray) -> np.ndarray:
        slope = gradients(part.points, corners)
        weight = measures(part.points, corners) * (1.0 if extent is None else extent[which])
        flux = weight[:, None, None] * slope @ tensor[which]
        linear = flux @ slope.transpose(0, 2, 1)
        return np.tensordot(linear, reference(corners.shape[1] - 1, part.order).slopes, axes=2)

    return local


def mass(part: Part, lumping: float = 0.0, extent: np.ndarray | None = None) -> Matrix:
    """M = lumping * (row sums) + (1 - lumping) * (consistent), per unit density; the pattern is that of the stiffness.

    consistent, on a d-simplex of order 1: |e| (1 + delta_ab) / ((d+1)(d+2)); row sums: |e| / (d+1) on the diagonal.
    Raises InputError for a share above 0 in a mesh of order 2, whose row sums are not positive at corners.
    """
    return assembled(part, _inertia(part, lumping, extent), Stack(part))


def symmetric_mass(part: Part, lumping: float, extent: np.ndarray | None, like: Symmetric | None) -> Symmetric:
    """The same, of which half is stored. ``like``: a matrix of ``part`` to share the pattern with."""
    return assembled(part, _inertia(part, lumping, extent), Halves(part, like))


def _inertia(part: Part, lumping: float, extent: np.ndarray | None) -> Local:
    if lumping and part.order == 2:
        raise InputError(f'tissue.mass: found {lumping:g}, elements of order 2 allow "consistent" (0) only')

    def local(which: np.ndarray, corners: np.ndarray) -> np.ndarray:
        consistent = reference(corners.shape[1] - 1, part.order).mass
        shared = lumping * np.diag(consistent.sum(axis=1)) + (1.0 - lumping) * consistent
        weight = measures(part.points, corners) * (1.0 if extent is None else extent[which])
        return weight[:, None, None] * shared

    return local


def assembled(part: Part, local: Local, stack: Rows[M]) -> M:
    """Sum element matrices into owned rows, block by block, so that little is held twice; collective.

    Every element that touches an owned node is local, so no communication is needed, but for errors.
    """
    height = max(ROWS, -(-part.n_owned // BLOCKS))
    lowest, highest = _spans(part, height)
    with together(part.comm):
        for block, first in enumerate(range(0, part.n_owned, height)):
            near = np.flatnonzero((lowest <= block) & (highest >= block))
            stack.put(_block(part, local, near, first, min(first + height, part.n_owned)))
    return stack.matrix()


def _spans(part: Part, height: int) -> tuple[np.ndarray, np.ndarray]:
    """(n_local_elements,) the blocks of ``height`` rows in which the lowest and highest node of each element lie."""
    nodes = part.element_nodes
    lowest, highest = np.empty(len(nodes), np.int16), np.empty(len(nodes), np.int16)
    for first in range(0, len(nodes), PIECE):
        piece = nodes[first : first + PIECE]
        lowest[first : first + PIECE] = np.where(piece < 0, part.n_local, piece).min(axis=1) // height
        highest[first : first + PIECE] = piece.max(axis=1) // height
    return lowest, highest


def _block(part: Part, local: Local, near: np.ndarray, first: int, last: int) -> csr_array:
    """Rows ``first`` to ``last``, to which no other elements than ``near`` contribute."""
    found = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0))]
    for which, corners in kinds(part, near):
        nodes = all_nodes(part, which, corners)
        mine = (nodes >= first) & (nodes < last)
        some = mine.any(axis=1)
        which, corners, nodes, mine = which[some], corners[some], nodes[some], mine[some]
        rows = np.repeat(nodes[mine] - first, nodes.shape[1]).astype(np.int32)
        columns = nodes[np.nonzero(mine)[0]].ravel().astype(np.int32)
        found.append((rows, columns, local(which, corners)[mine].ravel()))
    rows, columns, values = (np.concatenate(pieces) for pieces in zip(*found, strict=True))
    return coo_array((values, (rows, columns)), shape=(last - first, part.n_local)).tocsr()
