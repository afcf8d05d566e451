"""Rows that go from rank to rank, and numberings that are cut into one piece per rank."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpi4py import MPI

PIECE_BYTES = 1 << 26  # what one rank packs at a time


class Exchange:
    """Row i of an array on this rank goes to rank ``ranks[i]``: planned once, for any number of arrays. Collective.

    What arrives is in the order of the ranks that sent it, and of each rank's rows. Rows travel in rounds, in which no
    rank packs more than PIECE_BYTES.
    """

    def __init__(self, comm, ranks: np.ndarray):
        self.comm = comm
        self._ranks = np.asarray(ranks, np.uint16 if comm.size <= 1 << 16 else np.int64)
        self._received = np.empty(comm.size, np.int64)
        comm.Alltoall(np.bincount(self._ranks, minlength=comm.size).astype(np.int64), self._received)

    @property
    def sources(self) -> np.ndarray:
        """(n_received,) the rank that each arriving row comes from."""
        return np.repeat(np.arange(self.comm.size), self._received)

    def carry(self, rows: np.ndarray) -> np.ndarray:
        """Send ``rows`` (n, ...) and return those that arrive (n_received, ...); one rank gets its own array."""
        if self.comm.size == 1:
            return rows
        arrived = np.empty((int(self._received.sum()), *rows.shape[1:]), rows.dtype)
        with _unit(rows) as unit:
            for some, order, outgoing, incoming, place in self._rounds(rows) if unit else ():
                packed = rows[some][order]
                sent = [packed, outgoing, _starts(outgoing), unit]
                self.comm.Alltoallv(sent, [arrived, incoming, place, unit])
        return arrived

    def back(self, answers: np.ndarray) -> np.ndarray:
        """Send ``answers`` (n_received, ...) to where the rows came from and return (n, ...) in the order of these."""
        if self.comm.size == 1:
            return answers
        answers = np.ascontiguousarray(answers)
        out = np.empty((len(self._ranks), *answers.shape[1:]), answers.dtype)
        with _unit(answers) as unit:
            for some, order, asked, answered, place in self._rounds(answers) if unit else ():
                arrived = np.empty((len(order), *answers.shape[1:]), answers.dtype)
                self.comm.Alltoallv([answers, answered, place, unit], [arrived, asked, _starts(asked), unit])
                out[some][order] = arrived
        return out

    def _rounds(self, rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Of each round: which of this rank's rows go, their order by rank, how many to and from each rank, and where
        those of each rank stand among all that arrive."""
        place, total = _starts(self._received), len(self._ranks)
        piece = max(1, PIECE_BYTES // _width(rows))
        for first in range(0, self.comm.allreduce(max(total, 1), op=MPI.MAX), piece):
            some = slice(min(first, total), min(first + piece, total))
            ranks = self._ranks[some]
            outgoing, incoming = np.bincount(ranks, minlength=self.comm.size).astype(np.int64), np.empty_like(place)
            self.comm.Alltoall(outgoing, incoming)
            yield some, np.argsort(ranks, kind="stable"), outgoing, incoming, place
            place = place + incoming


@contextmanager
def _unit(rows: np.ndarray) -> Iterator[MPI.Datatype | None]:
    """MPI's type of one of ``rows``, or None where a row has no bytes."""
    if _width(rows) == 0:
        yield None
        return
    unit = MPI.BYTE.Create_contiguous(_width(rows)).Commit()
    yield unit
    unit.Free()


def _width(rows: np.ndarray) -> int:
    """Bytes of one of ``rows``."""
    return int(np.prod(rows.shape[1:], dtype=int)) * rows.dtype.itemsize


def _starts(counts: np.ndarray) -> np.ndarray:
    return np.cumsum(counts) - counts


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
