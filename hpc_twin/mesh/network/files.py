"""Networks from files: lines of any mesh format, or CARP's cables (.pkje)."""

import re
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from hpc_twin.mesh.network.model import Network, ends, pieces, roots
from hpc_twin.mesh.read import UNITS, default_unit, read
from hpc_twin.parallel import InputError, nearest

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
HIS = 2.0  # mm from a root: what is stimulated of a network that names nothing
HEAD = 7  # numbers before a cable's points: two parents, two children, points, size, resistance, conductivity, less one


def read_network(path: Path, unit: str | None = None) -> Network:
    """Cables of kind "purkinje" in mm; site "his": the root and HIS of what follows; terminals: the other ends.

    A mesh file must hold lines only, which run from the root to the ends or are turned to do so: the root is then the
    first node that is an end. CARP's .pkje is in micrometres unless ``unit`` says otherwise.
    Raises InputError for what is no network of lines.
    """
    if unit is not None and unit not in UNITS:
        raise InputError(f"{path}: found unit {unit!r}, allowed are {', '.join(UNITS)}{nearest(unit, UNITS)}")
    if path.suffix.lower() == ".pkje":
        points, lines = _cables(path)
        scale = UNITS[unit or "um"]
    else:
        mesh = read(path, unit or default_unit(path))
        if mesh.width != 2:
            raise InputError(f"{path}: holds {'triangles' if mesh.width == 3 else 'tetrahedra'}, a network is of lines")
        points, lines, scale = mesh.points, mesh.elements, 1.0
    points, lines = _sound(path, points, lines)
    lines = _outwards(len(points), lines)
    network = Network(points * scale, lines, np.full(len(lines), "purkinje"), ends(points, lines))
    first = roots(points, lines)
    if not len(network.terminals) or not len(first):
        raise InputError(f"{path}: has no free end, so it can neither be stimulated nor joined to muscle")
    return Network(network.points, lines, network.kinds, network.terminals, {"his": _beginning(network, first)})


def _sound(path: Path, points: np.ndarray, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points that lines use, and the lines.

    Raises InputError for coordinates that are no finite numbers and for lines without length or given twice.
    """
    used, compact = np.unique(lines, return_inverse=True)
    points, lines = points[used], compact.reshape(lines.shape)
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        raise InputError(f"{path}: the coordinates of point {used[bad[0]]} are no finite numbers")
    empty = np.flatnonzero((points[lines[:, 0]] == points[lines[:, 1]]).all(axis=1))
    if len(empty):
        place = ", ".join(f"{x:.4g}" for x in points[lines[empty[0], 0]])
        raise InputError(f"{path}: a line at ({place}) has length zero: both ends are in one place")
    pairs, count = np.unique(np.sort(lines, axis=1), axis=0, return_counts=True)
    if (count > 1).any():
        first, second = used[pairs[count.argmax()]]
        raise InputError(f"{path}: the line between points {first} and {second} stands there {count.max()} times")
    return points, lines


def _beginning(network: Network, first: np.ndarray) -> np.ndarray:
    """Points within HIS of the roots along the cables."""
    n = len(network.points)
    graph = coo_array((network.lengths, tuple(network.lines.T)), shape=(n, n)).tocsr()
    return np.flatnonzero(dijkstra(graph, directed=False, indices=first, min_only=True, limit=HIS) <= HIS)


def _outwards(n_points: int, lines: np.ndarray) -> np.ndarray:
    """Lines turned away from the root of each connected piece: its first point with one line."""
    piece = pieces(n_points, lines)
    tips = np.flatnonzero(np.bincount(lines.ravel(), minlength=n_points) == 1)
    first = tips[np.unique(piece[tips], return_index=True)[1]]
    if not len(first):
        return lines
    graph = coo_array((np.ones(len(lines)), tuple(lines.T)), shape=(n_points, n_points)).tocsr()
    steps = dijkstra(graph, directed=False, indices=first, unweighted=True, min_only=True)
    backwards = steps[lines[:, 0]] > steps[lines[:, 1]]
    return np.where(backwards[:, None], lines[:, ::-1], lines)


def _cables(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points and lines of a .pkje file: the number of cables, then for each its parents, children, number of points,
    size, gap resistance, conductivity and points; words and rows of # between them. Ends in one place are one point."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    plain = re.sub(r"(?im)^\s*(cable\s+\d+|#.*)$", "", text)
    numbers = [float(word) for word in NUMBER.findall(plain)]
    if not numbers or not 1 <= numbers[0] < len(numbers):
        raise InputError(f"{path}: holds no cables")
    points: list[list[float]] = []
    lines: list[tuple[int, int]] = []
    at = 1
    for cable in range(int(numbers[0])):
        count = int(min(numbers[at + 4], len(numbers))) if at + HEAD < len(numbers) else -1
        values = numbers[at + HEAD + 1 : at + HEAD + 1 + 3 * count]
        if count < 2 or len(values) < 3 * count:
            raise InputError(f"{path}: cable {cable} of {int(numbers[0])} is not whole; is the file truncated?")
        first = len(points)
        points += np.reshape(values, (-1, 3)).tolist()
        lines += [(first + k, first + k + 1) for k in range(count - 1)]
        at += HEAD + 1 + 3 * count
    return _merged(np.array(points), np.array(lines))


def _merged(points: np.ndarray, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of one place as one, in the order of their first appearance."""
    _, first, number = np.unique(points, axis=0, return_index=True, return_inverse=True)
    place = np.empty(len(first), int)
    place[np.argsort(first)] = np.arange(len(first))
    return points[np.sort(first)], place[number.ravel()][lines]
