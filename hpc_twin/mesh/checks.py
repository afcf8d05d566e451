"""What is wrong with a mesh, and what can be mended without asking."""

from dataclasses import dataclass, replace

import numpy as np

from hpc_twin.mesh.defects import (
    coincident_nodes,
    degenerate_elements,
    duplicate_elements,
    inverted_elements,
    out_of_plane,
    pieces,
    used_nodes,
)
from hpc_twin.mesh.model import NAMES, Mesh
from hpc_twin.parallel import InputError

FARTHEST = 1e9
ERROR, WARNING, MENDED = "error", "warning", "mended"


@dataclass(frozen=True)
class Finding:
    """One thing that looks wrong. ``severity``: error (refused), warning, or mended (repaired puts it right)."""

    severity: str
    what: str
    text: str


def usable(mesh: Mesh, source) -> tuple[Mesh, list[str]]:
    """Return the mesh as one can compute on it, and a sentence for all that was mended or looks wrong.

    Raises InputError naming ``source`` and every error found.
    """
    findings = problems(mesh)
    errors = [finding.text for finding in findings if finding.severity == ERROR]
    if errors:
        raise InputError(f"{source}: " + "; ".join(errors))
    return repaired(mesh), [finding.text for finding in findings]


def local_problems(mesh: Mesh) -> list[Finding]:
    """What ``problems`` finds that can be seen in a part of a mesh, where the rest may be right."""
    directed = (*_directions("fibres", mesh.fibres), *_directions("sheets", mesh.sheets))
    return _coordinates(mesh) or [*_degenerate(mesh), *directed, *_inverted(mesh), *_duplicates(mesh)]


def problems(mesh: Mesh) -> list[Finding]:
    """All findings, errors first. Does not look at shapes when coordinates or node indices are no good."""
    basic = [*_shape(mesh), *_coordinates(mesh), *_indices(mesh)]
    if basic:
        return basic
    found = [
        *_degenerate(mesh),
        *_directions("fibres", mesh.fibres),
        *_directions("sheets", mesh.sheets),
        *_never_set(mesh),
        *_out_of_plane(mesh),
        *_inverted(mesh),
        *_duplicates(mesh),
        *_unused(mesh),
        *_coincident(mesh),
        *_pieces(mesh),
    ]
    return sorted(found, key=lambda finding: (ERROR, WARNING, MENDED).index(finding.severity))


def repaired(mesh: Mesh) -> Mesh:
    """Return the mesh with positive tetrahedra, each element once, and no node without an element.

    Nodes keep their order; ``file_ids`` tells each one's index in the file. The same mesh if nothing is wrong.
    """
    mesh = _without_unused(_without_duplicates(mesh))
    inverted = inverted_elements(mesh)
    if not len(inverted):
        return mesh
    elements = mesh.elements.copy()
    elements[inverted, 2], elements[inverted, 3] = mesh.elements[inverted, 3], mesh.elements[inverted, 2]
    return replace(mesh, elements=elements)


def _without_unused(mesh: Mesh) -> Mesh:
    used = used_nodes(mesh)
    if used.all():
        return mesh
    new = np.full(mesh.n_nodes + 1, -1, dtype=np.int64)
    new[:-1][used] = np.arange(used.sum())
    ids = np.arange(mesh.n_nodes) if mesh.file_ids is None else mesh.file_ids
    sets = {name: new[nodes][new[nodes] >= 0] for name, nodes in mesh.node_sets.items()}
    return replace(mesh, points=mesh.points[used], elements=new[mesh.elements], file_ids=ids[used], node_sets=sets)


def _without_duplicates(mesh: Mesh) -> Mesh:
    drop = duplicate_elements(mesh)
    if not len(drop):
        return mesh
    return replace(
        mesh,
        elements=np.delete(mesh.elements, drop, axis=0),
        regions=np.delete(mesh.regions, drop),
        fibres=None if mesh.fibres is None else np.delete(mesh.fibres, drop, axis=0),
        sheets=None if mesh.sheets is None else np.delete(mesh.sheets, drop, axis=0),
    )


def _shape(mesh: Mesh) -> list[Finding]:
    if mesh.n_elements and mesh.n_nodes:
        return []
    return [Finding(ERROR, "empty", f"the mesh has {mesh.n_nodes} nodes and {mesh.n_elements} elements")]


def _coordinates(mesh: Mesh) -> list[Finding]:
    bad = np.flatnonzero(~(np.abs(mesh.points) < FARTHEST).all(axis=1))
    text = f"nodes have coordinates that are NaN, infinite or beyond {FARTHEST:g} mm"
    return _finding(ERROR, "coordinates", bad, text, "node")


def _indices(mesh: Mesh) -> list[Finding]:
    outside = (mesh.elements < -1) | (mesh.elements >= mesh.n_nodes)
    bad = np.flatnonzero(outside.any(axis=1) | (mesh.sizes < 2))
    return _finding(ERROR, "indices", bad, f"elements have nodes outside 0 to {mesh.n_nodes - 1}", "element")


def _degenerate(mesh: Mesh) -> list[Finding]:
    bad = degenerate_elements(mesh)
    kinds = " or ".join(NAMES[size] for size in np.unique(mesh.sizes[bad]).tolist())
    text = f"elements ({kinds}) are degenerate: their volume, area or length is zero"
    return _finding(ERROR, "degenerate", bad, text, "element")


def _directions(name: str, vectors: np.ndarray | None) -> list[Finding]:
    if vectors is None:
        return []
    length = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~(np.abs(length - 1) < 1e-3))
    return _finding(ERROR, name, bad, f"elements have {name} of zero length or NaN", "element")


def _never_set(mesh: Mesh) -> list[Finding]:
    """The same oblique direction everywhere, such as 1 1 1, was hardly meant."""
    if mesh.fibres is None or mesh.n_elements < 2:
        return []
    first = mesh.fibres[0]
    if (np.abs(first) < 1e-6).any() or not (np.abs(mesh.fibres - first) < 1e-9).all():
        return []
    shown = ", ".join(f"{part:.3f}" for part in first)
    return [Finding(WARNING, "never set", f"fibres are ({shown}) in every element: were they ever set?")]


def _out_of_plane(mesh: Mesh) -> list[Finding]:
    if mesh.fibres is None:
        return []
    bad = out_of_plane(mesh)
    return _finding(
        WARNING, "out of plane", bad, "triangles have fibres more than 30 degrees off their plane", "element"
    )


def _inverted(mesh: Mesh) -> list[Finding]:
    bad = inverted_elements(mesh)
    if len(bad) and len(bad) == int((mesh.sizes == 4).sum()):
        return [Finding(MENDED, "inverted", f"all {len(bad)} tetrahedra are numbered left-handed: turned round")]
    return _finding(MENDED, "inverted", bad, "tetrahedra are inverted: turned round", "element")


def _duplicates(mesh: Mesh) -> list[Finding]:
    bad = duplicate_elements(mesh)
    return _finding(MENDED, "duplicates", bad, "elements repeat an earlier one: left out", "element")


def _unused(mesh: Mesh) -> list[Finding]:
    return _finding(MENDED, "unused", np.flatnonzero(~used_nodes(mesh)), "nodes belong to no element: left out", "node")


def _coincident(mesh: Mesh) -> list[Finding]:
    text = "nodes lie in the place of another one (no current flows between them unless an element joins them)"
    return _finding(WARNING, "coincident", coincident_nodes(mesh), text, "node")


def _pieces(mesh: Mesh) -> list[Finding]:
    counts = pieces(mesh)
    if len(counts) < 2:
        return []
    shown = ", ".join(str(count) for count in counts[:5].tolist()) + (", ..." if len(counts) > 5 else "")
    text = f"the mesh is in {len(counts)} pieces that do not touch ({shown} nodes): no wave goes from one to another"
    return [Finding(WARNING, "pieces", text)]


def _finding(severity: str, what: str, bad: np.ndarray, text: str, kind: str) -> list[Finding]:
    """A finding with its count and first places, or none."""
    if not len(bad):
        return []
    first = ", ".join(str(index) for index in bad[:5].tolist()) + (", ..." if len(bad) > 5 else "")
    return [Finding(severity, what, f"{len(bad)} {text} ({kind} {first}, counted from 0)")]
