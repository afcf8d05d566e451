"""Memory that is no longer needed: PETSc's objects that Python has let go of, and what the C library keeps."""

import ctypes

from petsc4py import PETSc

LARGE = 32 << 20  # bytes: smaller arrays come and go too often to ask the system each time
MMAP_MAX, MMAP_THRESHOLD, TRIM_THRESHOLD = -4, -3, -1  # of glibc's malloc.h


def sweep(comm) -> None:
    """Free PETSc's objects on ``comm`` that no rank's Python holds any more, and return what is free; collective.

    Since 3.18 these stay until they are asked for together, as Python lets go of them in any order: else a solver with
    its multigrid that was needed once, for fibres, would be held until the run ends.
    """
    PETSc.garbage_cleanup(comm)
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def return_freed() -> None:
    """Let glibc map large arrays: they go back to the system when they are freed, and grow without being copied.

    This is glibc's own way, but SuperLU_DIST, which Debian's PETSc loads, turns it off for the whole process: then a
    run would hold to its end what its start-up needed. Other C libraries are left alone.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for option, value in ((MMAP_MAX, 65536), (MMAP_THRESHOLD, LARGE), (TRIM_THRESHOLD, 4 * LARGE)):
            library.mallopt(option, value)
