"""Structured meshes: cable, sheet and slab, each of equal simplices."""

from itertools import permutations
from math import factorial, prod

import numpy as np

from hpc_twin.mesh.block import Block, Whole, integer, pieces, spelled_out
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import InputError, alone
from hpc_twin.parallel.exchange import Cut

AXES = "xyz"
MOST = 2.0**62  # elements that 64 bits number
BOXES = {"slab": 3, "sheet": 2, "cable": 1}


def slab(size: tuple[float, float, float] = (20.0, 7.0, 3.0), h: float = 0.5) -> Mesh:
    """A box of tetrahedra with one corner at the origin and fibres along x; ``size`` and the edge length ``h`` in mm.

    Every cube is cut into the six tetrahedra along its diagonal (Freudenthal 1942, Kuhn 1960), so neighbours conform.
    Defaults to the slab of Niederer et al. (2011), doi:10.1098/rsta.2011.0139. Node sets x0, x1, y0, y1, z0, z1 are the
    faces. Raises InputError for sizes or h that are not positive, or an h larger than the box.
    """
    return _box("slab", size, h)


def sheet(size: tuple[float, float] = (20.0, 20.0), h: float = 0.2) -> Mesh:
    """A rectangle of triangles in the plane z = 0, fibres along x, node sets x0, x1, y0, y1; lengths in mm."""
    return _box("sheet", size, h)


def cable(length: float = 20.0, h: float = 0.1) -> Mesh:
    """A straight line of line elements along x, node sets x0 and x1; lengths in mm."""
    return _box("cable", (length,), h)


def box_elements(name: str, size, h: float) -> int:
    """How many elements the slab, sheet or cable ``name`` has; arguments and errors as of the generators."""
    counts = _checked(name, size, h)[1]
    return int(counts.prod()) * factorial(len(counts))


def box_block(name: str, size, h: float, comm) -> tuple[Block, tuple[str, ...]]:
    """The slab, sheet or cable ``name`` in blocks, an equal one made by each rank, and its notes. Collective.

    Nodes go along x first; so do the elements, cube by cube. Arguments and errors as of the generators.
    """
    lengths, counts = _checked(name, size, h)
    dimension = len(counts)
    sets = tuple(AXES[axis] + end for axis in range(dimension) for end in "01")
    n_nodes, n_elements = int((counts + 1).prod()), int(counts.prod()) * factorial(dimension)
    of_nodes, of_elements = Cut.even(comm, n_nodes), Cut.even(comm, n_elements)
    points = _points(np.arange(of_nodes.first, of_nodes.last), lengths, counts)
    ends = [points[:, axis] == place for axis in range(dimension) for place in (0.0, lengths[axis])]
    ids = np.arange(of_elements.first, of_elements.last, dtype=integer(n_elements))
    simplices = np.empty((len(ids), dimension + 1), integer(n_nodes))
    for some in pieces(len(ids)):
        simplices[some] = _simplices(ids[some].astype(np.int64), counts)
    members = np.column_stack(ends).astype(np.uint8)
    nodes = {"ids": np.arange(of_nodes.first, of_nodes.last), "points": points, "members": members}
    same = {"regions": np.int32(0), "fibres": np.array((1.0, 0.0, 0.0))}
    whole = Whole(n_nodes, n_elements, dimension + 1, {}, sets, same)
    return Block(whole, {"ids": ids, "nodes": simplices}, nodes), _steps(lengths, counts, h)


def _box(name: str, size, h: float) -> Mesh:
    block, notes = box_block(name, size, h, alone())
    rows, members = spelled_out(block.whole, block.elements), block.nodes["members"]
    sets = {key: np.flatnonzero(column) for key, column in zip(block.whole.set_names, members.T, strict=True)}
    elements, regions, fibres = rows["nodes"].astype(np.int64), rows["regions"].copy(), rows["fibres"].copy()
    return Mesh(block.nodes["points"], elements, regions, fibres, node_sets=sets, notes=notes)


def _checked(name: str, size, h: float) -> tuple[np.ndarray, np.ndarray]:
    """Lengths and number of elements per axis."""
    lengths = np.array(size, dtype=float).reshape(-1)
    expected = BOXES[name]
    if len(lengths) != expected:
        raise InputError(f"{name}: size has {len(lengths)} lengths, expected {expected}")
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise InputError(f"{name}: found size {lengths.tolist()}, lengths must be above 0 mm")
    if not (np.isfinite(h) and 0 < h <= lengths.min()):
        raise InputError(f"{name}: found h = {h}, allowed is above 0 up to the shortest side, {lengths.min():g} mm")
    counts = np.maximum(np.rint(lengths / h), 1)
    if not (wanted := prod(counts.tolist()) * factorial(expected)) < MOST:
        raise InputError(
            f"{name}: h = {h:g} mm makes {wanted:.3g} elements, more than can be counted: give a larger one"
        )
    return lengths, counts.astype(np.int64)


def _points(numbers: np.ndarray, lengths: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(n, 3) where the nodes ``numbers`` of a regular grid are, x fastest."""
    points = np.zeros((len(numbers), 3))
    for axis, (length, count) in enumerate(zip(lengths, counts, strict=True)):
        numbers, place = np.divmod(numbers, count + 1)
        points[:, axis] = np.linspace(0, length, count + 1)[place]
    return points


def _simplices(numbers: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(n, d + 1) simplices: d! in every cube of the grid, x fastest, one per order in which to walk the axes."""
    strides = np.concatenate(([1], np.cumprod(counts[:-1] + 1)))
    walks = np.array([_walk(strides, order) for order in permutations(range(len(counts)))])
    cube, walk = np.divmod(numbers, len(walks))
    nodes = walks[walk]
    for count, stride in zip(counts, strides, strict=True):
        cube, place = np.divmod(cube, count)
        nodes += (place * stride)[:, None]
    return nodes


def _walk(strides: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """Nodes passed on the way along the axes in this order; two change places where that makes the simplex positive."""
    nodes = np.concatenate(([0], np.cumsum(strides[list(order)])))
    odd = sum(order[i] > order[j] for j in range(len(order)) for i in range(j)) % 2
    if odd:
        nodes[[-2, -1]] = nodes[[-1, -2]]
    return nodes


def _steps(lengths: np.ndarray, counts: np.ndarray, h: float) -> tuple[str, ...]:
    """A word for those whose h does not divide the sides."""
    steps = lengths / counts
    if np.allclose(steps, h, rtol=1e-6):
        return ()
    return (f"h = {h:g} mm does not divide the sides: steps are {', '.join(f'{step:.4g}' for step in steps)} mm",)
