"""Lead fields of electrodes on a conducting body: solved once, they turn V into potentials at the electrodes.

    div(sigma grad Z_e) = -(delta_e - 1/|Omega|)   in Omega,  no flux through its surface,
    sigma = sigma_i + sigma_e in tissue, sigma_b elsewhere          Z_e in 1/mS

Tested with Z_e, the bidomain's elliptic equation div(sigma grad phi) = -div(sigma_i grad V) gives

    phi(x_e) - mean of phi over Omega = - integral of sigma_i grad V . grad Z_e

by Helmholtz' reciprocity (McFee & Johnston 1953, Circulation 8:554; Potse 2018, Front Physiol 9:370). It holds in the
discrete equations as well: A phi = -K_i V and A z = e gives e . phi = -z . K_i V.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from hpc_twin.fem import Field, add_at, measures, stiffness
from hpc_twin.fem.assembly import element_stiffness, kinds
from hpc_twin.fem.dirichlet import DirichletSolver
from hpc_twin.mesh.locate import locate
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.reach import reach
from hpc_twin.parallel import InputError, min_over, sum_over

RTOL = 1e-8  # of the residual; leads are then known to 1e-6 of their range or better
MARGIN = 1.0  # mm around the heart, of the torso's elements that are looked at


def lead_fields(
    part: Part, sigma: np.ndarray, nodes: Sequence[int], extent: np.ndarray | None = None, rtol: float = RTOL
) -> np.ndarray:
    """(n_electrodes, n_local) Z_e [1/mS]; one solver by multigrid for all electrodes. Collective.

    sigma  (n_local_elements, 3, 3) mS/mm;  nodes  local owned node of each electrode, -1 on ranks that do not own it
    A body in pieces is its largest one. Raises InputError for an electrode elsewhere, RunError when a solve does not
    converge.
    """
    solver = DirichletSolver(stiffness(part, sigma, extent), np.zeros(part.n_local, bool), "lead_field", rtol)
    _require_connected(part, solver.kernel.owned, nodes)
    volume = _volumes(part, sigma.any(axis=(1, 2)) * (1.0 if extent is None else extent)) * solver.kernel.owned
    everywhere = volume / sum_over(part.comm, float(volume.sum()))
    fields = [Field(part, "lead field", "1/mS") for _ in nodes]
    for node, field in zip(nodes, fields, strict=True):
        source = -everywhere
        if node >= 0:
            source[node] += 1.0
        solver.solve(None, field, source)
    return np.array([field.local for field in fields])


def _require_connected(part: Part, body: np.ndarray, nodes: Sequence[int]) -> None:
    """``body``: (n_owned,) 1 in the piece of what conducts on which fields are solved, 0 elsewhere."""
    for node in nodes:
        lost = node >= 0 and not body[node]
        if sum_over(part.comm, int(lost)):
            x, y, z = sum_over(part.comm, part.points[node] if lost else np.zeros(3))
            raise InputError(
                f"ecg.electrodes: nothing that conducts connects the one at ({x:.4g}, {y:.4g}, {z:.4g}) mm with most "
                "of the body: move it, or give what lies between a conductivity"
            )


def _volumes(part: Part, extent: np.ndarray) -> np.ndarray:
    """(n_owned,) shares of the elements' volumes, equal at their corners."""
    result = np.zeros(part.n_local)
    for which, corners in kinds(part):
        share = measures(part.points, corners) * extent[which] / corners.shape[1]
        add_at(result, corners, share[:, None])
    return result[: part.n_owned]


def weights(part: Part, sigma_i: np.ndarray, fields: np.ndarray, extent: np.ndarray | None = None) -> np.ndarray:
    """(n_electrodes, n_owned) w = -K_i Z_e on the tissue ``part``, for fields (n_electrodes, n_local): see ecg.py.

    Element by element: for a few fields that costs a third of assembling K_i.
    """
    values, result = np.ascontiguousarray(fields.T), np.zeros(fields.T.shape)
    for nodes, local in element_stiffness(part, sigma_i, extent):
        currents = (local @ values[nodes]).reshape(nodes.size, -1)
        ends = (np.ones(nodes.size), nodes.ravel(), np.arange(nodes.size + 1))
        result -= csr_array(ends, shape=(nodes.size, part.n_local)).T @ currents
    return result[: part.n_owned].T


def electrode_node(part: Part, place: np.ndarray, allowed: np.ndarray) -> tuple[int, np.ndarray, float]:
    """The node nearest to ``place``: its local number (-1 on ranks that do not own it), where it is, how far.

    allowed  (n_owned,) bool. Of equally near nodes the one with the lowest of node_ids, on any ranks. Collective.
    """
    distance = np.where(allowed, np.linalg.norm(part.points[: part.n_owned] - place, axis=1), np.inf)
    best = float(distance.min(initial=np.inf))  # a rank may own no node
    ties = np.flatnonzero(distance == best)
    node = int(ties[part.node_ids[ties].argmin()]) if len(ties) else -1
    best, _, owner = min_over(part.comm, (best, int(part.node_ids[node]) if len(ties) else 0, part.comm.rank))
    where = part.comm.bcast(part.points[node] if node >= 0 else None, root=owner)
    return (node if owner == part.comm.rank else -1), where, best


def interpolated(torso: Part, fields: np.ndarray, points: np.ndarray, key: str) -> np.ndarray:
    """(n_fields, n_points) values at ``points`` (n_points, 3) mm of this rank of P1 fields (n_fields, n_local).

    Every rank is given the elements around all ranks' points, so the torso may be split in another way than they.
    Raises InputError, on all ranks, naming ``key`` when a point lies outside the torso.
    """
    corners, values = _around(torso, fields, points)
    elements, shares = locate(corners, points)
    _all_inside(torso, points[elements < 0], len(points), key)
    return np.einsum("pk,pkf->fp", shares, values[elements])


def _around(torso: Part, fields: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners (n, 4, 3) and values (n, 4, n_fields) of all ranks' tetrahedra in the box of all ranks' points."""
    comm = torso.comm
    low = _least(comm, points.min(axis=0, initial=np.inf)) - MARGIN
    high = -_least(comm, -points.max(axis=0, initial=-np.inf)) + MARGIN
    mine = torso.elements[: torso.n_owned_elements]
    mine = mine[mine[:, 3] >= 0, :4] if mine.shape[1] >= 4 else np.zeros((0, 4), int)
    corners = torso.points[mine]
    near = ((corners.max(axis=1) >= low) & (corners.min(axis=1) <= high)).all(axis=1)
    gathered = comm.allgather((corners[near], fields.T[mine[near]]))
    return np.concatenate([c for c, _ in gathered]), np.concatenate([v for _, v in gathered])


def _least(comm, values: np.ndarray) -> np.ndarray:
    return np.min(comm.allgather(values), axis=0)


def _all_inside(torso: Part, lost: np.ndarray, count: int, key: str) -> None:
    n_lost, total = sum_over(torso.comm, len(lost)), sum_over(torso.comm, count)
    if n_lost:
        example = next(e for e in torso.comm.allgather(lost[0] if len(lost) else None) if e is not None)
        raise InputError(
            f"{key}: {n_lost:,} of the heart's {total:,} nodes lie outside the torso, one at "
            f"({example[0]:.4g}, {example[1]:.4g}, {example[2]:.4g}) mm; the torso reaches {reach(torso)}. Do both "
            "meshes have the same origin and the right unit?"
        )
