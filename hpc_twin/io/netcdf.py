"""One netCDF-4 file that all ranks write: collectively where netCDF4 was built with MPI, through rank 0 otherwise."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import netCDF4
import numpy as np
from mpi4py import MPI

from hpc_twin.io.chunks import Chunk, lengthen, number, store
from hpc_twin.io.handle import Handle
from hpc_twin.io.room import Room, megabytes
from hpc_twin.parallel import InputError, RunError, TwinError, on_root, together, warn

T = TypeVar("T")
PIECE_BYTES = 4 << 20  # what rank 0 holds of another rank's values
SPARE_BYTES = 256 << 10  # left free on the disk, so that the file's own tables can still be written


def has_parallel_netcdf() -> bool:
    """Whether netCDF4 can write one file from several ranks."""
    return bool(netCDF4.__has_parallel4_support__)


class SharedFile:
    """A netCDF-4 file written under the name ``path`` + ".part", and renamed to ``path`` when it is closed.

    Every method is collective. Raises InputError when the file cannot be created and RunError, on all ranks, when
    writing fails (disk full, quota). Want of room is found before a write (``require_space``); should a collective
    write itself fail, all ranks are aborted, and the file up to the last ``sync`` stays under its temporary name.
    What fails in ``put_chunks`` is told by the next other method.
    """

    def __init__(self, comm, path: str | Path, parallel: bool | None = None, again: bool = False):
        """``again``: go on with the temporary file of a run that was stopped."""
        self.comm = comm
        self.path = Path(path)
        self.temporary = self.path.with_name(self.path.name + ".part")
        self.parallel = has_parallel_netcdf() and comm.size > 1 if parallel is None else parallel
        self.bytes_written = 0
        self._closed = False
        self._buffer = np.empty(PIECE_BYTES if comm.rank == 0 else 0, dtype=np.uint8)
        self._handle: Handle | None = None
        self._failed: RunError | None = None
        self._sent: MPI.Request | None = None
        self._room = Room(self.temporary)
        with together(comm):
            if self.parallel or comm.rank == 0:
                self._handle = self._opened(again)

    def _opened(self, again: bool) -> Handle:
        how = {"parallel": True, "comm": self.comm} if self.parallel else {}
        try:
            return Handle(self.temporary, how, again)
        except (OSError, RuntimeError) as error:
            if again:
                raise InputError(f"{self.temporary}: cannot be opened to go on with it ({error})") from None
            raise InputError(f"{self.path}: cannot be written ({error}); choose another folder for results") from None

    @property
    def closed(self) -> bool:
        """Whether ``close`` or ``discard`` was called."""
        return self._closed

    def define(self, action: Callable[[netCDF4.Dataset], None]) -> None:
        """Let ``action(dataset)`` add dimensions, variables and attributes."""
        self._with_handle(lambda handle: action(handle.netcdf))

    def look(self, action: Callable[[netCDF4.Dataset], T]) -> T:
        """What ``action(dataset)`` finds in the file, on all ranks. Raises InputError where it is not there."""
        with together(self.comm):
            found = None
            if self.comm.rank == 0:
                found = self._found(action)
        return self.comm.bcast(found)

    def _found(self, action: Callable[[netCDF4.Dataset], T]) -> T:
        assert self._handle is not None
        try:
            return action(self._handle.netcdf)
        except (OSError, RuntimeError, KeyError, IndexError, AttributeError) as error:
            raise InputError(f"{self.temporary}: is not the file of this run ({error})") from None

    def put(self, name: str, values: np.ndarray, start: int, steps: slice | None = None) -> None:
        """Write this rank's ``values`` (n, ...) at ``start`` to ``start + n`` of variable ``name``.

        With ``steps`` the variable is ``(time, n, ...)`` and the values are written at each of those times.
        """
        if self.parallel:
            values, start = self._fill_empty(values, start)
            if len(values):
                with together(self.comm):
                    self._attempt(lambda: self._store(name, values, start, steps, collective=True))
        elif self.comm.rank == 0:
            self._collect(name, values, start, steps)
        else:
            self._send(values, start, steps)

    def put_everywhere(self, name: str, value: object, step: int) -> None:
        """Write one ``value``, the same on all ranks, at index ``step`` of the variable (``time_whole``)."""
        values = np.array([value])
        self._with_handle(lambda handle: self._store(name, values, step, None, collective=self.parallel))

    def put_chunks(
        self, chunks: Sequence[Chunk], names: Sequence[str], length: int, steps: Sequence[int], **numbers: float
    ) -> None:
        """Let ``names`` and ``numbers`` have ``length`` times, write all ranks' ``chunks`` at each of ``steps`` and the
        ``numbers``, the same on all ranks, at the last time; hand all to the operating system.

        For a file that is not parallel: rank 0 writes, the others do not wait for it.
        """
        sends = np.zeros(self.comm.size if self.comm.rank == 0 else 0, bool)
        self.comm.Gather(np.array([len(chunks) > 0]), sends)
        if self.comm.rank > 0:
            self._wait_for_root()
            self._sent = self.comm.isend(chunks, 0) if chunks else None
            return
        self._later(lambda file: lengthen(file, (*names, *numbers), length))
        self._later(partial(store, chunks=chunks, steps=steps))
        for rank in np.flatnonzero(sends[1:]) + 1:  # of thousands of ranks few have chunks
            self._later(partial(store, chunks=self.comm.recv(source=rank), steps=steps))
        self._later(lambda file: number(file, length - 1, numbers))

    def await_chunks(self) -> None:
        """Write what was put so far, which may take long, so that the first ``put_chunks`` does not."""
        if not self.parallel:
            self._with_handle(lambda handle: handle.dataset("time_step"))

    def sync(self) -> None:
        """Hand everything to the operating system: the file so far can be read even if the run is killed."""
        self._with_handle(Handle.flush)

    def require_space(self, n_bytes: int) -> None:
        """Raise RunError when the disk has not room for ``n_bytes`` more: the file is still sound and can be closed."""
        on_root(self.comm, lambda: self._check_space(n_bytes))

    def close(self) -> None:
        """Close and rename; the size on disk is then in ``bytes_written`` on all ranks."""
        self._shut()
        self.bytes_written = self.comm.bcast(on_root(self.comm, self._rename))

    def finish(self, write_rest: Callable[[], None], complete: bool) -> int:
        """``write_rest()``, say whether the file is ``complete``, close; the bytes. A second call does nothing."""
        if not self.closed:
            try:
                write_rest()
                self.define(lambda data: data.setncattr("complete", np.int32(complete)))
            finally:
                self.close()
        return self.bytes_written

    def discard(self) -> None:
        """Close and delete: nothing worth reading was written."""
        self._shut()
        on_root(self.comm, lambda: self.temporary.unlink(missing_ok=True))

    def _shut(self) -> None:
        self._closed = True
        self._wait_for_root()
        with together(self.comm):
            handle, self._handle = self._handle, None
            if handle is not None:
                self._attempt(handle.close)
            self._tell()

    def _wait_for_root(self) -> None:
        if self._sent is not None:
            self._sent.wait()
            self._sent = None

    def _with_handle(self, action: Callable[[Handle], object]) -> None:
        """Let those who hold the file open do something to it, or fail all together."""
        with together(self.comm):
            self._tell()
            handle = self._handle
            if handle is not None:
                self._attempt(lambda: action(handle))

    def _later(self, action: Callable[[Handle], None]) -> None:
        """Rank 0 alone: the others hear of a failure at the next collective call; until then nothing more is tried."""
        assert self._handle is not None
        if self._failed is None:
            try:
                action(self._handle)
            except (OSError, RuntimeError, ValueError, KeyError) as error:
                self._failed = self._failure(error)

    def _tell(self) -> None:
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    def _rename(self) -> int:
        os.replace(self.temporary, self.path)
        return self.path.stat().st_size

    def _check_space(self, n_bytes: int) -> None:
        self._tell()
        reason = self._room.lack(n_bytes + SPARE_BYTES)
        if reason:
            raise RunError(
                f"{self.path}: {reason}, and {megabytes(n_bytes)} may be needed now; what was written before is kept. "
                "Free some space, or write less"
            )

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (OSError, RuntimeError) as error:
            failure = self._failure(error)
            if self.parallel:  # the other ranks may wait inside the library for this one, and for ever
                print(f"error: {failure}", file=sys.stderr, flush=True)
                self.comm.Abort(failure.exit_code)
            raise failure from None

    def _failure(self, error: Exception) -> RunError:
        free = megabytes(shutil.disk_usage(self.path.parent).free)
        return RunError(
            f"{self.path}: writing failed ({error}); {free} are free on that disk (is it full, or a quota or size "
            f"limit reached?). What could be kept is in {self.path.name} or {self.temporary.name}"
        )

    def _fill_empty(self, values: np.ndarray, start: int) -> tuple[np.ndarray, int]:
        """Give a rank without rows a copy of another rank's first row, to be written over itself: netCDF4 skips empty
        writes, and a collective write that one rank skips never ends."""
        counts = self.comm.allgather(len(values))
        if min(counts) > 0 or max(counts) == 0:
            return values, start
        row, place = self.comm.bcast((values[:1], start), root=int(np.argmax(counts)))
        return (values, start) if len(values) else (row, place)

    def _store(self, name: str, values: np.ndarray, start: int, steps: slice | None, collective: bool) -> None:
        assert self._handle is not None
        variable = self._handle.netcdf.variables[name]
        if collective:
            variable.set_collective(True)
        stop = start + len(values)
        if steps is None:
            variable[start:stop] = values
        else:
            variable[steps, start:stop] = np.broadcast_to(values, (steps.stop - steps.start, *values.shape))

    def _collect(self, name: str, values: np.ndarray, start: int, steps: slice | None) -> None:
        """Rank 0: write its own values, then those of rank 1, 2, ... piece by piece. After a failure the pieces are
        still received, so that no sender waits for ever, and then all ranks raise."""
        spans = self.comm.gather((start, len(values)))
        error, self._failed = self._failed, None
        for rank, (first, count) in enumerate(spans):
            for a, b in _pieces(count, _rows(values, steps)):
                piece = values[a:b] if rank == 0 else self._receive(rank, b - a, values)
                try:
                    if error is None:
                        self._store(name, piece, first + a, steps, collective=False)
                except (OSError, RuntimeError) as caught:
                    error = self._failure(caught)
        with together(self.comm):
            if error is not None:
                raise error

    def _receive(self, rank: int, rows: int, like: np.ndarray) -> np.ndarray:
        shape = (rows, *like.shape[1:])
        n_bytes = like.dtype.itemsize * int(np.prod(shape))
        piece = self._buffer[:n_bytes]
        self.comm.Recv(piece, source=rank)
        return piece.view(like.dtype).reshape(shape)

    def _send(self, values: np.ndarray, start: int, steps: slice | None) -> None:
        self.comm.gather((start, len(values)))
        values = np.ascontiguousarray(values)
        for a, b in _pieces(len(values), _rows(values, steps)):
            self.comm.Send(values[a:b].reshape(-1).view(np.uint8), dest=0)
        with together(self.comm):
            pass


def _rows(values: np.ndarray, steps: slice | None) -> int:
    """Rows of one piece: it fits PIECE_BYTES, also when it is written at several times at once."""
    repeat = 1 if steps is None else steps.stop - steps.start
    return max(1, PIECE_BYTES // (values.dtype.itemsize * int(np.prod(values.shape[1:])) * repeat))


def _pieces(count: int, rows: int) -> Iterator[tuple[int, int]]:
    return ((a, min(a + rows, count)) for a in range(0, count, rows))


def settle(comm, close: Callable[..., object], error: BaseException | None) -> None:
    """Call ``close(complete)`` at the end of a ``with``: as complete, or, after ``error``, as far as it came."""
    if error is None:
        close(complete=True)
    elif comm.size == 1 or isinstance(error, TwinError):  # other errors may be on this rank alone
        try:
            close(complete=False)
        except RunError as second:
            warn(comm, str(second))
