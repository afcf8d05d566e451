"""Chunks of netCDF-4 variables that the ranks compress and one rank writes as they are (HDF5's H5Dwrite_chunk).

What a reader undoes is the same as ever: HDF5's shuffle, then deflate. In what has one time only deflate looks for runs
alone: behind shuffled floats it finds hardly anything else, and takes half as long (docs/output.md).
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpc_twin.io.handle import Handle

LEVEL, WINDOW = 1, 15


@dataclass(frozen=True)
class Chunk:
    """A compressed chunk of the variable ``name``; its first value is the ``column``-th of a time."""

    name: str
    column: int
    data: bytes


class Packer:
    """Compresses rows cut into chunks of ``steps`` times and ``width`` values, the same at all of them."""

    def __init__(self, dtype: np.dtype, width: int, steps: int = 1):
        self.width = width
        # one Huffman code for each byte of the shuffled floats: deflate begins another after 2^(memory + 6) of them
        memory = min(max((steps * width).bit_length() - 7, 1), 9)
        strategy = zlib.Z_RLE if steps == 1 else zlib.Z_DEFAULT_STRATEGY
        self._how = (LEVEL, zlib.DEFLATED, WINDOW, memory, strategy)
        self._last = np.empty(width, dtype)
        self._shuffled = np.empty((dtype.itemsize, steps, width), np.uint8)

    def chunks(self, name: str, column: int, row: np.ndarray) -> Iterator[Chunk]:
        """Those of ``row``, whose first value is the ``column``-th of a time; NaN fills the last one."""
        for a in range(0, len(row), self.width):
            yield Chunk(name, column + a, self._packed(row[a : a + self.width]))

    def _packed(self, values: np.ndarray) -> bytes:
        if len(values) < self.width:
            self._last[: len(values)], self._last[len(values) :] = values, np.nan
            values = self._last
        self._shuffled[:] = values.view(np.uint8).reshape(self.width, -1).T[:, None, :]
        deflate = zlib.compressobj(*self._how)
        return deflate.compress(self._shuffled.data) + deflate.flush()


def store(file: Handle, chunks: Sequence[Chunk], steps: Sequence[int]) -> None:
    """Write each of ``chunks`` at each of ``steps``, the first of its times."""
    for chunk in chunks:
        variable = file.dataset(chunk.name).id
        for step in steps:
            variable.write_direct_chunk((step, chunk.column), chunk.data)


def lengthen(file: Handle, names: Sequence[str], length: int) -> None:
    """Give the variables ``names`` of a time each, and the dimension itself, ``length`` times."""
    for name in (*names, "time_step"):
        file.dataset(name).resize(length, axis=0)


def number(file: Handle, step: int, numbers: Mapping[str, float]) -> None:
    """Write a number to each of some variables of time alone, and hand everything to the operating system."""
    for name, value in numbers.items():
        file.dataset(name)[step] = value
    file.flush()
