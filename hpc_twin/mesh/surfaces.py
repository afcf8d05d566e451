"""Names for the surfaces of a ventricular mesh that has none: epicardium, endocardia, base."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.visibility import sky
from hpc_twin.parallel import InputError

OUTSIDE, CAVITY, BASE = 0, 1, 2
HIDDEN = 0.66  # share of the sky: flat or convex outside 0.5, a deep cavity's rim 0.75, its bottom nearly 1
TOPWARD = 0.7  # cosine between a base face's normal and the axis
CRUMB = 0.01  # of the whole surface: smaller patches go to what surrounds them
CHAMBER = 0.1  # of the endocardial surface: smaller ones are no chamber
THICKER = 1.2  # the LV's wall against the RV's
HINT = "give the node sets (lv, rv, epi, base or endo, epi, base) in the mesh file"


@dataclass(frozen=True)
class Faces:
    """Boundary faces: nodes (n, 3), outward unit normals, centres [mm], areas [mm^2]; pairs (m, 2) share an edge."""

    nodes: np.ndarray
    normals: np.ndarray
    centres: np.ndarray
    areas: np.ndarray
    pairs: np.ndarray

    def patches(self, label: np.ndarray) -> np.ndarray:
        """(n,) number of the connected patch of equal ``label`` that each face belongs to."""
        a, b = self.pairs[label[self.pairs[:, 0]] == label[self.pairs[:, 1]]].T
        graph = coo_array((np.ones(len(a), bool), (a, b)), shape=(len(label),) * 2)
        return connected_components(graph, directed=False)[1]


def with_surfaces(mesh: Mesh, axis: np.ndarray | None = None) -> Mesh:
    """The mesh with node sets epi, base and lv, rv (two cavities) or endo (one), found from its shape alone.

    A face belongs to a cavity where its surroundings hide most of the sky; the axis is where cavities see the sky, or
    ``axis`` (3,), from apex to base; base is what faces that way beside the cavities' rims; the LV is the cavity with
    the thicker wall. Base nodes at a rim belong to both sets. Sets that the mesh had under these names are replaced.
    Raises InputError, saying what to do, for meshes that are not of tetrahedra, or whose cavities cannot be told apart.
    """
    if mesh.width != 4 or (mesh.sizes < 4).any():
        raise InputError("surfaces can be found on meshes of tetrahedra only; this one has triangles or lines")
    faces = boundary(mesh)
    hidden, opening = sky(mesh.points, mesh.elements, faces.centres, faces.normals)
    label = _cleaned(faces, np.where(hidden > HIDDEN, CAVITY, OUTSIDE))
    axis = _axis(faces, label, opening) if axis is None else _given(axis)
    label = _with_base(faces, label, axis)
    sets = _cavities(faces, label)
    sets |= {"epi": np.unique(faces.nodes[label == OUTSIDE]), "base": np.unique(faces.nodes[label == BASE])}
    words = ", ".join(f"{name} {len(nodes):,}" for name, nodes in sorted(sets.items()))
    note = f"surfaces found from the shape (nodes: {words}); look at them before you trust them"
    return replace(mesh, node_sets={**mesh.node_sets, **sets}, notes=(*mesh.notes, note))


def boundary(mesh: Mesh) -> Faces:
    """Faces that belong to one tetrahedron only."""
    local = np.array([[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]])
    nodes = mesh.elements[:, local].reshape(-1, 3)
    single = _single(np.sort(nodes, axis=1))
    nodes, opposite = nodes[single], mesh.elements.reshape(-1)[single]
    corners = mesh.points[nodes]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = ((mesh.points[opposite] - corners[:, 0]) * normals).sum(axis=1) > 0
    normals = np.where(inward[:, None], -normals, normals)
    length = np.linalg.norm(normals, axis=1)
    unit = normals / np.maximum(length, 1e-300)[:, None]
    return Faces(nodes, unit, corners.mean(axis=1), length / 2, _neighbours(nodes, mesh.n_nodes))


def _single(rows: np.ndarray) -> np.ndarray:
    """Indices of the rows (sorted triples) that occur once."""
    order = np.lexsort(rows.T)
    same = (rows[order[1:]] == rows[order[:-1]]).all(axis=1)
    once = ~(np.append(same, False) | np.insert(same, 0, False))
    return np.sort(order[once])


def _neighbours(nodes: np.ndarray, n_nodes: int) -> np.ndarray:
    """(m, 2) faces that share an edge; an edge of more than two faces joins them in a chain."""
    ends = np.sort(nodes[:, [[0, 1], [1, 2], [2, 0]]], axis=2).reshape(-1, 2)
    key = ends[:, 0] * n_nodes + ends[:, 1]
    order = np.argsort(key, kind="stable")
    same = key[order[1:]] == key[order[:-1]]
    return np.column_stack((order[:-1][same], order[1:][same])) // 3


def _cleaned(faces: Faces, label: np.ndarray) -> np.ndarray:
    """Patches below CRUMB of the surface take the label of the most of their neighbours."""
    patch = faces.patches(label)
    crumb = np.bincount(patch, faces.areas) < CRUMB * faces.areas.sum()
    a, b = np.concatenate((faces.pairs, faces.pairs[:, ::-1])).T
    outer = crumb[patch[a]] & (patch[a] != patch[b])
    votes = np.zeros((len(crumb), 3))
    np.add.at(votes, (patch[a][outer], label[b][outer]), 1)
    wanted = np.where(votes.any(axis=1), votes.argmax(axis=1), -1)[patch]
    return np.where(crumb[patch] & (wanted >= 0), wanted, label)


def _axis(faces: Faces, label: np.ndarray, opening: np.ndarray) -> np.ndarray:
    """(3,) where the cavities' faces see the sky, on average."""
    inside = label == CAVITY
    if not inside.any():
        raise InputError(f"found no cavity in the mesh: {HINT}")
    total = (faces.areas[inside, None] * opening[inside]).sum(axis=0)
    length = np.linalg.norm(total)
    if length < 0.01 * faces.areas[inside].sum():
        raise InputError(f"the cavities in the mesh have no opening on one side, so there is no base: {HINT}")
    return total / length


def _given(axis: np.ndarray) -> np.ndarray:
    axis = np.asarray(axis, float)
    length = np.linalg.norm(axis)
    if axis.shape != (3,) or not (np.isfinite(length) and length > 0):
        raise InputError(f"axis from apex to base: found {axis.tolist()}, allowed are three numbers, not all zero")
    return axis / length


def _with_base(faces: Faces, label: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Mark as base the patches outside that face along the axis and touch a cavity."""
    top = np.where((label == OUTSIDE) & (faces.normals @ axis > TOPWARD), BASE, label)
    top = _cleaned(faces, top)
    patch = faces.patches(top)
    a, b = np.concatenate((faces.pairs, faces.pairs[:, ::-1])).T
    touching = np.zeros(patch.max() + 1, bool)
    touching[patch[a[top[b] == CAVITY]]] = True
    top = np.where((top == BASE) & ~touching[patch], OUTSIDE, top)
    if not (top == BASE).any():
        raise InputError(f"found no base around the cavities' openings: {HINT}, or the axis from apex to base")
    return top


def _cavities(faces: Faces, label: np.ndarray) -> dict[str, np.ndarray]:
    """Node sets of the one or two chambers; smaller cavities go to the nearest of them."""
    inside = label == CAVITY
    patch = np.where(inside, faces.patches(label), -1)
    area = np.bincount(patch[inside], faces.areas[inside])
    chambers = np.flatnonzero(area > CHAMBER * area.sum())
    if len(chambers) > 2:
        raise InputError(f"found {len(chambers)} cavities in the mesh, ventricles have one or two: {HINT}")
    if len(chambers) == 1:
        return {"endo": np.unique(faces.nodes[inside])}
    outside = cKDTree(faces.centres[label == OUTSIDE])
    depth = [float(np.quantile(outside.query(faces.centres[patch == c])[0], 0.25)) for c in chambers]
    thick, thin = max(depth), min(depth)
    if thick < THICKER * thin:
        raise InputError(f"cannot tell LV from RV: walls of {thick:.3g} and {thin:.3g} mm around them; {HINT}")
    order = chambers[np.argsort(depth)]
    return {name: np.unique(faces.nodes[patch == c]) for name, c in zip(("rv", "lv"), order, strict=True)}
