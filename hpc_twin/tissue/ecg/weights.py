"""Potentials at electrodes from V in the tissue, by weights: phi_e = sum over nodes of w_ea V_a.

The current that tissue sends into its surroundings is that of dipoles, -sigma_i grad V per volume. A point electrode
sees each through the gradient of its lead field Z, the potential that a unit current from the electrode would make
there (Helmholtz' reciprocity; Plonsey & Barr, Bioelectricity, 2007, ch. 8):

    phi_e = - integral of  sigma_i grad V . grad Z_e      so      w_ea = - integral of  sigma_i grad phi_a . grad Z_e

In an infinite homogeneous medium  Z_e(x) = 1 / (4 pi sigma_b |x - x_e|)  [1/mS]: Gima & Rudy 2002 (Circ Res 90:889),
eq. (1), with sigma_i in place of D: hence mV, and positive where a wave comes near. Others: ``tissue.leadfield``.
"""

import numpy as np
from scipy.spatial import cKDTree

from hpc_twin.fem import add_at, gradients, measures
from hpc_twin.fem.assembly import all_nodes, kinds
from hpc_twin.fem.elements import shape_slopes
from hpc_twin.mesh.locate import locate
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, max_over, min_over, sum_over, warn


class Electrocardiogram:
    """Leads of ``weights`` (n_electrodes, n_owned) and ``matrix`` (n_leads, n_electrodes), see ``tissue.leads``."""

    def __init__(self, part: Part, weights: np.ndarray, matrix: np.ndarray):
        self._comm, self._weights, self._matrix = part.comm, np.ascontiguousarray(weights), matrix
        self._mine = np.empty(len(weights))

    def at(self, V: np.ndarray) -> np.ndarray:
        """(n_leads,) mV for owned ``V`` (n_owned,) mV; collective, one reduction."""
        np.dot(self._weights, V, out=self._mine)
        return self._matrix @ sum_over(self._comm, self._mine)


def infinite_medium(
    part: Part, sigma_i: np.ndarray, electrodes: np.ndarray, sigma_b: float, extent: np.ndarray | None = None
) -> np.ndarray:
    """(n_electrodes, n_owned) weights w_ea = -1/(4 pi sigma_b) integral of sigma_i grad phi_a . grad(1/|x - x_e|).

    The integral is by Gauss points of second degree: 1e-5 of it two edges away from the tissue.

    sigma_i     (n_local_elements, 3, 3) mS/mm;  sigma_b  mS/mm;  extent  as in ``fem.stiffness``
    electrodes  (n_electrodes, 3) mm
    """
    weights = np.zeros((len(electrodes), part.n_local))
    for which, corners in kinds(part):
        places = gauss_points(corners.shape[1])
        slopes = shape_slopes(part.order, places) / len(places)
        flux = np.einsum("nxy,niy->nix", sigma_i[which], gradients(part.points, corners))
        flux *= (measures(part.points, corners) * (1.0 if extent is None else extent[which]))[:, None, None]
        points = np.einsum("qi,nix->qnx", places, part.points[corners])
        nodes = all_nodes(part, which, corners)
        for row, electrode in zip(weights, electrodes, strict=True):
            values = np.zeros(nodes.shape)
            for point, slope in zip(points, slopes, strict=True):
                values += np.einsum("nix,nx->ni", flux, _attraction(point, electrode)) @ slope.T
            add_at(row, nodes, values)
    return weights[:, : part.n_owned] / (-4.0 * np.pi * sigma_b)


def gauss_points(n: int) -> np.ndarray:
    """(n, n) barycentric places of the symmetric rule of second degree on a simplex of n corners, one near each.

    All weights are equal, coordinates b, but one: b = (1 - 1/sqrt(n + 1)) / n (Hammer & Stroud 1956).
    """
    share = (1.0 - 1.0 / np.sqrt(n + 1.0)) / n
    return np.full((n, n), share) + (1.0 - n * share) * np.eye(n)


def _attraction(points: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(n, 3) grad(1/|x - place|) at x = points."""
    away = place - points
    return away / ((away * away).sum(axis=1) ** 1.5)[:, None]


def require_outside(part: Part, names, electrodes: np.ndarray) -> None:
    """Raise InputError for an electrode inside the tissue, warn of one nearer to it than an edge; collective.

    There the potential hangs on the few nearest elements, and the tissue's own conductivity, which the infinite medium
    leaves out, matters most.
    """
    solid = part.elements[part.sizes == 4][:, :4] if part.elements.shape[1] >= 4 else np.zeros((0, 4), int)
    inside, _ = locate(part.points[solid], electrodes)
    near, edge = _neighbourhood(part, electrodes)
    for name, within, distance, length in zip(names, inside >= 0, near, edge, strict=True):
        if max_over(part.comm, int(within)):
            raise InputError(
                f'ecg.electrodes.{name}: lies inside the tissue, where method = "infinite_medium" does not hold; move '
                'it out, or take method = "lead_field"'
            )
        distance, length = min_over(part.comm, (float(distance), float(length)))
        if distance < length:
            warn(part.comm, f"ecg.electrodes.{name}: only {distance:.2g} mm from the tissue, whose edges are "
                 f"{length:.2g} mm there; its potential depends on the mesh")  # fmt: skip


def _neighbourhood(part: Part, electrodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance to this rank's nearest corner, and the longest edge of the elements around that one."""
    corners = np.unique(part.elements[part.elements >= 0])
    if len(corners) == 0:
        return np.full(len(electrodes), np.inf), np.zeros(len(electrodes))
    distance, nearest = cKDTree(part.points[corners]).query(electrodes)
    nodes = corners[nearest]
    around = [part.elements[(part.elements == node).any(axis=1)] for node in nodes]
    spread = [part.points[e] - part.points[node] for e, node in zip(around, nodes, strict=True)]
    used = [e >= 0 for e in around]
    edges = [np.linalg.norm(s, axis=2)[u].max(initial=0.0) for s, u in zip(spread, used, strict=True)]
    return distance, np.array(edges)
