"""Landmarks of a ventricular mesh, the same on any number of ranks: its apex, its long axis, centres of surfaces."""

from dataclasses import replace

import numpy as np

from hpc_twin.fem import Field, Matrix
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import max_over, min_over, sum_over
from hpc_twin.tissue.organ.laplace import harmonics


def both_ventricles(part: Part) -> bool:
    """Whether the surfaces are those of two ventricles (lv, rv) and not of one (endo)."""
    return "lv" in part.node_sets or "rv" in part.node_sets


def apicobasal_harmonic(part: Part, operator: Matrix) -> Field:
    """psi: 0 on the epicardial node farthest from the base's centre (on a tie the first in the mesh), 1 on the base."""
    ends = replace(part, node_sets={"apex": apex_node(part), "base": part.node_sets["base"]})
    return harmonics(ends, [{"apex": 0.0, "base": 1.0}], "apicobasal", operator)[0]


def apex_node(part: Part) -> np.ndarray:
    """Local index of the apex as an array of length one, or zero on ranks that do not see it."""
    nodes = part.node_sets["epi"]
    distance = np.linalg.norm(part.points[nodes] - centre_of(part, "base"), axis=1)
    farthest = max_over(part.comm, float(distance.max(initial=0.0)))
    ids = part.node_ids[nodes[distance > (1 - 1e-9) * farthest]]
    first = min_over(part.comm, int(ids.min(initial=np.iinfo(np.int64).max)))
    return np.flatnonzero(part.node_ids == first)


def long_axis(part: Part, cavity: str) -> tuple[np.ndarray, np.ndarray]:
    """A point on the (left) ventricle's axis and its unit direction from the apex to the base: (3,), (3,)."""
    apex = apex_node(part)
    apex = sum_over(part.comm, part.points[apex[apex < part.n_owned]].sum(axis=0))
    centre = centre_of(part, cavity)
    return centre, (centre - apex) / np.linalg.norm(centre - apex)


def centre_of(part: Part, name: str) -> np.ndarray:
    """(3,) mean position of a node set's nodes [mm]."""
    nodes = part.node_sets[name]
    nodes = nodes[nodes < part.n_owned]
    total = np.append(part.points[nodes].sum(axis=0), float(len(nodes)))
    total = sum_over(part.comm, total)
    return total[:3] / total[3]
