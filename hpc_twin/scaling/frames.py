"""What a frame costs, in its parts (docs/output.md): ranks compress chunks, each sends its own, rank 0 writes them."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from hpc_twin.io.chunks import Chunk, Packer
from hpc_twin.io.schema import chunk_width

MESSAGE = 5e-6  # seconds that rank 0 takes for the message of a rank where it could not be measured: mpi4py, pickled
LOOKED_AT = 3  # frames of the measured run that are compressed again
TURNS = 20  # writes of each chunk


@dataclass(frozen=True)
class Frames:
    """``fields`` of a frame, bytes of a value once it is compressed, and seconds: of a value to be compressed, of a
    chunk and a byte to be written, which goes to this machine's memory first, and of a rank's message on rank 0."""

    fields: int
    size: float
    compress: float
    chunk: float
    byte: float
    message: float = MESSAGE

    def seconds(self, nodes: float, ranks: int, link: float, writer: float, latency: float = 0.0) -> dict[str, float]:
        """Of one frame of so many nodes.

        ``link``: GB/s to rank 0;  ``writer``: of one process to the files;  ``latency``: seconds of a message's way.
        """
        width = min(chunk_width(round(nodes)), nodes)
        chunks = -(-nodes // width)
        block = min(width * -(-chunks // ranks), nodes)  # of the rank that has most chunks
        senders, n_bytes = min(chunks, ranks) - 1, self.fields * self.size * nodes
        return {
            "compress": self.fields * self.compress * block,
            "send": senders * (self.message + latency) + n_bytes * (1 - 1 / ranks) / (1e9 * link),
            "write": self.fields * self.chunk * chunks + n_bytes * max(self.byte, 1e-9 / writer),
        }


def looked_at(path: Path, message: float) -> Frames | None:
    """By the frames in a result, compressed and written once more; None where it has none. On one rank."""
    with h5py.File(path) as file:
        found = [file[name] for name in file if name.startswith("vals_nod_var") and file[name].chunks[0] == 1]
        if not found or not len(found[0]):
            return None
        size = sum(variable.id.get_storage_size() for variable in found) / sum(variable.size for variable in found)
        rows = found[0][np.unique(np.linspace(0, len(found[0]) - 1, LOOKED_AT).astype(int))]
        width = found[0].chunks[1]
    begin = time.process_time()
    packer = Packer(rows.dtype, width)
    chunks = [chunk for row in rows for chunk in packer.chunks("V", 0, row)]
    compress = (time.process_time() - begin) / rows.size
    whole, empty = (_written(some, rows.shape[1], width, rows.dtype) for some in (chunks, _emptied(chunks)))
    n_bytes = sum(len(chunk.data) for chunk in chunks) / len(chunks)
    return Frames(len(found), size, compress, empty, max(whole - empty, 0.0) / n_bytes, message)


def sent(comm, times: int = 200) -> float:
    """Seconds that rank 0 takes for a small message of another rank; collective."""
    if comm.size == 1:
        return MESSAGE
    comm.barrier()
    begin = time.process_time()
    for _ in range(times):
        if comm.rank == 1:
            comm.send([], 0)
        elif comm.rank == 0:
            comm.recv(source=1)
    return comm.bcast((time.process_time() - begin) / times)


def _emptied(chunks: Sequence[Chunk]) -> list[Chunk]:
    return [Chunk(chunk.name, chunk.column, chunk.data[:8]) for chunk in chunks]


def _written(chunks: Sequence[Chunk], length: int, width: int, dtype: np.dtype) -> float:
    """Seconds of a chunk that is written, handed to the operating system with those of its frame."""
    with tempfile.TemporaryDirectory() as name, h5py.File(Path(name) / "chunks.h5", "w") as file:
        shape = (TURNS, length)
        variable = file.create_dataset(
            "V", shape, dtype, chunks=(1, width), shuffle=True, compression="gzip", compression_opts=1
        )
        begin = time.process_time()
        for turn in range(TURNS):
            for chunk in chunks:
                variable.id.write_direct_chunk((turn, chunk.column), chunk.data)
            file.flush()
        return (time.process_time() - begin) / (TURNS * len(chunks))
