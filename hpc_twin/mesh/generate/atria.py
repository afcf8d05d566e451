"""An idealised right atrium: the surface of an ellipsoid with the openings of its two veins and its valve."""

import numpy as np

from hpc_twin.mesh.generate.gmsh_model import ellipsoid, gmsh_model, triangles
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import InputError

# mm at scale 1, after Ho & Sanchez-Quintana (2009), Clin Anat 22:99; directions from the centre, z up, x to the valve
AXES = (24.0, 20.0, 28.0)
OPENINGS = {"tv": ((1.0, 0.0, -0.3), 15.0), "svc": ((-0.35, 0.0, 1.0), 8.0), "ivc": ((-0.4, 0.0, -1.0), 9.0)}


def right_atrium(scale: float = 1.0, h: float = 1.0) -> Mesh:
    """Triangles of edge ``h`` mm on an ellipsoid of the size of a human right atrium times ``scale``.

    Region 1 "right atrium"; node sets tv, svc, ivc: the rims of the tricuspid valve and the superior and inferior caval
    veins. Raises InputError for sizes that make no atrium.
    """
    for key, value in {"scale": scale, "h": h}.items():
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"right_atrium: found {key} = {value}, allowed is above 0")
    if h > 4 * scale:
        raise InputError(f"right_atrium: found h = {h:g} mm, allowed is at most half a vein's radius, {4 * scale:g} mm")
    axes = scale * np.array(AXES)
    with gmsh_model("right_atrium") as gmsh:
        tubes = [_tube(gmsh, direction, scale * radius, 2 * axes.max()) for direction, radius in OPENINGS.values()]
        gmsh.model.occ.cut([ellipsoid(gmsh, (0, 0, 0), axes)], tubes)
        points, elements = triangles(
            gmsh, h, lambda nodes: np.abs(np.linalg.norm(nodes / axes, axis=1) - 1).max() < 1e-3
        )
    return Mesh(
        points,
        elements,
        np.ones(len(elements), np.int32),
        region_names={1: "right atrium"},
        node_sets=_rims(points, elements, scale),
    )


def _tube(gmsh, direction, radius: float, length: float) -> tuple[int, int]:
    along = length * np.array(direction) / np.linalg.norm(direction)
    return 3, gmsh.model.occ.addCylinder(0, 0, 0, *along, radius)


def _rims(points: np.ndarray, elements: np.ndarray, scale: float) -> dict[str, np.ndarray]:
    """Nodes of edges that one triangle alone has, each in the opening whose wall it is nearest to."""
    edges = np.sort(elements[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    found, count = np.unique(edges, axis=0, return_counts=True)
    rim = np.unique(found[count == 1])
    misfit = []
    for direction, radius in OPENINGS.values():
        axis = np.array(direction) / np.linalg.norm(direction)
        height = points[rim] @ axis
        away = np.linalg.norm(points[rim] - height[:, None] * axis, axis=1)
        misfit.append(np.where(height > 0, np.abs(away - scale * radius), np.inf))
    nearest = np.argmin(misfit, axis=0)
    return {name: rim[nearest == number] for number, name in enumerate(OPENINGS)}
