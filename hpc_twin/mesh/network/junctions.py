"""Join a network to the muscle of a mesh: its cables and its junctions become lines of the one mixed mesh."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial import cKDTree

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.network.model import Network
from hpc_twin.parallel import InputError

JUNCTION = "purkinje_junction"
SIGMA = 1.0  # mS/mm: conductivity that junction lines are meant for; their cross-section makes up for it
APART = 1e-3  # mm: a terminal nearer than this to a node of the muscle is moved off it, for a line needs a length
FARTHEST = 10.0  # mm: no junction is so long


@dataclass(frozen=True)
class Junctions:
    """Each terminal meets the muscle's nodes within ``radius`` [mm], at least the nearest one, through ``resistance``
    [kOhm] in all; cables have ``cross_section`` [mm^2], but those of kinds in ``others``."""

    radius: float
    resistance: float
    cross_section: float
    others: dict[str, float] = field(default_factory=dict)


def joined(mesh: Mesh, network: Network, how: Junctions, muscle: np.ndarray | None = None) -> tuple[Mesh, str]:
    """``mesh`` with the network's points as further nodes, its lines and junctions as further elements, and a word.

    A terminal with N junctions has lines of stiffness G [[1, -1], [-1, 1]], G = 1 / (N R): with the length l of a line
    and sigma = SIGMA, an extent of G l / sigma. They shall have no membrane (mass of weight 0).
    Regions: the network's kinds and JUNCTION, with new tags; node sets: the network's sites and "purkinje_terminals".

    muscle  (n_elements,) which elements may be joined to; default all
    Raises InputError where a terminal is farther than FARTHEST from every node of the muscle, or a name is taken.
    """
    elements = mesh.elements if muscle is None else mesh.elements[muscle]
    nodes = np.unique(elements[elements >= 0])
    tree = cKDTree(mesh.points[nodes])
    points = _moved_off(network, tree)
    pairs, share = _pairs(points[network.terminals], tree, how.radius)
    lines = np.concatenate([network.lines + mesh.n_nodes, np.column_stack(
        (network.terminals[pairs[:, 0]] + mesh.n_nodes, nodes[pairs[:, 1]]))])  # fmt: skip
    kinds = np.concatenate([network.kinds, np.full(len(pairs), JUNCTION)])
    whole = np.concatenate([mesh.points, points])
    length = np.linalg.norm(whole[lines[:, 1]] - whole[lines[:, 0]], axis=1)
    extents = np.array([how.others.get(kind, how.cross_section) for kind in kinds])
    extents[len(network.lines) :] = length[len(network.lines) :] * share / (how.resistance * SIGMA)
    word = (
        f"conduction system: {network.branches:,} cables of {network.lengths.sum():,.0f} mm in all, "
        f"{len(network.terminals):,} terminals, {len(pairs) / max(len(network.terminals), 1):.1f} junctions at each"
    )
    return _appended(mesh, whole, lines, kinds, extents, network), word


def _moved_off(network: Network, tree: cKDTree) -> np.ndarray:
    """Points, terminals that coincide with a node of the muscle moved by APART."""
    points, where = network.points.copy(), network.terminals
    close = where[tree.query(points[where])[0] < APART] if len(where) else where
    points[close] += APART / 3**0.5
    return points


def _pairs(terminals: np.ndarray, tree: cKDTree, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) number of the terminal and of the node it meets, and (n,) one over how many the terminal has."""
    if not len(terminals):
        return np.zeros((0, 2), int), np.zeros(0)
    nearest, first = tree.query(terminals)
    if nearest.max() > FARTHEST:
        k = int(nearest.argmax())
        place = ", ".join(f"{x:.4g}" for x in terminals[k])
        raise InputError(
            f"a terminal of the network at ({place}) mm is {nearest[k]:.3g} mm away from the muscle: are both in one "
            "unit and place?"
        )
    found = [sorted({int(k), *ball}) for k, ball in zip(first, tree.query_ball_point(terminals, radius), strict=True)]
    count = np.array([len(nodes) for nodes in found])
    pairs = np.column_stack((np.repeat(np.arange(len(found)), count), np.concatenate(found)))
    return pairs, 1.0 / np.repeat(count, count)


def _appended(mesh: Mesh, points, lines, kinds, extents, network: Network) -> Mesh:
    names, which = np.unique(kinds, return_inverse=True)
    taken = set(names.tolist()) & set(mesh.region_names.values())
    if taken:
        raise InputError(f"the mesh has a region '{min(taken)}' already, which the conduction system would add")
    first = max(int(mesh.regions.max(initial=0)), 0) + 1
    padded = np.full((len(lines), mesh.width), -1)
    padded[:, :2] = lines
    along = points[lines[:, 1]] - points[lines[:, 0]]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    sites = {**network.sites, "purkinje_terminals": network.terminals}
    ids = np.arange(mesh.n_nodes) if mesh.file_ids is None else mesh.file_ids
    return replace(
        mesh,
        points=points,
        elements=np.concatenate([mesh.elements, padded]),
        regions=np.concatenate([mesh.regions, first + which.ravel()]).astype(np.int32),
        fibres=None if mesh.fibres is None else np.concatenate([mesh.fibres, along]),
        sheets=None if mesh.sheets is None else np.concatenate([mesh.sheets, _across(along)]),
        region_names={**mesh.region_names, **{first + i: str(name) for i, name in enumerate(names)}},
        node_sets={**mesh.node_sets, **{name: np.sort(where) + mesh.n_nodes for name, where in sites.items()}},
        file_ids=None if mesh.file_ids is None else np.concatenate([ids, np.arange(mesh.n_nodes, len(points))]),
        extents=np.concatenate([_extents(mesh), extents]),
    )


def _extents(mesh: Mesh) -> np.ndarray:
    return np.full(mesh.n_elements, np.nan) if mesh.extents is None else mesh.extents


def _across(along: np.ndarray) -> np.ndarray:
    """(n, 3) unit vectors at right angles to unit vectors: where a mesh has sheets, lines need some."""
    spare = np.eye(3)[np.abs(along).argmin(axis=1)]
    across = spare - (spare * along).sum(axis=1, keepdims=True) * along
    return across / np.linalg.norm(across, axis=1, keepdims=True)
