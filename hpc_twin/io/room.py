"""Is there room for what comes next? Asked before it is written, since a netCDF-4 file whose tables could not be
written is lost as a whole, and one that was closed in time is not."""

import ctypes
import errno
import os
import resource
import shutil
from pathlib import Path


def lack_of_room(path: Path, n_bytes: int) -> str | None:
    """Why ``n_bytes`` more cannot be written to ``path``, in words, or None when they can.

    Free space, the process's file-size limit and, by allocating that much for a moment in a file beside it, quotas.
    """
    free = shutil.disk_usage(path.parent).free
    if free < n_bytes:
        return f"the disk is full ({megabytes(free)} are free)"
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit != resource.RLIM_INFINITY and path.stat().st_size + n_bytes > limit:
        return f"the limit on the size of a file is reached (ulimit -f: {megabytes(limit)})"
    code = _try_to_allocate(path.with_name(path.name + ".room"), n_bytes)
    return f"{os.strerror(code).lower()}" if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else None


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
