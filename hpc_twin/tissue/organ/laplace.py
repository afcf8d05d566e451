"""Harmonic coordinates of an organ: Laplace's equation between named node sets, and smooth gradients of it."""

from collections.abc import Mapping, Sequence

import numpy as np

from hpc_twin.fem import Field, Matrix, add_at, gradients, measures, stiffness, with_ghosts
from hpc_twin.fem.assembly import all_nodes, kinds
from hpc_twin.fem.dirichlet import DirichletSolver
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, nearest, sum_over


def laplace(part: Part, values: Mapping[str, float], name: str = "phi") -> Field:
    """The field phi with  -div grad phi = 0,  phi = values[s] on node set s,  no flux through the rest; unit 1.

    A node in several of the sets takes the mean of their values. Raises InputError for an unknown or empty set.
    """
    return harmonics(part, [values], name)[0]


def harmonics(
    part: Part, problems: Sequence[Mapping[str, float]], name: str = "phi", operator: Matrix | None = None
) -> list[Field]:
    """Solve as ``laplace`` does for several values on the same node sets; the solver is set up once.

    ``operator`` is ``laplacian(part)`` for those who have it already.
    """
    sets = list(problems[0])
    require(part, sets)
    members = np.zeros((len(sets), part.n_local))
    for row, key in zip(members, sets, strict=True):
        row[part.node_sets[key]] = 1.0
    share = members / np.maximum(members.sum(axis=0), 1.0)
    solver = DirichletSolver(operator or laplacian(part), members.any(axis=0))
    fields = [Field(part, name, "1") for _ in problems]
    for values, field in zip(problems, fields, strict=True):
        solver.solve(np.array([values[key] for key in sets]) @ share, field)
    return fields


def laplacian(part: Part) -> Matrix:
    """K_ab = sum over elements of  int grad(phi_a) . grad(phi_b)  [mm for tetrahedra]."""
    return stiffness(part, np.broadcast_to(np.eye(3), (len(part.elements), 3, 3)))


def require(part: Part, sets: Sequence[str]) -> None:
    """Raise InputError on all ranks for a node set that is not there or holds no node."""
    have = ", ".join(sorted(part.node_sets)) or "none"
    for key in sets:
        if key not in part.node_sets:
            raise InputError(f"the mesh has no node set '{key}', it has: {have}{nearest(key, part.node_sets)}")
        if sum_over(part.comm, len(part.node_sets[key])) == 0:
            raise InputError(f"the mesh's node set '{key}' is empty; it needs at least one node")


def smooth_gradients(part: Part, fields: Sequence[Field]) -> list[np.ndarray]:
    """(n_local_elements, 3) gradient of each P1 field, its unit per mm, averaged to nodes and back to elements.

    At node a: sum over elements |e| grad_e / sum |e| (Zienkiewicz & Zhu 1992's patch average). An element whose nodes
    all lie on one surface, where phi is constant, gets its neighbours' direction instead of zero.
    """
    slopes = np.concatenate([element_gradients(part, field.local) for field in fields], axis=1)
    return np.split(on_elements(part, patch_mean(part, slopes)), len(fields), axis=1)


def element_gradients(part: Part, nodal: np.ndarray) -> np.ndarray:
    """(n_local_elements, 3) gradient of ``nodal`` (n_local,), linear between the corners, its unit per mm."""
    result = np.zeros((len(part.elements), 3))
    for which, elements in kinds(part):
        result[which] = np.einsum("nk,nkx->nx", nodal[elements], gradients(part.points, elements))
    return result


def patch_mean(part: Part, values: np.ndarray) -> np.ndarray:
    """(n_local, k) mean over the elements around each node, weighted by size, of ``values`` (n_local_elements, k)."""
    total = np.zeros((values.shape[1] + 1, part.n_local))
    for which, elements in kinds(part):
        size = measures(part.points, elements)
        weighted = np.column_stack((values[which] * size[:, None], size)).T
        add_at(total, all_nodes(part, which, elements), weighted[:, :, None])
    owned = total[:-1, : part.n_owned] / total[-1, : part.n_owned]
    return np.column_stack([with_ghosts(part, column) for column in owned])


def divergence(part: Part, flux: np.ndarray) -> np.ndarray:
    """(n_owned,) int X . grad v of every owned node's shape function, for ``flux`` X (n_local_elements, 3)."""
    total = np.zeros(part.n_local)
    for which, elements in kinds(part):
        size, slopes = measures(part.points, elements), gradients(part.points, elements)
        values = size[:, None] * np.einsum("nkx,nx->nk", slopes, flux[which])
        add_at(total, elements, values)
    return total[: part.n_owned]


def on_elements(part: Part, nodal: np.ndarray) -> np.ndarray:
    """(n_local_elements, ...) mean over each element's nodes of nodal values (n_local, ...)."""
    result = np.zeros((len(part.elements), *nodal.shape[1:]))
    for which, elements in kinds(part):
        result[which] = nodal[elements].mean(axis=1)
    return result


def highest(part: Part, elements: np.ndarray) -> np.ndarray:
    """(n_local,) the highest of the values (n_local_elements,) of the elements around each node; collective."""
    field = Field(part, "highest", "1", -np.inf)
    for corner in part.element_nodes.T:
        np.maximum.at(field.local, corner[corner >= 0], elements[corner >= 0])
    field.touched()
    field.update_ghosts()
    return field.local
