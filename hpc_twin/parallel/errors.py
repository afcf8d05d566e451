"""Errors that a user reads: one message, on one rank, and every rank stops with the same exit code."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class TwinError(Exception):
    """An error whose message is meant for the user and needs no traceback."""

    exit_code = 3


class InputError(TwinError):
    """Something the user gave (file, key, value, option) cannot be used: exit code 2."""

    exit_code = 2


class RunError(TwinError):
    """The simulation itself failed (NaN, solver did not converge, disk full): exit code 3."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name nearest to ``name``, or an empty string."""
    found = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.6)
    return f"; did you mean '{found[0]}'?" if found else ""


@contextmanager
def together(comm) -> Iterator[None]:
    """Let a block fail on all ranks when it fails on one.

    The block must hold no collective call that only some ranks reach. At its end every rank learns
    whether another one failed, and all raise the error of the lowest rank that did.
    """
    error: Exception | None = None
    try:
        yield
    except Exception as caught:
        error = caught
    failures = [e for e in comm.allgather(_portable(error)) if e is not None]
    if failures:
        raise failures[0] from error


def on_root(comm, action: Callable[[], T]) -> T | None:
    """Run ``action`` on rank 0 only and return its result there, None elsewhere; its error is raised everywhere."""
    result = None
    with together(comm):
        if comm.rank == 0:
            result = action()
    return result


def _portable(error: Exception | None) -> Exception | None:
    """An error that can be pickled and sent; a foreign one keeps its type's name in the message."""
    if error is None or isinstance(error, TwinError | BrokenPipeError):  # a closed pipe is no fault of ours
        return error
    if isinstance(error, MemoryError):
        return RunError("out of memory: use more ranks or a coarser mesh")
    if isinstance(error, OSError):
        return RunError(f"{error.strerror or error} ({error.filename or 'no file name'})")
    return RunError(f"unexpected {type(error).__name__}: {error}")
