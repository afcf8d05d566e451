"""Universal ventricular coordinates: where in a heart a node or an element is, in words that hold for any heart.

Bayer, Prassl, Pashaei, Gomez, Frontera, Neic, Plank, Vigmond (2018), Universal ventricular coordinates: A generic
framework for describing position within the heart and transferring data, Med Image Anal 45:83,
doi:10.1016/j.media.2018.01.005. Distances along trajectories after Schuler, Pilia, Potyagaylo, Loewe (2021),
Cobiveco, Med Image Anal 74:102247; as least squares after Crane, Weischedel, Wardetzky (2013), ACM TOG 32:152.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hpc_twin.fem import Field
from hpc_twin.fem.assembly import kinds
from hpc_twin.fem.dirichlet import DirichletSolver
from hpc_twin.mesh.order import EDGES
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, max_over, min_over, sum_over
from hpc_twin.tissue.organ.landmarks import Ventricles, mean_place
from hpc_twin.tissue.organ.laplace import divergence, harmonics, highest, on_elements, smooth_gradients

LV, RV = -1.0, 1.0
ON_AXIS = 1e-6  # mm
BOX = ("x", "y", "z")
VENTRICULAR = {
    "apicobasal": ("1", "apicobasal coordinate, 0 apex to 1 base"),
    "transmural": ("1", "transmural coordinate, 0 endocardium to 1 epicardium, in the septum to the RV's side"),
    "rotational": ("rad", "rotational coordinate, 0 septum, pi/2 anterior and -pi/2 posterior junction"),
    "transventricular": ("1", "transventricular coordinate, -1 LV with septum, 1 RV"),
}
NAMES = (*VENTRICULAR, *BOX)
RANGES = {"rotational": (-np.pi, np.pi), "transventricular": (LV, RV)}  # of the others 0 to 1


@dataclass(frozen=True)
class Coordinate:
    """Values at nodes (n_local,) and in elements (n_local_elements,)."""

    nodes: np.ndarray
    elements: np.ndarray


@dataclass(frozen=True)
class Coordinates:
    """The coordinates of ``part`` by name, each computed when it is first asked for; asking is collective.

    ``part`` is of order 1: see fem.corners and ``on_edges``.

    Those of ventricles begin at the landmarks of Ventricles, and need its node sets:

    transventricular  RV or LV, to which the septum belongs. A node between them is the LV's.
    transmural        1 - phi_lv in the LV, 1 - phi_rv in the RV; 1 - phi_endo with one ventricle.
    apicobasal        a / (a + b) with a, b the distances to apex and base along X = grad psi / |grad psi|, psi harmonic
                      from apex to base: grad a ~ X and a = 0 at the apex, grad b ~ -X and b = 0 on the base
    rotational        LV: angle about the long axis, counter-clockwise seen from the base, scaled so that it is
                      +-pi/2 where the RV begins (means of the upper halves of both junctions) and 0 between;
                      RV: harmonic between the junctions. One ventricle: 0 along the coordinate axis most across.
    x, y, z           0 to 1 through the mesh's bounding box; for any mesh
    """

    part: Part

    def __getitem__(self, name: str) -> Coordinate:
        """The coordinate ``name`` of NAMES. Raises InputError when the mesh lacks what it needs."""
        return self._along(BOX.index(name)) if name in BOX else getattr(self, name)

    @cached_property
    def transventricular(self) -> Coordinate:
        """-1 LV, 1 RV."""
        heart = self._heart
        return Coordinate(np.where(heart.left_nodes, LV, RV), np.where(heart.right, RV, LV))

    @cached_property
    def transmural(self) -> Coordinate:
        """0 endocardium, 1 epicardium."""
        depths = [np.clip(1 - field.local, 0.0, 1.0) for field in self._heart.fields]
        return self._either(depths[0], depths[-1])

    @cached_property
    def apicobasal(self) -> Coordinate:
        """0 apex, 1 base."""
        part, heart = self.part, self._heart
        flux = _unit(smooth_gradients(part, [heart.psi])[0])
        base, apex = (np.isin(np.arange(part.n_local), ends) for ends in (part.node_sets["base"], heart.apex))
        above, below = (self._distance(ends, x) for ends, x in ((apex, flux), (base, -flux)))
        values = np.clip(above / np.maximum(above + below, np.finfo(float).tiny), 0.0, 1.0)
        return Coordinate(values, on_elements(part, values))

    @cached_property
    def rotational(self) -> Coordinate:
        """-pi to pi in the LV, -pi/2 to pi/2 in the RV."""
        part = self.part
        at_nodes, at_elements = self._angle(part.points), self._angle(on_elements(part, part.points))
        if not self._heart.both:
            return Coordinate(at_nodes, at_elements)
        bends = self._junctions(at_nodes)
        lv = [np.interp(angle, bends, np.pi * np.array((-1, -0.5, 0, 0.5, 1))) for angle in (at_nodes, at_elements)]
        left = self.transventricular.nodes == LV
        sides = {"behind": np.flatnonzero(left & (at_nodes < 0)), "before": np.flatnonzero(left & (at_nodes >= 0))}
        ends = {"behind": -np.pi / 2, "before": np.pi / 2}
        rv = harmonics(replace(part, node_sets=sides), [ends], "rotational", self._heart.laplacian)[0].local
        at = self.transventricular
        return Coordinate(np.where(left, lv[0], rv), np.where(at.elements == LV, lv[1], on_elements(part, rv)))

    @cached_property
    def _heart(self) -> Ventricles:
        return Ventricles(self.part)

    def _either(self, lv: np.ndarray, rv: np.ndarray) -> Coordinate:
        """Of two nodal fields (n_local,) the LV's or the RV's, in elements that of their own ventricle."""
        at = self.transventricular
        left, right = on_elements(self.part, np.column_stack((lv, rv))).T
        return Coordinate(np.where(at.nodes == LV, lv, rv), np.where(at.elements == LV, left, right))

    def _distance(self, ends: np.ndarray, flux: np.ndarray) -> np.ndarray:
        """(n_local,) d [mm] with  int grad d . grad v = int X . grad v  and d = 0 at ``ends`` (n_local,) bool."""
        d, right = Field(self.part, "distance", "mm"), Field(self.part, "divergence", "mm^2")
        right.owned[:] = divergence(self.part, flux)
        right.touched()
        DirichletSolver(self._heart.laplacian, ends, "distance").solve(np.zeros(self.part.n_local), d, right.vector)
        return np.maximum(d.local, 0.0)

    @cached_property
    def _axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A point on the LV's axis; where the angle is 0; where it is pi/2: three times (3,)."""
        part, centre, axis = self.part, self._heart.centre, self._heart.axis
        beside = part.node_sets.get("rv")
        across = np.eye(3)[np.abs(axis).argmin()] if beside is None else mean_place(part, beside) - centre
        across = across - (across @ axis) * axis
        across /= np.linalg.norm(across)
        return centre, across, np.cross(axis, across)

    def _angle(self, points: np.ndarray) -> np.ndarray:
        """(n,) about the long axis, -pi to pi; 0 on it, where rounding would decide."""
        centre, zero, quarter = self._axes
        x, y = (points - centre) @ zero, (points - centre) @ quarter
        return np.where(np.hypot(x, y) > ON_AXIS, np.arctan2(y, x), 0.0)

    def _junctions(self, angle: np.ndarray) -> np.ndarray:
        """(5,) -pi, posterior junction, 0, anterior junction, pi in terms of ``angle`` (n_local,)."""
        part, (centre, zero, quarter) = self.part, self._axes
        mine = slice(part.n_owned)
        between = (highest(part, self._heart.right.astype(float)) > 0) & self._heart.left_nodes
        high = (part.points - centre) @ np.cross(zero, quarter) > 0
        seen = angle[mine][(between & high)[mine]]
        sides = seen[seen < 0], seen[seen > 0]
        total = sum_over(part.comm, np.array([(side.sum(), len(side)) for side in sides]))
        if not total[:, 1].all():
            raise InputError("rotational coordinate: found no junction of the ventricles on one side of the LV's axis")
        behind, before = total[:, 0] / total[:, 1]
        return np.array((-np.pi, behind, 0.0, before, np.pi))

    def _along(self, axis: int) -> Coordinate:
        """0 to 1 along a coordinate axis."""
        part = self.part
        x = part.points[:, axis]
        low, high = (f(part.comm, float(g)) for f, g in ((min_over, x.min()), (max_over, x.max())))
        if not high > low:
            raise InputError(f"coordinate {BOX[axis]}: the mesh has no extent along it")
        values = (x - low) / (high - low)
        return Coordinate(values, on_elements(part, values))


def on_edges(part: Part, name: str, nodes: np.ndarray) -> np.ndarray:
    """``nodes`` (n_local,) of the coordinate ``name`` with values at midpoints, in a mesh of order 2, from corners."""
    if part.midpoints is None:
        return nodes
    result = nodes.copy()
    for which, elements in kinds(part):
        pairs = np.array(EDGES[elements.shape[1]])
        a, b = nodes[elements[:, pairs]].transpose(2, 0, 1)
        means = {"transventricular": np.minimum(a, b), "rotational": np.angle(np.exp(1j * a) + np.exp(1j * b))}
        result[part.midpoints[which, : len(pairs)]] = means.get(name, (a + b) / 2)
    return result


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros(vectors.shape), where=length > 0)
