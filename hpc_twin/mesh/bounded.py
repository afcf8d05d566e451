"""A lid on the memory of foreign parsers: a damaged count in a small file may ask for all there is."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

SPARE, PER_BYTE = 2**30, 200  # no reader needs 200 bytes of memory per byte of a file, compressed ones included


@contextlib.contextmanager
def bounded_memory(file_size: int) -> Iterator[None]:
    """Within the block, allocating more than a file of ``file_size`` bytes can need raises MemoryError (on Linux)."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + SPARE + PER_BYTE * file_size
    stricter = [value for value in (soft, hard) if value != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([limit, *stricter]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
