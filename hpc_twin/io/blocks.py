"""Element blocks of a result file: one for each region and kind of element."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from hpc_twin.io.schema import Block
from hpc_twin.mesh.block import pieces
from hpc_twin.mesh.order import EDGES
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import max_over, sum_over
from hpc_twin.parallel.exchange import Cut, Exchange

KINDS = 8  # more than there are corners
ROWS = 1 << 18  # of a rank's natural block that are there at a time
SUFFIX = {4: "", 3: "_surface", 2: "_line"}

Columns = Callable[[np.ndarray], np.ndarray]  # rows of owned elements -> (n, k)


class ElementBlocks:
    """Element blocks of the whole mesh, and what goes from the elements' owners to the mesh's own order.

    That order is cut evenly; a rank gets its natural block of it some rows at a time, since all of them at once take
    several times the memory of the elements themselves.

    blocks  of all ranks;  before  rows of each block in the natural blocks of lower ranks;  offsets  of the blocks'
    first elements in elem_num_map
    """

    def __init__(self, part: Part):
        self._part, self._ids = part, part.element_ids[: part.n_owned_elements]
        self._cut, width = Cut.even(part.comm, part.n_elements), part.elements.shape[1]
        self._numbers = np.append(part.node_ids + 1, 0).astype(np.int32)  # the last entry is that of the padding -1
        own = {key for some in pieces(len(self._ids)) for key in np.unique(self._keys(some)).tolist()}
        self._known = np.array(sorted(set().union(*part.comm.allgather(own))), np.int64)
        counts = self._counted()
        totals, self.before = counts.sum(axis=0), counts[: part.comm.rank].sum(axis=0)
        known = [(key // KINDS, KINDS - 1 - key % KINDS) for key in self._known.tolist()]
        names = _block_names(known, part.region_names)
        columns = [_columns(size, width, part.order) for _, size in known]
        self.blocks = [Block(*b) for b in zip(names, *zip(*known, strict=True), totals.tolist(), columns, strict=True)]
        self.offsets = np.cumsum([0, *totals])[:-1]

    @property
    def start(self) -> int:
        """The original number of the first element of this rank's natural block."""
        return self._cut.first

    def numbers(self, rows: np.ndarray) -> np.ndarray:
        """(n, 1) int32 which of ``blocks`` owned elements are in."""
        return np.searchsorted(self._known, self._keys(rows)).astype(np.int32)[:, None]

    def nodes(self, rows: np.ndarray) -> np.ndarray:
        """(n, width + midpoints) int32 original numbers of owned elements' nodes, from 1, or 0 where there is none."""
        part = self._part
        corners = part.elements[rows]
        return self._numbers[corners if part.midpoints is None else np.hstack((corners, part.midpoints[rows]))]

    def rounds(self, columns: Columns) -> Iterator[tuple[int, np.ndarray]]:
        """``columns`` of this rank's natural block, some rows at a time, and where in it they begin; collective."""
        cut, comm = self._cut, self._part.comm
        longest = max_over(comm, cut.last - cut.first)
        for first in range(0, longest, ROWS):
            window = (np.minimum(cut.starts[:-1] + k, cut.starts[1:]) for k in (first, first + ROWS))
            begin, end = (ids.astype(self._ids.dtype) for ids in window)  # else all ids would be copied to be searched
            low, high = np.searchsorted(self._ids, begin), np.searchsorted(self._ids, end)
            rows = np.concatenate([np.arange(*span) for span in zip(low, high, strict=True)])
            move = Exchange(comm, np.repeat(np.arange(comm.size), high - low))
            place = move.carry(self._ids[rows]) - begin[comm.rank]
            arrived = move.carry(columns(rows))
            natural = np.empty_like(arrived)
            natural[place] = arrived
            yield min(first, cut.last - cut.first), natural

    def natural(self, columns: Columns) -> np.ndarray:
        """All ``columns`` of this rank's natural block; collective."""
        return np.concatenate([rows for _, rows in self.rounds(columns)])

    def _keys(self, rows: slice | np.ndarray) -> np.ndarray:
        """By region, then size, largest first."""
        sizes = sum((column >= 0).astype(np.int8) for column in self._part.elements[rows].T)
        return self._part.regions[rows].astype(np.int64) * KINDS + KINDS - 1 - sizes

    def _counted(self) -> np.ndarray:
        """(ranks, blocks) how many elements of each block the natural block of each rank has."""
        shape = self._part.comm.size, len(self._known)
        count = np.zeros(shape[0] * shape[1], np.int64)
        for some in pieces(len(self._ids)):
            number = self._cut.ranks(self._ids[some]) * shape[1] + np.searchsorted(self._known, self._keys(some))
            count += np.bincount(number, minlength=len(count))
        return sum_over(self._part.comm, count.reshape(shape))


def _columns(size: int, width: int, order: int) -> tuple[int, ...]:
    """Where the nodes of an element with ``size`` corners stand in a row of ``width`` corners and then midpoints."""
    midpoints = range(width, width + len(EDGES[size])) if order == 2 else range(0)
    return (*range(size), *midpoints)


def _block_names(keys: list[tuple[int, int]], region_names: Mapping[int, str]) -> list[str]:
    """The region's name; a region with several kinds of elements adds the kind for the lower ones."""
    largest = {region: max(s for r, s in keys if r == region) for region, _ in keys}
    names = [region_names.get(region, f"region_{region}") for region, _ in keys]
    lower = [SUFFIX[size] if size < largest[region] else "" for region, size in keys]
    return [name + suffix for name, suffix in zip(names, lower, strict=True)]
