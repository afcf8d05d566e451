"""Is there room for what comes next? Asked before it is written, since a netCDF-4 file whose tables could not be
written is lost as a whole, and one that was closed in time is not."""

import ctypes
import errno
import os
import resource
import shutil
from pathlib import Path

AHEAD = 16  # times what is asked for is allocated at once, since that takes longer than to look


class Room:
    """Whether a file may grow, asked again and again."""

    def __init__(self, path: Path):
        self._path, self._sure = path, 0

    def lack(self, n_bytes: int) -> str | None:
        """As ``lack_of_room``, which most calls are spared since an earlier one allocated ahead."""
        if self._sure < n_bytes and lack_of_room(self._path, AHEAD * n_bytes) is None:
            self._sure = AHEAD * n_bytes
        if self._sure < n_bytes:
            return lack_of_room(self._path, n_bytes)
        self._sure -= n_bytes
        return obvious_lack(self._path, n_bytes)


def lack_of_room(path: Path, n_bytes: int) -> str | None:
    """Why ``n_bytes`` more cannot be written to ``path``, in words, or None when they can.

    Free space, the process's file-size limit and, by allocating that much for a moment in a file beside it, quotas.
    """
    if reason := obvious_lack(path, n_bytes):
        return reason
    code = _try_to_allocate(path.with_name(path.name + ".room"), n_bytes)
    return f"{os.strerror(code).lower()}" if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else None


def obvious_lack(path: Path, n_bytes: int) -> str | None:
    """The same, but for quotas."""
    free = shutil.disk_usage(path.parent).free
    if free < n_bytes:
        return f"the disk is full ({megabytes(free)} are free)"
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit != resource.RLIM_INFINITY and path.stat().st_size + n_bytes > limit:
        return f"the limit on the size of a file is reached (ulimit -f: {megabytes(limit)})"
    return None


def megabytes(n_bytes: float) -> str:
    """``n_bytes`` as text."""
    return f"{n_bytes / 1e6:.3g} MB"


def _try_to_allocate(path: Path, n_bytes: int) -> int:
    """The errno of Linux's fallocate on a file that is removed again; 0 if it worked or does not exist here.

    Not os.posix_fallocate: where the file system cannot reserve, that writes the whole length instead.
    """
    fallocate = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    if fallocate is None:
        return 0
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    try:
        with open(path, "wb") as file:
            return ctypes.get_errno() if fallocate(file.fileno(), 0, 0, n_bytes) else 0
    except OSError as error:
        return error.errno or 0
    finally:
        path.unlink(missing_ok=True)
