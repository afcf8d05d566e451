"""The conduction system of ventricles from landmarks: His bundle, bundle branches, fascicles, and the trees they feed.

Anatomy: the left bundle fans out on the septum into anterior, septal and posterior fascicles, here with two twigs
back to the base, the right one runs down to the moderator band, which crosses the cavity to the free wall and divides
there (Tawara 1906; Massing & James 1976, Circulation 53:609). Durrer et al. 1970, Circulation 41:899, found the first
activation high anterior, in the middle of the septum and posterior on the left, and near the band on the right.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.network.growth import Rules, Seed, grow
from hpc_twin.mesh.network.model import Network, cable, ends, together
from hpc_twin.mesh.network.surface import Surface, endocardium

ADULT = 80.0  # mm: length of the cavity that the lengths below stand for
KIND = "purkinje"
STAR = 0.08  # of the cavity: the first branches where the moderator band meets the free wall


@dataclass(frozen=True)
class Anatomy:
    """Shares of the (left) cavity's length, from the base's plane to the apex, and angles in radians.

    depth      of the bundles' beginnings on the septum below the base;  trunk_left, trunk_right  of the bundle branches
    fascicles  (length, angle to the left trunk) each
    band       whether a moderator band crosses the cavity from the right trunk's end to the free wall
    """

    depth: float = 0.1
    trunk_left: float = 0.1
    trunk_right: float = 0.4
    fascicles: tuple[tuple[float, float], ...] = ((0.35, 1.57), (0.3, 0.0), (0.35, -1.57), (0.1, 2.5), (0.1, -2.5))
    band: bool = True


@dataclass(frozen=True)
class Landmarks:
    """What the node sets tell: ``up`` the unit long axis to the base, ``length`` [mm] of the cavity, ``across`` the
    unit vector from the LV to the RV, ``bundles`` where each cavity's bundle begins, by the cavity's name."""

    up: np.ndarray
    length: float
    across: np.ndarray
    bundles: dict[str, np.ndarray] = field(default_factory=dict)


def cavities(mesh: Mesh) -> list[str]:
    """The endocardial node sets to grow on."""
    return [name for name in ("lv", "rv", "endo") if len(mesh.node_sets.get(name, ()))]


def landmarks(mesh: Mesh, depth: float) -> Landmarks:
    """Long axis, size and septum from the node sets base and lv, rv (or endo, where across is any direction)."""
    names = cavities(mesh)
    left = mesh.points[mesh.node_sets[names[0]]]
    base = mesh.points[mesh.node_sets["base"]].mean(axis=0)
    apex = left[np.linalg.norm(left - base, axis=1).argmax()]
    up = (base - apex) / np.linalg.norm(base - apex)
    height = (left - apex) @ up
    length = float(height.max())
    centre = left.mean(axis=0)
    right = mesh.points[mesh.node_sets[names[1]]] if len(names) > 1 else None
    across = _flat(np.eye(3)[np.abs(up).argmin()] if right is None else right.mean(axis=0) - centre, up)
    level = left[np.abs(height - (1 - depth) * length) < 0.05 * length]
    level = level if len(level) else left
    begin = {names[0]: level[((level - centre) @ across).argmax()]}
    if right is not None:
        begin[names[1]] = right[np.linalg.norm(right - begin[names[0]], axis=1).argmin()]
    return Landmarks(up, length, across, begin)


def _flat(vector: np.ndarray, up: np.ndarray) -> np.ndarray:
    rest = vector - (vector @ up) * up
    return rest / np.linalg.norm(rest)


def conduction_system(mesh: Mesh, rules: Rules | None = None, anatomy: Anatomy | None = None, seed: int = 1,
                      bundles: dict[str, np.ndarray] | None = None) -> Network:  # fmt: skip
    """His bundle (site "his", from its free end), bundle branches, fascicles, and Purkinje trees on the endocardia.

    ``rules`` default to the paper's, scaled by the cavity's length over ADULT; ``bundles`` say where the bundles of
    some cavities begin (nearest point of the endocardium).
    Raises InputError where surfaces are missing or nothing can grow.
    """
    anatomy = anatomy or Anatomy()
    marks = landmarks(mesh, anatomy.depth)
    marks = replace(marks, bundles={**marks.bundles, **(bundles or {})})
    rules = rules or scaled(marks.length)
    trees = [_tree(mesh, name, marks, anatomy, rules, seed + i) for i, name in enumerate(marks.bundles)]
    heads = [tree.points[0] for tree in trees]
    his = np.mean(heads, axis=0) + 1.5 * anatomy.depth * marks.length * marks.up
    stem = his - 0.5 * anatomy.depth * marks.length * marks.up
    parts = [cable(his, stem, rules.segment, KIND), *(cable(stem, head, rules.segment, KIND) for head in heads), *trees]
    whole = together(parts)
    return replace(whole, sites={"his": np.arange(len(parts[0].points))})


def scaled(length: float) -> Rules:
    """The paper's rules for a cavity of this length [mm]."""
    adult, scale = Rules(), length / ADULT
    return replace(adult, length=scale * adult.length, spread=scale * adult.spread, shortest=scale * adult.shortest,
                   segment=scale * adult.segment)  # fmt: skip


def _tree(mesh: Mesh, name: str, marks: Landmarks, anatomy: Anatomy, rules: Rules, seed: int) -> Network:
    surface, start = endocardium(mesh, name), marks.bundles[name]
    if name != "rv":
        fascicles = [(share * marks.length, angle) for share, angle in anatomy.fascicles]
        return grow(surface, [Seed(start, -marks.up, anatomy.trunk_left * marks.length, fascicles)], rules, seed)
    trunk = Seed(start, -marks.up, anatomy.trunk_right * marks.length)
    if not anatomy.band:
        return grow(surface, [trunk], rules, seed)
    return _with_band(surface, trunk, marks, rules, seed)


def _with_band(surface: Surface, trunk: Seed, marks: Landmarks, rules: Rules, seed: int) -> Network:
    """The trunk's tree and one on the free wall, joined by a cable through the cavity from where the trunk ends."""
    path = grow(surface, [trunk], replace(rules, generations=0), seed)
    begin = path.points[-1]
    opposite = surface.opposite(begin, marks.across)
    star = [(STAR * marks.length, angle) for angle in np.radians((45, -45, 135, -135))]
    whole = grow(surface, [trunk, Seed(opposite, marks.up, 0.0, star)], rules, seed)
    last = len(path.points) - 1
    band = cable(whole.points[last], whole.points[last + 1], rules.segment, KIND)
    tree = together([whole, band])
    return replace(tree, terminals=ends(tree.points, tree.lines))
