"""Regions made after the mesh: elements by place, by coordinate, around other regions, or a random share of them.

All choices are (n_local_elements,) bool, alike on every rank that sees an element.
"""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from hpc_twin.mesh.part import Part
from hpc_twin.parallel import sum_over
from hpc_twin.tissue.organ.laplace import on_elements

WAVES = 256  # of the random field: its skewness and excess kurtosis are below 1 %
PIECE = 8192  # points at a time: 16 MB of cosines


def centres(part: Part) -> np.ndarray:
    """(n_local_elements, 3) means of the elements' nodes [mm]."""
    return on_elements(part, part.points)


def inside_box(points: np.ndarray, low, high) -> np.ndarray:
    """Whether points (n, 3) lie in the box, faces included."""
    return ((points >= np.asarray(low)) & (points <= np.asarray(high))).all(axis=1)


def inside_ellipsoid(points: np.ndarray, centre, axes) -> np.ndarray:
    """Whether points (n, 3) lie in the ellipsoid of semi-``axes`` (3,) [mm] along x, y and z."""
    return np.linalg.norm((points - np.asarray(centre)) / np.asarray(axes), axis=1) <= 1


def inside_cylinder(points: np.ndarray, start, end, radius: float) -> np.ndarray:
    """Whether points (n, 3) lie in the straight cylinder from ``start`` to ``end``."""
    start, axis = np.asarray(start), np.asarray(end) - np.asarray(start)
    along = (points - start) @ axis / (axis @ axis)
    away = np.linalg.norm(points - start - along[:, None] * axis, axis=1)
    return (along >= 0) & (along <= 1) & (away <= radius)


def between(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Whether a coordinate lies from ``low`` to ``high``, through the jump of an angle when ``low`` is the higher."""
    if low > high:
        return (values >= low) | (values <= high)
    return (values >= low) & (values <= high)


def around(part: Part, core: np.ndarray, width: float) -> np.ndarray:
    """Elements outside ``core`` whose centres lie within ``width`` [mm] of a node on its border; collective.

    The distance is straight: where two walls lie nearer than ``width``, it reaches from one into the other.
    """
    border = np.intersect1d(_nodes(part, core), _nodes(part, ~core))
    places = np.concatenate(part.comm.allgather(part.points[border[border < part.n_owned]]))
    if not len(places):
        return np.zeros(len(core), bool)
    distance, _ = cKDTree(places).query(centres(part), distance_upper_bound=width * (1 + 1e-9))
    return np.isfinite(distance) & ~core


def share(part: Part, chosen: np.ndarray, score: np.ndarray, fraction: float) -> np.ndarray:
    """The ``fraction`` of the ``chosen`` elements that have the lowest ``score``: as many of all ranks; collective.

    score  (n_local_elements,) the same on every rank that sees the element
    """
    mine = np.sort(score[: part.n_owned_elements][chosen[: part.n_owned_elements]])
    total = sum_over(part.comm, len(mine))
    firsts, lasts = zip(*part.comm.allgather((mine[0], mine[-1]) if len(mine) else (np.inf, -np.inf)), strict=True)
    low, high = min(firsts) - 1.0, max(lasts)
    wanted, middle = round(fraction * total), high
    while total and sum_over(part.comm, int(np.searchsorted(mine, middle, "right"))) != wanted:
        middle = (low + high) / 2
        if middle in (low, high):
            break  # equal scores: one more or one less
        if sum_over(part.comm, int(np.searchsorted(mine, middle, "right"))) < wanted:
            low = middle
        else:
            high = middle
    return chosen & (score <= middle)


def uniform(ids: np.ndarray, seed: int) -> np.ndarray:
    """(n,) numbers from 0 to 1, decided by each id and the seed alone: SplitMix64 (Steele et al. 2014, OOPSLA)."""
    with np.errstate(over="ignore"):
        mixed = _mix(np.uint64(seed) * np.uint64(0xD1B54A32D192ED03) + ids.astype(np.uint64))
    return (mixed >> np.uint64(11)).astype(float) * 2.0**-53


def _mix(x: np.ndarray) -> np.ndarray:
    x = x * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def patchy(points: np.ndarray, length: float, seed: int) -> np.ndarray:
    """(n,) a Gaussian random field at ``points`` (n, 3): mean 0, variance 1, covariance exp(-r^2 / (2 length^2)).

    g(x) = sqrt(2/N) sum_j cos(k_j . x + p_j),  k_j normal with deviation 1/length, p_j uniform from 0 to 2 pi
    (Shinozuka & Deodatis 1991, Appl Mech Rev 44:191, eq. 11, with random wave numbers). Patches of fibrosis by a level
    of such a field: after Jakes et al. 2019, Bull Math Biol 81:3070, there with Perlin noise.
    """
    random = np.random.default_rng(seed)
    waves = random.standard_normal((3, WAVES)) / length
    phases = random.uniform(0, 2 * np.pi, WAVES)
    pieces = np.array_split(points, len(points) // PIECE + 1)
    return np.sqrt(2 / WAVES) * np.concatenate([np.cos(p @ waves + phases).sum(axis=1) for p in pieces])


def retagged(part: Part, name: str, chosen: np.ndarray) -> Part:
    """``part`` with the ``chosen`` elements in the region ``name``, an old one or a new one; collective."""
    tags = [tag for tag, known in part.region_names.items() if known == name]
    used = set(part.region_names).union(*part.comm.allgather(np.unique(part.regions).tolist()))
    tag = tags[0] if tags else max(used, default=0) + 1
    regions = np.where(chosen, tag, part.regions).astype(part.regions.dtype)
    return replace(part, regions=regions, region_names={**part.region_names, tag: name})


def _nodes(part: Part, elements: np.ndarray) -> np.ndarray:
    nodes = np.unique(part.elements[elements])
    return nodes[nodes >= 0]
