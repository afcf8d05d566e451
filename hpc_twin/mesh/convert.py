"""From what a file reader hands over (blocks of elements with named data) to a Mesh.

Elements of lower dimension that are a side, edge or corner of a larger element mark a place on it (the surfaces and
points of gmsh's physical groups): they become node sets. All others (a line that connects two sheets) are tissue. A
file that has the cell data "tissue" = 1, as ours do, has nothing but tissue.
"""

from itertools import combinations

import numpy as np

from hpc_twin.mesh.directions import FIBRE, SHEET, directions, plain
from hpc_twin.mesh.model import NAMES, Mesh
from hpc_twin.mesh.quality import row_keys
from hpc_twin.parallel import InputError

SIZES = {"vertex": 1, "line": 2, "triangle": 3, "tetra": 4}
SECOND_ORDER = {"line3": 2, "triangle6": 3, "triangle7": 3, "tetra10": 4, "tetra14": 4}
ALIASES = {"tetra4": "tetra", "tetra8": "tetra14"}
SET, REGION = "node set ", "region "
REGION_NAMES = (
    "region regions elemtag elemtags tag tags gmshphysical material materials materialid materialids objectid blockid "
    "elementblockids cellentityids mediterref meditref tetgenref ref label labels subdomain subdomains attribute "
    "gmshgeometrical"
).split()


class Blocks:
    """The blocks of a file side by side: elements padded with -1, and any cell data of all of them by name."""

    def __init__(self, raw, source):
        self.raw, self.source = raw, source
        self.notes: list[str] = []
        kinds = [self._size(block.type, len(block.data)) for block in raw.cells]
        lengths = [len(block.data) for block in raw.cells]
        if not any(size > 1 and length for size, length in zip(kinds, lengths, strict=True)):
            raise InputError(f"{source}: holds no elements (tetrahedra, triangles or lines)")
        self.elements = np.full((sum(lengths), max(kinds)), -1, dtype=np.int64)
        self.sizes = np.repeat(kinds, lengths)
        starts = np.cumsum([0, *lengths])
        for block, size, start in zip(raw.cells, kinds, starts, strict=False):
            self.elements[start : start + len(block.data), :size] = np.asarray(block.data)[:, :size]
        self._in_range(len(raw.points))

    def _size(self, kind: str, count: int) -> int:
        kind = ALIASES.get(kind, kind)
        if kind in SECOND_ORDER:
            self.notes.append(f"{count} second-order elements ({kind}) taken by their corners")
            return SECOND_ORDER[kind]
        if kind not in SIZES:
            raise InputError(
                f"{self.source}: holds {count} elements of kind {kind}; hpc_twin computes on tetrahedra, triangles and "
                "lines: split the others first"
            )
        return SIZES[kind]

    def _in_range(self, n_nodes: int) -> None:
        used = np.arange(self.elements.shape[1]) < self.sizes[:, None]
        bad = np.flatnonzero((used & ((self.elements < 0) | (self.elements >= n_nodes))).any(axis=1))
        if len(bad):
            raise InputError(
                f"{self.source}: {len(bad)} elements have nodes outside 0 to {n_nodes - 1} (counted from 0; the first "
                f"is element {bad[0]}: {self.elements[bad[0]].tolist()})"
            )

    def data(self, name: str) -> np.ndarray:
        """Cell data ``name`` of all blocks, one row per element."""
        return np.concatenate([np.asarray(part) for part in self.raw.cell_data[name]])


def convert(raw, source) -> Mesh:
    """Make a Mesh, in the file's own unit, of a ``meshio.Mesh``. Raises InputError naming ``source``."""
    points = _points(raw, source)
    blocks = Blocks(raw, source)
    tissue = _tissue(blocks, len(points))
    tags, tag_note = _regions(blocks)
    width = int(blocks.sizes[tissue].max())
    elements = np.ascontiguousarray(blocks.elements[tissue][:, :width])
    fibres, fibre_note = directions(blocks, tissue, elements, FIBRE, "fibres")
    sheets, sheet_note = directions(blocks, tissue, elements, SHEET, "sheets")
    notes = (
        *blocks.notes,
        *_boundary_note(tissue),
        tag_note,
        fibre_note,
        *([sheet_note] if sheets is not None else []),
    )
    return Mesh(
        points,
        elements,
        tags[tissue].astype(np.int32),
        fibres,
        sheets,
        _region_names(blocks, width, tags[tissue]),
        _node_sets(blocks, tissue, tags),
        notes=notes,
    )


def _points(raw, source) -> np.ndarray:
    points = np.asarray(raw.points, dtype=np.float64)
    if points.ndim != 2 or not 1 <= points.shape[1] <= 3:
        raise InputError(f"{source}: holds no points, or points of {points.shape[1:]} coordinates; expected 1 to 3")
    return np.ascontiguousarray(np.pad(points, ((0, 0), (0, 3 - points.shape[1]))))


def _tissue(blocks: Blocks, n_nodes: int) -> np.ndarray:
    """(n,) which elements are tissue and not the mark of a boundary."""
    tissue = blocks.sizes > 1
    if "tissue" in blocks.raw.cell_data:
        return tissue
    for size in range(2, blocks.sizes.max()):
        small = np.flatnonzero(blocks.sizes == size)
        if len(small):
            tissue[small] = ~_is_side(blocks, small, size, n_nodes)
    return tissue


def _is_side(blocks: Blocks, small: np.ndarray, size: int, n_nodes: int) -> np.ndarray:
    """Which of the elements ``small``, of ``size`` nodes, are a side (or edge) of a larger element."""
    touched = np.zeros(n_nodes + 1, dtype=bool)
    touched[blocks.elements[small, :size]] = True
    near = (blocks.sizes > size) & (touched[blocks.elements].sum(axis=1) >= size)
    keys = [np.zeros(0, dtype=np.uint64)]
    for big in range(size + 1, blocks.elements.shape[1] + 1):
        nodes = blocks.elements[near & (blocks.sizes == big)]
        keys += [np.unique(row_keys(nodes[:, corners])) for corners in map(list, combinations(range(big), size))]
    return np.isin(row_keys(blocks.elements[small, :size]), np.concatenate(keys))


def _boundary_note(tissue: np.ndarray) -> list[str]:
    left = int((~tissue).sum())
    return [f"{left} points, lines or triangles on larger elements are marks, not tissue"] if left else []


def _regions(blocks: Blocks) -> tuple[np.ndarray, str]:
    """Tags of all elements and where they came from: the first known name whose data are whole numbers."""
    known = {plain(name): name for name in reversed(blocks.raw.cell_data)}
    for name in (known[word] for word in REGION_NAMES if word in known):
        tags = blocks.data(name).reshape(len(blocks.sizes), -1)
        whole = tags.shape[1] == 1 and np.isfinite(tags).all() and (tags == np.rint(tags)).all()
        if whole and np.abs(tags.astype(np.float64)).max(initial=0) < 2**31:
            return tags[:, 0].astype(np.int64), f"regions from cell data '{name}'"
    return np.zeros(len(blocks.sizes), dtype=np.int64), "no regions in the file: all elements have region 0"


def _region_names(blocks: Blocks, width: int, tags: np.ndarray) -> dict[int, str]:
    """Names of gmsh's physical groups of the highest dimension, or of our own masks "region TAG NAME"."""
    present = set(np.unique(tags).tolist())
    names = {int(tag): name for name, (tag, dim) in _groups(blocks).items() if dim == width - 1 and int(tag) in present}
    for name in blocks.raw.cell_data:
        parts = name.removeprefix(REGION).split(" ", 1)
        if name.startswith(REGION) and len(parts) == 2 and parts[0].lstrip("-").isdigit():
            names[int(parts[0])] = parts[1]
    return names


def _groups(blocks: Blocks) -> dict[str, tuple[int, int]]:
    """Physical groups of a gmsh file: name -> (tag, dimension)."""
    data = {name: np.asarray(pair).reshape(-1) for name, pair in blocks.raw.field_data.items()}
    return {name: (int(pair[0]), int(pair[1])) for name, pair in data.items() if len(pair) == 2}


def _shared_groups(blocks: Blocks, dimension: int) -> dict[str, np.ndarray]:
    """Nodes of physical groups below ``dimension`` by their lists of elements, which may share elements (gmsh 4)."""
    sets = {}
    for name, (_, dim) in _groups(blocks).items():
        lists = blocks.raw.cell_sets.get(name)
        if lists is not None and dim < dimension:
            pairs = zip(blocks.raw.cells, lists, strict=True)
            parts = [np.asarray(cells.data)[rows].ravel() for cells, rows in pairs if rows is not None]
            sets[name] = np.concatenate(parts).astype(np.int64)
    return {name: nodes for name, nodes in sets.items() if len(nodes)}


def _node_sets(blocks: Blocks, tissue: np.ndarray, tags: np.ndarray) -> dict[str, np.ndarray]:
    """Named sets: tagged marks, the file's own point sets, and our masks "node set NAME"."""
    sets = {}
    names = {(tag, dim): name for name, (tag, dim) in _groups(blocks).items()}
    marks = ~tissue & (tags != 0)
    for size, tag in np.unique(np.column_stack((blocks.sizes, tags))[marks], axis=0).tolist():
        name = names.get((tag, size - 1), f"{NAMES.get(size, 'point')} {tag}")
        sets[name] = blocks.elements[marks & (blocks.sizes == size) & (tags == tag), :size]
    sets |= _shared_groups(blocks, int(blocks.sizes[tissue].max()) - 1)
    for name, nodes in blocks.raw.point_sets.items():
        sets[name] = np.asarray(nodes, dtype=np.int64)
    for name, mask in blocks.raw.point_data.items():
        if name.startswith(SET):
            sets[name.removeprefix(SET)] = np.flatnonzero(mask)
    for name, nodes in sets.items():
        if nodes.size and not (nodes.min() >= 0 and nodes.max() < len(blocks.raw.points)):
            raise InputError(f"{blocks.source}: node set '{name}' has nodes outside 0 to {len(blocks.raw.points) - 1}")
    return {name: np.unique(nodes) for name, nodes in sets.items()}
