"""The ventricles with an outflow tract on the right and four valves, for rules that want them."""

import numpy as np

from hpc_twin.mesh.generate.gmsh_model import cut_above, ellipsoid, gmsh_model, tetrahedra
from hpc_twin.mesh.generate.hearts import LV_WALL, RV_WALL, bodies_of, check, heart, sets_of
from hpc_twin.mesh.model import Mesh

TRACT = (32.0, 21.0)  # mm at scale 1: where its axis, along z, stands in the anterior end of the RV's crescent
AORTIC = np.radians((10.0, 80.0))  # of the LV's base, seen from its axis: between septum and anterior wall
SUNK = 6.0  # mm of the tract's wall below the base, where it meets the walls


def biventricle_outflow(
    scale: float = 1.0, h: float = 2.0, tract_radius: float = 8.0, tract_height: float = 20.0, tract_wall: float = 4.0
) -> Mesh:
    """``biventricle`` of standard shape with a right outflow tract: a tube from the anterior end. Lengths in mm.

    tract_radius, tract_height  of the tube's cavity and above the base;  tract_wall  its thickness, the RV wall's too

    Regions as of biventricle. Node sets lv, rv (endocardia), epi, base (all valves), and the valves: mv and av share
    the LV's base, av the part between septum and anterior wall; tv is the RV's base, pv the rim of the tract.
    Raises InputError for sizes that make no heart.
    """
    walls = {"tract_wall": tract_wall}
    check("biventricle_outflow", scale, h, walls, tract_radius=tract_radius, tract_height=tract_height)
    bodies, base = bodies_of(scale, 23.0, 62.0, 10.0, 8.0, 55.0, 58.0, tract_wall), 18.0 * scale
    top = base + scale * tract_height
    tube = (scale * tract_radius, scale * (tract_radius + tract_wall))
    with gmsh_model("biventricle_outflow") as gmsh:
        _build(gmsh, bodies, base, top, scale * SUNK, tube, 3 * scale * 62)
        points, elements, faces = tetrahedra(gmsh, h)
    centres = points[elements].mean(axis=1)
    regions = np.where((bodies["lv epi"].level(centres) < 0) & (centres[:, 2] < base), LV_WALL, RV_WALL)
    sets = _named(points, faces, bodies, base, top, tube, scale)
    return heart(points, elements, regions, {LV_WALL: "lv wall", RV_WALL: "rv wall"}, sets)


def _build(gmsh, bodies, base: float, top: float, sunk: float, tube, extent: float) -> None:
    """(lv epi - lv) + (rv epi + tube's outside) - (rv + tube's inside - lv epi), the ventricles cut at the base."""
    occ = gmsh.model.occ
    solid = {name: ellipsoid(gmsh, body.centre, body.axes) for name, body in bodies.items()}
    lv, lv_epi, rv, rv_epi = (cut_above(gmsh, [solid[n]], base, extent) for n in ("lv", "lv epi", "rv", "rv epi"))
    foot = (*_axis(bodies, tube), base - sunk)
    inner, outer = ((3, occ.addCylinder(*foot, 0, 0, top - foot[2], radius)) for radius in tube)
    blood = occ.cut(occ.fuse(rv, [inner])[0], lv_epi, removeTool=False)[0]
    whole = occ.fuse(occ.fuse(lv_epi, rv_epi)[0], [outer])[0]
    occ.cut(whole, [*lv, *blood])


def _axis(bodies, tube) -> tuple[float, float]:
    """Where the tract stands, in mm."""
    scale = bodies["lv"].axes[0] / 23.0
    return scale * TRACT[0], scale * TRACT[1]


def _named(points, faces, bodies, base: float, top: float, tube, scale: float) -> dict[str, np.ndarray]:
    """Node sets from faces: those of the tube by their radius, the rest as for ``biventricle``."""
    rest: list[np.ndarray] = []
    found: dict[str, list[np.ndarray]] = {"pv": [], "rv": [], "epi": []}
    for nodes in faces:
        place = points[nodes]
        radius = np.linalg.norm(place[:, :2] - _axis(bodies, tube), axis=1)
        if np.allclose(place[:, 2], top, atol=1e-6 * scale):
            found["pv"].append(nodes)
        elif np.allclose(radius, tube[0], rtol=1e-3):
            found["rv"].append(nodes)
        elif np.allclose(radius, tube[1], rtol=1e-3):
            found["epi"].append(nodes)
        else:
            rest.append(nodes)
    sets = sets_of(points, rest, bodies, base)
    for name, parts in found.items():
        sets[name] = np.unique(np.concatenate([*parts, sets.get(name, np.zeros(0, int))]))
    return {**sets, **_valves(points, sets, bodies)}


def _valves(points, sets, bodies) -> dict[str, np.ndarray]:
    """mv, av and tv share the base; base is all four."""
    ring = sets["base"]
    left = bodies["lv epi"].level(points[ring]) < 1e-6
    angle = np.arctan2(points[ring, 1], points[ring, 0])
    aortic = left & (angle > AORTIC[0]) & (angle < AORTIC[1])
    base = np.union1d(ring, sets["pv"])
    return {"av": ring[aortic], "mv": ring[left & ~aortic], "tv": ring[~left], "base": base}
