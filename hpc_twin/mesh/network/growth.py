"""Fractal trees on a surface.

Sahli Costabal, Hurtado, Kuhl (2016), Generating Purkinje networks in the human heart, J Biomech 49:2455,
doi:10.1016/j.jbiomech.2015.12.025. The collision distance, a fifth of the branch, is that of the authors' program.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from hpc_twin.mesh.network.model import Network, ends
from hpc_twin.mesh.network.surface import Surface
from hpc_twin.parallel import InputError

CLEARANCE = 0.2  # of a branch's length: nearer to another branch it ends
RECENT = 256  # points looked at one by one before the k-d tree is built anew


@dataclass(frozen=True)
class Rules:
    """How branches grow. Lengths in mm, angles in radians.

    length       median of a branch;  spread  its standard deviation;  shortest  the least it may be
    angle        between a branch and the last direction of its mother, to either side
    repulsion    w: weight of the direction away from the nearest other branch
    segment      length of the lines that a branch is made of;  generations  how often every growing tip divides
    """

    length: float = 8.0
    spread: float = 8.0 * 0.2**0.5
    shortest: float = 0.8
    angle: float = 0.15
    repulsion: float = 0.1
    segment: float = 1.0
    generations: int = 20


@dataclass(frozen=True)
class Seed:
    """A stem from ``start`` towards ``heading`` (3,), ``trunk`` mm long, then fascicles: (length, angle) each.

    A trunk of length zero, or no fascicles, leaves that part out.
    """

    start: np.ndarray
    heading: np.ndarray
    trunk: float
    fascicles: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class _Tip:
    node: int
    direction: np.ndarray
    triangle: int
    branch: int
    growing: bool = True


def grow(surface: Surface, seeds: Sequence[Seed], rules: Rules, seed: int) -> Network:
    """Trees of kind "purkinje" from each of ``seeds`` on one surface; they keep clear of one another.

    A branch begins at its mother's tip, turned by the angle; each segment adds to its direction w times the gradient
    of the distance to the nearest branch, both in the tangent plane, and its end is put on the surface. It stops at
    its length, near another branch or at the rim; from tips that did not meet anything two branches grow on.
    Reproducible: ``seed`` starts a random generator that nobody else uses. Raises InputError when every stem ends at
    the rim.
    """
    tree = _Tree(surface, rules, np.random.default_rng(seed))
    tips = [tip for stem in seeds for tip in tree.stem(stem) if tip.growing]
    if not tips:
        raise InputError("no branch can grow: trunk and fascicles run into the surface's rim or one another")
    for _ in range(rules.generations):
        tips = [child for tip in tree.shuffled(tips) for child in tree.pair(tip) if child.growing]
    points, parents = np.array(tree.cloud.points), np.array(tree.parents)
    lines = np.column_stack((parents, np.arange(len(parents))))[parents >= 0]
    return Network(points, lines, np.full(len(lines), "purkinje"), ends(points, lines))


class _Cloud:
    """Points so far, each with the branch that it belongs to: nearest one, and all within a distance."""

    def __init__(self) -> None:
        self.points: list[np.ndarray] = []
        self.branch: list[int] = []
        self._tree: cKDTree | None = None
        self._old = 0

    def add(self, points: Sequence[np.ndarray], branch: int) -> None:
        self.points += points
        self.branch += [branch] * len(points)
        if len(self.points) - self._old > RECENT:
            self._tree, self._old = cKDTree(np.array(self.points)), len(self.points)
        self._recent = np.array(self.points[self._old :]).reshape(-1, 3)

    def away(self, point: np.ndarray) -> np.ndarray:
        """(3,) gradient of the distance to the nearest point: a unit vector away from it."""
        near = [self._tree.data[self._tree.query(point)[1]]] if self._tree is not None else []
        candidates = np.vstack([*near, self._recent])
        arms = point - candidates
        distance = np.linalg.norm(arms, axis=1)
        k = distance.argmin()
        return arms[k] / distance[k] if distance[k] > 0 else np.zeros(3)

    def meets(self, point: np.ndarray, radius: float, kin: set[int]) -> bool:
        """Is there a point of a branch outside ``kin`` nearer than ``radius``?"""
        found = self._tree.query_ball_point(point, radius) if self._tree is not None else []
        close = np.flatnonzero(np.linalg.norm(self._recent - point, axis=1) < radius) + self._old
        return any(self.branch[i] not in kin for i in (*found, *close))


class _Tree:
    def __init__(self, surface: Surface, rules: Rules, random: np.random.Generator):
        self.surface, self.rules, self.random = surface, rules, random
        self.cloud = _Cloud()
        self.parents: list[int] = []
        self._branches = 0

    def shuffled(self, tips: list[_Tip]) -> list[_Tip]:
        return [tips[i] for i in self.random.permutation(len(tips))]

    def stem(self, seed: Seed) -> list[_Tip]:
        """The tips that branching begins at: of the fascicles, or of the trunk where there are none."""
        foot = self.surface.foot(seed.start)
        self.cloud.add([foot.point], self._branches)
        self.parents.append(-1)
        tip = _Tip(len(self.parents) - 1, self._tangent(seed.heading, foot.triangle), foot.triangle, self._branches)
        self._branches += 1
        trunk = self._branch(tip, 0.0, seed.trunk, 0.0, {tip.branch}) if seed.trunk > 0 else tip
        kin, tips = {tip.branch, trunk.branch}, []
        for length, angle in seed.fascicles:
            tips.append(self._branch(trunk, angle, length, 0.0, kin))
            kin = kin | {tips[-1].branch}
        return tips or [trunk]

    def pair(self, tip: _Tip) -> list[_Tip]:
        """Two daughters, to either side, in random order."""
        side, kin, daughters = self.random.choice((-1.0, 1.0)), {tip.branch}, []
        for turn in (side, -side):
            length = max(self.random.normal(self.rules.length, self.rules.spread), self.rules.shortest)
            daughters.append(self._branch(tip, turn * self.rules.angle, length, self.rules.repulsion, kin))
            kin = kin | {daughters[-1].branch}
        return daughters

    def _branch(self, tip: _Tip, angle: float, length: float, repulsion: float, kin: set[int]) -> _Tip:
        n = max(1, round(length / self.rules.segment))
        normal = self.surface.normals[tip.triangle]
        direction = np.cos(angle) * tip.direction + np.sin(angle) * np.cross(normal, tip.direction)
        point, triangle, grown, growing = self.cloud.points[tip.node], tip.triangle, [], True
        for _ in range(n):
            direction = self._tangent(direction + repulsion * self._push(point, triangle), triangle)
            foot = self.surface.foot(point + length / n * direction)
            moved = bool(np.linalg.norm(foot.point - point) > 0.5 * length / n)
            growing = moved and not foot.beyond and not self.cloud.meets(foot.point, CLEARANCE * length, kin)
            if not growing:
                break
            point, triangle = foot.point, foot.triangle
            grown.append(point)
        return self._finished(tip, grown, _Tip(tip.node, direction, triangle, self._branches, growing))

    def _finished(self, mother: _Tip, grown: list[np.ndarray], tip: _Tip) -> _Tip:
        """Store a branch's points; its tip points along its last direction in the tangent plane there."""
        first = len(self.parents)
        self.parents += [mother.node, *range(first, first + len(grown) - 1)] if grown else []
        self.cloud.add(grown, tip.branch)
        self._branches += 1
        node = len(self.parents) - 1 if grown else mother.node
        return _Tip(node, self._tangent(tip.direction, tip.triangle), tip.triangle, tip.branch, tip.growing)

    def _push(self, point: np.ndarray, triangle: int) -> np.ndarray:
        away, normal = self.cloud.away(point), self.surface.normals[triangle]
        return away - (away @ normal) * normal

    def _tangent(self, direction: np.ndarray, triangle: int) -> np.ndarray:
        """Unit vector in the triangle's plane."""
        normal = self.surface.normals[triangle]
        flat = direction - (direction @ normal) * normal
        length = np.linalg.norm(flat)
        return flat / length if length > 1e-12 else np.linalg.svd(normal[None])[2][1]
