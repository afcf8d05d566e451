"""Phase singularities: where the phase turns once around a point of a surface, or around a line in a wall."""

from dataclasses import dataclass

import numpy as np

from hpc_twin.fem import gradients
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import sum_over
from hpc_twin.tissue.measures.linear import linear

FACES = np.array(((1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1)))  # of a tetrahedron, outward when its volume is positive
FLAT = 1e-6


@dataclass(frozen=True)
class Tips:
    """Singularities on this rank's own elements, at one time.

    ids     (n,) of the elements in the mesh as it was read
    points  (n, 3) mm, on the triangle, or the middle of a filament's way through a tetrahedron
    axes    (n, 3) unit vectors about which the phase turns by the right hand, normal to a surface, along a filament
    charge  (n,) +1 or -1 on a surface: the turn is anticlockwise or clockwise, seen from outside (a flat one: from the
            side of its normal's largest component); 0 in a wall, where the axis says it
    length  (n,) mm, of the filament in a tetrahedron; 0 on a surface
    """

    ids: np.ndarray
    points: np.ndarray
    axes: np.ndarray
    charge: np.ndarray
    length: np.ndarray


class Singularities:
    """Finds the common zeros of two nodal fields a and b, linear on every simplex: there arctan2(b, a) has no value.

    The line integral of the phase's gradient around a triangle (Bray & Wikswo 2002, IEEE Trans Biomed Eng 49:1086,
    eq. 3) is +-2 pi when (0, 0) lies inside the image of the triangle in the plane (a, b), that is when the three
    a_i b_j - a_j b_i have one sign, and 0 otherwise. Divided by their sum they are the barycentric coordinates of the
    singularity. A tetrahedron with two such faces holds a piece of a filament (Clayton, Zhuchkova & Panfilov, Prog
    Biophys Mol Biol 90 (2006) 378).

    With a = V - V*, b = V(t - delay) - V* these are singularities of the phase; with a delay of one sample the tip of
    Fenton & Karma, Chaos 8 (1998) 20: V = V* and dV/dt = 0.
    """

    def __init__(self, part: Part):
        self._part = part
        self._simplices, self._ids = _owned_simplices(part)
        self._columns = [np.ascontiguousarray(column) for column in self._simplices.T]
        self._bits, self._sign = np.empty(part.n_local, np.uint8), np.empty(part.n_local, bool)
        self._any, self._all, self._corner = (np.empty(len(self._simplices), np.uint8) for _ in range(3))
        self._mixed = np.empty(len(self._simplices), bool)
        self._centre = sum_over(part.comm, part.points[: part.n_owned].sum(axis=0)) / max(part.n_nodes, 1)

    def find(self, a: np.ndarray, b: np.ndarray) -> Tips:
        """From ``a`` and ``b`` (n_local,), ghosts too."""
        simplices = self._candidates(a, b)
        which, points, length = (_pierced if self._simplices.shape[1] == 4 else _crossed)(
            self._part.points, self._simplices[simplices], a, b
        )
        found = simplices[which]
        turn = _turn(self._part.points, self._simplices[found], a, b)
        side = np.zeros(len(found)) if self._simplices.shape[1] == 4 else self._side(turn, points)
        return Tips(self._ids[found], points, turn, side, length)

    def _candidates(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Simplices on which both fields change their signs."""
        np.greater(a, 0.0, out=self._sign)
        np.copyto(self._bits, self._sign)
        np.greater(b, 0.0, out=self._sign)
        self._bits += self._sign
        self._bits += self._sign
        self._any.fill(0)
        self._all.fill(3)
        for column in self._columns:
            np.take(self._bits, column, out=self._corner, mode="clip")
            self._any |= self._corner
            self._all &= self._corner
        self._any -= self._all  # 3 where both bits occur, and neither in all corners
        return np.flatnonzero(np.equal(self._any, 3, out=self._mixed))

    def _side(self, turn: np.ndarray, points: np.ndarray) -> np.ndarray:
        away = points - self._centre
        outward = np.einsum("nx,nx->n", turn, away)
        lead = turn[np.arange(len(turn)), np.abs(turn).argmax(axis=1)]
        flat = np.abs(outward) < FLAT * np.linalg.norm(away, axis=1)
        return np.sign(np.where(flat, lead, outward))


def _owned_simplices(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Linear simplices of the highest dimension among this rank's elements, and the elements' ids."""
    size = max(part.comm.allgather(int(part.sizes.max(initial=0))))
    which = np.flatnonzero(part.sizes[: part.n_owned_elements] == size)
    pieces = linear(part, which, part.elements[which, :size])
    return pieces, np.repeat(part.element_ids[which], len(pieces) // max(len(which), 1))


def _winding(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each triangle holds the singularity, and its barycentric coordinates; a, b, result (n, 3)."""
    c = np.roll(a, -1, 1) * np.roll(b, -2, 1) - np.roll(a, -2, 1) * np.roll(b, -1, 1)
    inside = (c > 0).all(axis=1) | (c < 0).all(axis=1)
    total = c.sum(axis=1, keepdims=True)
    return inside, np.divide(c, total, out=np.zeros_like(c), where=total != 0)


def _crossed(points: np.ndarray, triangles: np.ndarray, a: np.ndarray, b: np.ndarray):
    inside, share = _winding(a[triangles], b[triangles])
    which = np.flatnonzero(inside)
    places = np.einsum("nk,nkx->nx", share[which], points[triangles[which]])
    return which, places, np.zeros(len(which))


def _pierced(points: np.ndarray, tetrahedra: np.ndarray, a: np.ndarray, b: np.ndarray):
    faces = tetrahedra[:, FACES].reshape(-1, 3)
    inside, share = _winding(a[faces], b[faces])
    places = np.einsum("nk,nkx->nx", share, points[faces]).reshape(-1, 4, 3)
    inside = inside.reshape(-1, 4)
    which = np.flatnonzero(inside.sum(axis=1) == 2)
    ends = places[which][inside[which]].reshape(-1, 2, 3)
    return which, ends.mean(axis=1), np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)


def _turn(points: np.ndarray, simplices: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, 3) unit vectors along grad a x grad b, which does not depend on how the simplex is numbered."""
    if not len(simplices):
        return np.empty((0, 3))
    slopes = gradients(points, simplices)
    grad_a, grad_b = (np.einsum("nk,nkx->nx", field[simplices], slopes) for field in (a, b))
    turn = np.cross(grad_a, grad_b)
    return turn / np.maximum(np.linalg.norm(turn, axis=1, keepdims=True), 1e-300)
