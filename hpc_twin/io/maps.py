"""What does not change with time in a result: maps at nodes, fibres in elements. Stored at every time, at the end."""

from collections.abc import Mapping, Sequence

import numpy as np

from hpc_twin.io.blocks import ElementBlocks
from hpc_twin.io.chunks import Packer
from hpc_twin.io.natural import NaturalOrder
from hpc_twin.io.netcdf import SharedFile
from hpc_twin.io.schema import map_width, places
from hpc_twin.mesh.part import Part


class Maps:
    """Static results of one file: ``numbers`` of the nodal ones by name, and the elements' ``fibres`` or None.

    steps  times in a chunk. Where one rank writes the file, a chunk of so many equal times is compressed once and
           written as often as there are frames for it.
    """

    def __init__(self, order: NaturalOrder, n_nodes: int, dtype: np.dtype, numbers: Mapping[str, int], steps: int):
        self._order, self._dtype, self._numbers, self._steps = order, dtype, numbers, steps
        self._rows: dict[str, np.ndarray] = {}
        self._width = min(n_nodes, map_width(n_nodes, steps))
        self._fibres: Fibres | None = None

    def add_fibres(self, part: Part, blocks: ElementBlocks) -> None:
        """Keep the fibres of ``part``, too."""
        self._fibres = Fibres(part, blocks, self._dtype, self._steps)

    def set(self, name: str, owned: np.ndarray) -> None:
        """The map ``name`` has these (n_owned,) values; collective."""
        row = self._rows.setdefault(name, np.empty(self._order.n_block, self._dtype))
        self._order.move(owned, row)

    def write(self, file: SharedFile, frames: int) -> None:
        """At all of ``frames`` times; collective."""
        rows = {places("nodal", self._numbers[name], 0)[0][0]: row for name, row in self._rows.items()}
        if file.parallel:
            self._write_together(file, frames, rows)
        elif frames:
            packer = Packer(self._dtype, self._width, self._steps)
            firsts = range(0, frames, self._steps)
            for name, row in rows.items():
                file.put_chunks(list(packer.chunks(name, self._order.start, row)), [name], frames, firsts)
            if self._fibres is not None:
                for names, chunks in self._fibres.chunks():
                    file.put_chunks(chunks, names, frames, firsts)

    def _write_together(self, file: SharedFile, frames: int, rows: Mapping[str, np.ndarray]) -> None:
        for first in range(0, frames, self._steps):
            steps = slice(first, min(first + self._steps, frames))
            for name, row in rows.items():
                file.put(name, row, self._order.start, steps)
            if self._fibres is not None:
                for name, values, start in self._fibres.rows():
                    file.put(name, values, start, steps)


class Fibres:
    """The elements' directions, by element block."""

    def __init__(self, part: Part, blocks: ElementBlocks, dtype: np.dtype, steps: int):
        fibres, number = part.fibres, blocks.natural(blocks.numbers)[:, 0]
        assert fibres is not None
        self._comm, self._dtype, self._steps = part.comm, dtype, steps
        self._pieces = [(np.flatnonzero(number == k), first) for k, first in enumerate(blocks.before.tolist())]
        self._counts = [block.count for block in blocks.blocks]
        self._grain = map_width(part.n_elements, steps)
        self._natural = blocks.natural(lambda rows: fibres[rows].astype(dtype))

    def rows(self):
        """Per component and block: (name, this rank's values, where they begin in the block)."""
        for axis in range(3):
            for (name, _), (rows, first) in zip(self._places(axis), self._pieces, strict=True):
                yield name, np.ascontiguousarray(self._natural[rows, axis]), first

    def chunks(self):
        """Per component: the names of its variables, and this rank's chunks of them."""
        starts = np.cumsum([0, *(-(-count // self._grain) * self._grain for count in self._counts)])
        order = self._padded(starts)
        packers = [Packer(self._dtype, min(count, self._grain), self._steps) for count in self._counts]
        row = np.empty(order.n_block, self._dtype)
        for axis in range(3):
            order.move(self._natural[:, axis], row)
            names = [name for name, _ in self._places(axis)]
            yield names, list(self._cut(row, order.start, starts, names, packers))

    def _padded(self, starts: np.ndarray) -> NaturalOrder:
        """From the mesh's order to that of the file, in which every block begins at a chunk of its own."""
        places = np.empty(len(self._natural), np.int64)
        for (rows, first), start in zip(self._pieces, starts[:-1].tolist(), strict=True):
            places[rows] = start + first + np.arange(len(rows))
        return NaturalOrder(self._comm, places, int(starts[-1]), self._grain)

    def _cut(self, row: np.ndarray, begin: int, starts: np.ndarray, names: Sequence[str], packers: Sequence[Packer]):
        for a in range(0, len(row), self._grain):
            block = int(np.searchsorted(starts, begin + a, side="right")) - 1
            column = begin + a - int(starts[block])
            count = min(self._grain, self._counts[block] - column)
            yield from packers[block].chunks(names[block], column, row[a : a + count])

    def _places(self, axis: int) -> list[tuple[str, str]]:
        return places("element", axis + 1, len(self._counts))
