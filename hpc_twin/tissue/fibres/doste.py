"""Rule-based fibres of ventricles with outflow tracts, from harmonic fields between the endocardia and the four valves.

Doste, Soto-Iglesias, Bernardino et al. (2019), A rule-based method to model myocardial fiber orientation in cardiac
biventricular geometries with outflow tracts, Int J Numer Meth Biomed Engng 35:e3185, doi:10.1002/cnm.3185; in the
notation of Piersanti et al. (2021), Comput Methods Appl Mech Engrg 373:113468, doi:10.1016/j.cma.2020.113468, sec. 2.
"""

from dataclasses import dataclass, replace

import numpy as np

from hpc_twin.mesh.part import Part
from hpc_twin.parallel import min_over
from hpc_twin.tissue.fibres.bayer import axis_frames, bislerp, orient
from hpc_twin.tissue.fibres.ventricles import TINY, FibreAngles, signed
from hpc_twin.tissue.organ.landmarks import Ventricles
from hpc_twin.tissue.organ.laplace import harmonics, on_elements, require, smooth_gradients

NEEDED = ("lv", "rv", "epi", "mv", "av", "tv", "pv", "base")
LEFT_SHARE = 2 / 3  # of the septum that is the left ventricle's


LEFT, RIGHT = FibreAngles(60.0, -60.0, -20.0, 20.0), FibreAngles(90.0, -25.0, -20.0, 20.0)  # Doste (2019), sec. 2.3
TRACT = FibreAngles(90.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class OutflowAngles:
    """Of the left ventricle, the right one, and both outflow tracts."""

    lv: FibreAngles = LEFT
    rv: FibreAngles = RIGHT
    tract: FibreAngles = TRACT


@dataclass(frozen=True)
class _Chamber:
    """Of one ventricle, per element: along (n, 3) from apex to valves, alpha and beta (n,) at the element's depth."""

    along: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray


def outflow_fibres(part: Part, angles: OutflowAngles | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Fibres and sheets: two arrays (n_local_elements, 3), unit, orthogonal; collective.

    Needs the node sets lv, rv, epi, base and the valves mv, av, tv, pv. phi_lv, phi_rv, phi_epi, d as in
    ``ventricular_fibres``. For each ventricle, with psi_in and psi_out from 0 at its apex to 1 at its inflow and its
    outflow valve, and w harmonic, 1 at the apex and the inflow valve and 0 at the outflow valve:

        along = w grad psi_in + (1 - w) grad psi_out,    alpha = w alpha_ventricle + (1 - w) alpha_tract, beta likewise

    each angle linear in phi_epi through the wall. In the septum alpha falls from the left endocardium's to zero at
    ``LEFT_SHARE`` of the way and turns on to the right one's; the frames are blended as in ``ventricular_fibres``. The
    paper switches there from the one frame to the other; both are blended here, so the turn is continuous.
    Raises InputError for missing node sets or elements that are not tetrahedra.
    """
    angles = angles or OutflowAngles()
    require(part, NEEDED)
    heart = Ventricles(part)
    axis, apices = heart.axis, (heart.apex, _right_apex(heart))
    to_lv, to_rv = smooth_gradients(part, heart.fields)
    phi_lv, phi_rv = (np.clip(on_elements(part, field.local), 0.0, 1.0) for field in heart.fields)
    depth, side = np.clip(1 - phi_lv - phi_rv, 0.0, 1.0), phi_rv / np.maximum(phi_lv + phi_rv, TINY)
    left = _chamber(heart, apices[0], ("mv", "av"), (angles.lv, angles.tract), depth)
    right = _chamber(heart, apices[1], ("tv", "pv"), (angles.rv, angles.tract), depth)
    alpha, beta = (_through_septum(side, getattr(left, k), getattr(right, k)) for k in ("alpha", "beta"))
    q_lv = orient(axis_frames(left.along, -to_lv, axis), alpha, beta)
    q_rv = orient(axis_frames(right.along, to_rv, axis), alpha, beta)
    along = _mixed(left.along, right.along, side)
    wall = (_mixed(left.alpha, right.alpha, side), _mixed(left.beta, right.beta, side))
    q_epi = orient(axis_frames(along, -to_lv - to_rv, axis), *wall)
    return signed(heart, bislerp(bislerp(q_lv, q_rv, side), q_epi, depth))


def _chamber(heart: Ventricles, apex: np.ndarray, valves, angles, depth: np.ndarray) -> _Chamber:
    """``valves``: inflow and outflow; ``angles``: the ventricle's and its tract's."""
    part, (inflow, outflow) = heart.part, valves
    ends = replace(part, node_sets={**part.node_sets, "apex": apex})
    psi = [harmonics(ends, [{"apex": 0.0, valve: 1.0}], "psi", heart.laplacian)[0] for valve in valves]
    share = harmonics(ends, [{"apex": 1.0, inflow: 1.0, outflow: 0.0}], "w", heart.laplacian)[0]
    w = np.clip(on_elements(part, share.local), 0.0, 1.0)
    inner, tract = (a.at(depth) for a in angles)
    alpha, beta = (_mixed(there, here, w) for here, there in zip(inner, tract, strict=True))
    to_out, to_in = smooth_gradients(part, psi[::-1])
    return _Chamber(_mixed(to_out, to_in, w), alpha, beta)


def _mixed(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """From ``first`` at weight 0 to ``second`` at weight 1."""
    weight = weight.reshape(-1, *[1] * (first.ndim - 1))
    return (1 - weight) * first + weight * second


def _through_septum(side: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Angles about the axis from left to right: ``left`` at side 0, zero at LEFT_SHARE, minus ``right`` at side 1."""
    in_left, in_right = 1 - side / LEFT_SHARE, (side - LEFT_SHARE) / (1 - LEFT_SHARE)
    return np.where(in_left > 0, in_left * left, -in_right * right)


def _right_apex(heart: Ventricles) -> np.ndarray:
    """Local index, in an array of length one or zero, of the right endocardium's node lowest along the long axis."""
    part, nodes = heart.part, heart.part.node_sets["rv"]
    height = part.points[nodes] @ heart.axis
    lowest = min_over(part.comm, float(height.min(initial=np.inf)))
    ids = part.node_ids[nodes[height <= lowest + 1e-9 * abs(lowest)]]
    first = min_over(part.comm, int(ids.min(initial=np.iinfo(np.int64).max)))
    return np.flatnonzero(part.node_ids == first)
