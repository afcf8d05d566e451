"""Element blocks of a result file: one for each region and kind of element."""

from collections.abc import Mapping

import numpy as np

from hpc_twin.io.natural import NaturalOrder
from hpc_twin.io.schema import Block
from hpc_twin.mesh.order import EDGES
from hpc_twin.mesh.part import Part

KINDS = 8  # more than there are corners
SUFFIX = {4: "", 3: "_surface", 2: "_line"}


class ElementBlocks:
    """Element blocks of the whole mesh, and which rows of this rank's natural block of elements go where.

    connect (n_block, width + midpoints) int32 node numbers from 1;  start  the first row's original element index
    pieces  per block (rows of connect, first row in the block, first element of the block in elem_num_map)
    """

    def __init__(self, part: Part, order: NaturalOrder):
        own, width = part.element_nodes[: part.n_owned_elements], part.elements.shape[1]
        self.connect, self.start = np.empty((order.n_block, own.shape[1]), np.int32), order.start
        for into, column in zip(self.connect.T, own.T, strict=True):
            order.move(np.where(column >= 0, part.node_ids[column] + 1, 0), into)
        regions = order.move(part.regions[: len(own)], np.empty(order.n_block, np.int64))
        keys = regions * KINDS + (self.connect[:, :width] > 0).sum(axis=1)
        gathered = part.comm.allgather(_counted(keys))  # per rank {(region, size): count}
        known = sorted({key for counts in gathered for key in counts}, key=lambda key: (key[0], -key[1]))
        totals = [sum(counts.get(key, 0) for counts in gathered) for key in known]
        names = _block_names(known, part.region_names)
        columns = [_columns(size, width, part.order) for _, size in known]
        self.blocks = [Block(*b) for b in zip(names, *zip(*known, strict=True), totals, columns, strict=True)]
        offsets = np.cumsum([0, *totals])
        before = [sum(counts.get(key, 0) for counts in gathered[: part.comm.rank]) for key in known]
        rows = [np.flatnonzero(keys == region * KINDS + size) for region, size in known]
        self.pieces = list(zip(rows, before, (int(offset) for offset in offsets[:-1]), strict=True))

    def connectivity(self, number: int, rows: np.ndarray) -> np.ndarray:
        """(n, nodes per element) node numbers of ``rows`` of ``connect`` in block ``number``, from 1."""
        return np.ascontiguousarray(self.connect[rows][:, self.blocks[number - 1].columns])


def _columns(size: int, width: int, order: int) -> tuple[int, ...]:
    """Where the nodes of an element with ``size`` corners stand in a row of ``width`` corners and then midpoints."""
    midpoints = range(width, width + len(EDGES[size])) if order == 2 else range(0)
    return (*range(size), *midpoints)


def _counted(keys: np.ndarray) -> dict[tuple[int, int], int]:
    unique, counts = np.unique(keys, return_counts=True)
    return {divmod(key, KINDS): count for key, count in zip(unique.tolist(), counts.tolist(), strict=True)}


def _block_names(keys: list[tuple[int, int]], region_names: Mapping[int, str]) -> list[str]:
    """The region's name; a region with several kinds of elements adds the kind for the lower ones."""
    largest = {region: max(s for r, s in keys if r == region) for region, _ in keys}
    names = [region_names.get(region, f"region_{region}") for region, _ in keys]
    lower = [SUFFIX[size] if size < largest[region] else "" for region, size in keys]
    return [name + suffix for name, suffix in zip(names, lower, strict=True)]
