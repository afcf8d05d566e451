"""Rows that go from rank to rank, and numberings that are cut into one piece per rank."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from mpi4py import MPI

PIECE_BYTES = 1 << 26  # what one rank packs at a time


class Exchange:
    """Row i of an array on this rank goes to rank ``ranks[i]``: planned once, for any number of arrays. Collective.

    What arrives is in the order of the ranks that sent it, and of each rank's rows.
    """

    def __init__(self, comm, ranks: np.ndarray):
        self.comm = comm
        self._order = np.argsort(ranks, kind="stable") if comm.size > 1 else np.arange(len(ranks))
        self._sent = np.bincount(ranks, minlength=comm.size)
        self._received = np.empty_like(self._sent)
        comm.Alltoall(self._sent, self._received)

    @property
    def sources(self) -> np.ndarray:
        """(n_received,) the rank that each arriving row comes from."""
        return np.repeat(np.arange(self.comm.size), self._received)

    def carry(self, rows: np.ndarray) -> np.ndarray:
        """Send ``rows`` (n, ...) and return those that arrive (n_received, ...); one rank gets its own array."""
        if self.comm.size == 1:
            return rows
        return _moved(self.comm, rows, self._order, self._sent, self._received)

    def back(self, answers: np.ndarray) -> np.ndarray:
        """Send ``answers`` (n_received, ...) to where the rows came from and return (n, ...) in the order of these."""
        if self.comm.size == 1:
            return answers
        arrived = _moved(self.comm, answers, None, self._received, self._sent)
        out = np.empty_like(arrived)
        out[self._order] = arrived
        return out


def _moved(comm, rows: np.ndarray, order: np.ndarray | None, sent: np.ndarray, received: np.ndarray) -> np.ndarray:
    """All-to-all of rows in the order of their destinations, in rounds in which no rank packs more than PIECE_BYTES."""
    arrived = np.empty((int(received.sum()), *rows.shape[1:]), rows.dtype)
    width = int(np.prod(rows.shape[1:], dtype=int)) * rows.dtype.itemsize
    if width == 0:
        return arrived
    piece, total = max(1, PIECE_BYTES // width), int(sent.sum())
    ends, place = np.concatenate([[0], np.cumsum(sent)]), np.cumsum(received) - received
    unit = MPI.BYTE.Create_contiguous(width).Commit()
    for first in range(0, comm.allreduce(max(total, 1), op=MPI.MAX), piece):
        last = min(first + piece, total)
        packed = rows[first:last] if order is None else rows[order[first:last]]
        outgoing = np.diff(np.clip(ends, first, max(first, last)))
        incoming = np.empty_like(outgoing)
        comm.Alltoall(outgoing, incoming)
        start = np.cumsum(outgoing) - outgoing
        comm.Alltoallv([np.ascontiguousarray(packed), outgoing, start, unit], [arrived, incoming, place, unit])
        place = place + incoming
    unit.Free()
    return arrived


@dataclass(frozen=True)
class Cut:
    """The numbers from 0 to n, cut into one piece per rank: rank r holds ``starts[r]`` to ``starts[r + 1]``."""

    comm: Any
    starts: np.ndarray

    @classmethod
    def even(cls, comm, n: int) -> "Cut":
        """Pieces as equal as can be."""
        return cls(comm, np.arange(comm.size + 1, dtype=np.int64) * n // comm.size)

    @classmethod
    def held(cls, comm, n_here: int) -> "Cut":
        """This rank's piece holds ``n_here`` numbers; collective."""
        return cls(comm, np.concatenate([[0], np.cumsum(comm.allgather(n_here))]).astype(np.int64))

    @property
    def first(self) -> int:
        """First number of this rank's piece."""
        return int(self.starts[self.comm.rank])

    @property
    def last(self) -> int:
        """One behind the last number of this rank's piece."""
        return int(self.starts[self.comm.rank + 1])

    def ranks(self, numbers: np.ndarray) -> np.ndarray:
        """The rank that holds each of ``numbers``."""
        return np.searchsorted(self.starts, numbers, side="right") - 1

    def asked(self, numbers: np.ndarray) -> Exchange:
        """The exchange from this rank's ``numbers`` to the ranks that hold them; collective."""
        return Exchange(self.comm, self.ranks(numbers))

    def fetch(self, numbers: np.ndarray, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The rows of ``numbers``; each rank gives, by name, the ``rows`` of its own piece. Collective."""
        if self.comm.size == 1:
            return {name: values[numbers] for name, values in rows.items()}
        ask = self.asked(numbers)
        wanted = ask.carry(numbers) - self.first
        return {name: ask.back(values[wanted]) for name, values in rows.items()}
