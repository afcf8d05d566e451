"""Idealised ventricles of truncated ellipsoids, base up (+z), apex down, meshed by gmsh.

Sizes at scale 1 are those of an adult human heart in mm; scale 0.3 gives a rabbit's. Fibres are not made here.
"""

from dataclasses import dataclass, replace

import numpy as np

from hpc_twin.mesh.generate.gmsh_model import cut_above, ellipsoid, gmsh_model, tetrahedra
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.quality import mean_ratio
from hpc_twin.parallel import InputError

LV_WALL, RV_WALL = 1, 2


@dataclass(frozen=True)
class _Ellipsoid:
    centre: tuple[float, float, float]
    axes: tuple[float, float, float]

    def level(self, points: np.ndarray) -> np.ndarray:
        """(n,) |(x - centre) / axes| - 1: negative inside, zero on the surface, positive outside."""
        return np.linalg.norm((points - np.array(self.centre)) / np.array(self.axes), axis=1) - 1

    def grown(self, across: float, along: float) -> "_Ellipsoid":
        """The ellipsoid with its semi-axes longer by ``across`` (x and y) and ``along`` (z)."""
        x, y, z = self.axes
        return _Ellipsoid(self.centre, (x + across, y + across, z + along))


def left_ventricle(
    scale: float = 1.0,
    h: float = 2.0,
    radius: float = 23.0,
    depth: float = 62.0,
    wall: float = 10.0,
    apex_wall: float = 8.0,
    base: float = 18.0,
) -> Mesh:
    """A left ventricle: the space between two ellipsoids, cut off by the plane z = base. Lengths in mm.

    radius, depth  semi-axes of the cavity across and along;  wall, apex_wall  thickness at the equator and the apex
    base           height of the base above the equator;      h  edge length of the elements, not scaled

    Node sets endo, epi, base. Raises InputError for sizes that make no ventricle.
    """
    check("left_ventricle", scale, h, {"wall": wall, "apex_wall": apex_wall}, radius=radius, depth=depth, base=base)
    _below("left_ventricle", "base", base, "depth", depth)
    endo = _Ellipsoid((0, 0, 0), (scale * radius, scale * radius, scale * depth))
    epi = endo.grown(scale * wall, scale * apex_wall)
    with gmsh_model("left_ventricle") as gmsh:
        outside, inside = (ellipsoid(gmsh, body.centre, body.axes) for body in (epi, endo))
        shell = gmsh.model.occ.cut([outside], [inside])[0]
        cut_above(gmsh, shell, scale * base, 2 * scale * (depth + radius + wall))
        points, elements, faces = tetrahedra(gmsh, h)
    sets = sets_of(points, faces, {"endo": endo, "epi": epi}, scale * base)
    return heart(points, elements, np.full(len(elements), LV_WALL), {LV_WALL: "lv wall"}, sets)


def biventricle(
    scale: float = 1.0,
    h: float = 2.0,
    lv_radius: float = 23.0,
    lv_depth: float = 62.0,
    lv_wall: float = 10.0,
    apex_wall: float = 8.0,
    rv_reach: float = 55.0,
    rv_depth: float = 58.0,
    rv_wall: float = 4.0,
    base: float = 18.0,
) -> Mesh:
    """Both ventricles: a left one as in ``left_ventricle``, and a right one that wraps its +x side. Lengths in mm.

    rv_reach  from the LV's axis to the RV's cavity side of the free wall;  rv_depth  semi-axis of the RV cavity along z
    rv_wall   thickness of the RV's free wall;  the septum is the LV's wall;  h  edge length of the elements, not scaled

    Regions: 1 "lv wall" (septum included), 2 "rv wall". Node sets lv, rv (endocardia), epi, base.
    Raises InputError for sizes that make no heart.
    """
    walls = {"lv_wall": lv_wall, "rv_wall": rv_wall, "apex_wall": apex_wall}
    check("biventricle", scale, h, walls, lv_radius=lv_radius, lv_depth=lv_depth, rv_depth=rv_depth, base=base)
    _below("biventricle", "base", base, "rv_depth", rv_depth)
    _below("biventricle", "rv_depth + rv_wall", rv_depth + rv_wall, "lv_depth + apex_wall", lv_depth + apex_wall)
    room = lv_radius + lv_wall + 2 * h / scale
    _below("biventricle", "lv_radius + lv_wall + 2 h / scale", room, "rv_reach", rv_reach)
    bodies = bodies_of(scale, lv_radius, lv_depth, lv_wall, apex_wall, rv_reach, rv_depth, rv_wall)
    with gmsh_model("biventricle") as gmsh:
        _ventricles(gmsh, bodies, scale * base, 2 * scale * (lv_depth + rv_reach))
        points, elements, faces = tetrahedra(gmsh, h)
    centres = points[elements].mean(axis=1)
    regions = np.where(bodies["lv epi"].level(centres) < 0, LV_WALL, RV_WALL)
    sets = sets_of(points, faces, bodies, scale * base)
    return heart(points, elements, regions, {LV_WALL: "lv wall", RV_WALL: "rv wall"}, sets)


def bodies_of(scale, lv_radius, lv_depth, lv_wall, apex_wall, rv_reach, rv_depth, rv_wall) -> dict[str, _Ellipsoid]:
    """The four ellipsoids. The RV's is as broad as the LV where it stands, and ends within the LV on the far side."""
    outer = lv_radius + lv_wall
    offset = max(0.45 * outer, 0.52 * (rv_reach + rv_wall - outer))
    lv = _Ellipsoid((0, 0, 0), (scale * lv_radius, scale * lv_radius, scale * lv_depth))
    rv = _Ellipsoid((scale * offset, 0, 0), (scale * (rv_reach - offset), scale * 0.955 * outer, scale * rv_depth))
    return {
        "lv": lv,
        "lv epi": lv.grown(scale * lv_wall, scale * apex_wall),
        "rv": rv,
        "rv epi": rv.grown(scale * rv_wall, scale * rv_wall),
    }


def _ventricles(gmsh, bodies: dict[str, _Ellipsoid], base: float, extent: float) -> None:
    """(lv epi - lv) + (rv epi - rv - lv epi), below the base."""
    occ = gmsh.model.occ
    solid = {name: ellipsoid(gmsh, body.centre, body.axes) for name, body in bodies.items()}
    cavity = occ.cut([solid["rv"]], [solid["lv epi"]], removeTool=False)[0]
    whole = occ.fuse([solid["lv epi"]], [solid["rv epi"]])[0]
    walls = occ.cut(whole, [solid["lv"], *cavity])[0]
    cut_above(gmsh, walls, base, extent)


def sets_of(points, faces, bodies: dict[str, _Ellipsoid], base: float) -> dict[str, np.ndarray]:
    """Name every face by the surface that its nodes lie on; the LV's outer side within the RV is RV endocardium."""
    sets: dict[str, list[np.ndarray]] = {}
    for nodes in faces:
        place = points[nodes]
        misfit = {name: np.abs(body.level(place)).max() for name, body in bodies.items()}
        misfit["base"] = np.abs(place[:, 2] / base - 1).max()
        name = min(misfit, key=misfit.__getitem__)
        if name == "lv epi" and bodies["rv"].level(place).mean() < 0:
            name = "rv"
        sets.setdefault(name.split()[-1], []).append(nodes)
    return {name: np.unique(np.concatenate(parts)) for name, parts in sorted(sets.items())}


def heart(points, elements, regions, names: dict[int, str], sets) -> Mesh:
    mesh = Mesh(points, elements, regions.astype(np.int32), region_names=names, node_sets=sets)
    return replace(mesh, notes=(f"worst mean ratio {mean_ratio(mesh).min():.3f}",))


def check(name: str, scale: float, h: float, walls: dict[str, float], **lengths: float) -> None:
    """Everything positive, and an element at least as small as the thinnest wall."""
    for key, value in {"scale": scale, "h": h, **walls, **lengths}.items():
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name}: found {key} = {value}, allowed is above 0")
    thinnest = min(walls, key=walls.__getitem__)
    limit = scale * walls[thinnest]
    if h > limit:
        raise InputError(f"{name}: found h = {h:g} mm, allowed is at most the thinnest wall, {thinnest} = {limit:g} mm")


def _below(name: str, key: str, value: float, limit_key: str, limit: float) -> None:
    if not value < limit:
        raise InputError(f"{name}: found {key} = {value:g}, allowed is below {limit_key} = {limit:g}")
