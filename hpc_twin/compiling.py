"""Compile a small C source with the system compiler into a shared library, once per source, flags, compiler and CPU."""

import ctypes
import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from hpc_twin.parallel import InputError, RunError, max_over, on_root, together

# NaN must stay NaN, so no -ffast-math and no -ffinite-math-only: only what vector code needs is given up.
FLAGS = (
    *("-std=gnu11", "-O3", "-shared", "-fPIC", "-fopenmp-simd"),
    *("-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fno-signed-zeros"),
)
CANDIDATES = ("cc", "gcc", "clang")
TIMEOUT = 300  # seconds


def build(sources: Sequence[str], comm) -> list[Path]:
    """Paths of the shared libraries of C ``sources``: from the cache, or compiled by rank 0 while the others wait.

    Several compile at once, as many as this process may use cores. Raises InputError when there is no compiler,
    RunError when it fails. Collective.
    """
    paths = comm.bcast(on_root(comm, lambda: _build_here(sources)))
    for path in paths:
        missing = not path.exists()
        if max_over(comm, missing):  # the cache is a disk of rank 0's machine: ranks elsewhere get a copy
            content = comm.bcast(path.read_bytes() if comm.rank == 0 else None)
            with together(comm):
                if missing:
                    _write(path, content)
    return paths


def _build_here(sources: Sequence[str]) -> list[Path]:
    different = list(dict.fromkeys(sources))
    with ThreadPoolExecutor(max(1, min(len(different), _cores()))) as pool:
        built = dict(zip(different, pool.map(build_here, different), strict=True))
    return [built[source] for source in sources]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def build_here(source: str) -> Path:
    """As ``build``, one source, by this process alone."""
    compiler = find_compiler()
    macros = _macros(tuple(compiler))
    flags = _flags(macros)
    digest = hashlib.sha256("\0".join((source, *compiler, *flags, macros)).encode()).hexdigest()[:32]
    path = cache_folder() / f"{digest}.so"
    if not path.exists():
        library, report = _compiled(source, [*compiler, *flags], digest)
        _write(path.with_suffix(".txt"), report.encode())
        _write(path, library)
    return path


def report(library: Path) -> str:
    """What the compiler said of a library of the cache: which loops it vectorised and how wide."""
    path = library.with_suffix(".txt")
    return path.read_text() if path.exists() else ""


def opened(library: Path) -> ctypes.CDLL:
    """A library of the cache, loaded. Raises RunError."""
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:  # a disk mounted noexec, or a CPU of another kind than that of rank 0
        raise RunError(f"cannot load what was compiled ({error}): set XDG_CACHE_HOME to another folder") from None


def find_compiler() -> list[str]:
    """The command of the C compiler: $CC, or the first of cc, gcc, clang. Raises InputError."""
    try:
        wanted = shlex.split(os.environ.get("CC", ""))
    except ValueError as error:
        raise InputError(f"the variable CC: found {os.environ['CC']}, it cannot be read ({error})") from None
    for command in [wanted] if wanted else [[name] for name in CANDIDATES]:
        if shutil.which(command[0]):
            return command
    tried = wanted[0] if wanted else ", ".join(CANDIDATES)
    raise InputError(
        f"no C compiler found (tried {tried}): cell models and products are compiled on this machine. Install one with "
        "'apt install gcc libc6-dev' or 'conda install c-compiler', or name yours in the variable CC"
    )


@cache
def _macros(compiler: tuple[str, ...]) -> str:
    """What the compiler predefines for this CPU: its version and every instruction set, so it keys the cache."""
    for native in (["-march=native"], ["-mcpu=native"], []):
        command = [*compiler, *native, "-dM", "-E", "-x", "c", os.devnull]
        result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
        if result.returncode == 0:
            return " ".join(native) + "\n" + result.stdout
    raise InputError(f"the C compiler '{' '.join(compiler)}' does not work: {result.stderr.strip()[:500]}")


def _flags(macros: str) -> list[str]:
    """The flags for this compiler and CPU."""
    native, defined = macros.split("\n", 1)
    flags = [*FLAGS, *native.split()]
    if "__clang__" in defined:
        flags.append("-Rpass=loop-vectorize")
    else:
        flags.append("-fopt-info-vec-optimized")
        flags += ["--param", "vect-epilogues-nomask=0"]  # no copy of the loop for the last 4 cells: half the time here
        flags += ["-fschedule-insns", "-fsched-pressure"]  # fewer spilled registers: 12 % of a large kernel's time
    if "__AVX512F__" in defined:
        flags.append("-mprefer-vector-width=512")
    return [*flags, "-lm"]


def _compiled(source: str, command: list[str], digest: str) -> tuple[bytes, str]:
    """The bytes of the shared library and the compiler's words."""
    with tempfile.TemporaryDirectory(prefix="hpc_twin-") as folder:
        text, library = Path(folder, f"{digest}.c"), Path(folder, f"{digest}.so")
        text.write_text(source)
        libraries = [flag for flag in command if flag.startswith(("-l", "-Wl"))]
        others = [flag for flag in command if flag not in libraries]
        try:
            result = subprocess.run(
                [*others, str(text), "-o", str(library), *libraries], capture_output=True, text=True, timeout=TIMEOUT
            )
        except subprocess.TimeoutExpired:
            raise RunError(f"the C compiler '{command[0]}' needed more than {TIMEOUT} s and was stopped") from None
        if result.returncode != 0:
            raise RunError(f"the C compiler '{command[0]}' failed: {result.stderr.strip()[:2000]}")
        return library.read_bytes(), result.stderr


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/hpc_twin (~/.cache/hpc_twin), or a private temporary folder where that cannot be written."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for folder in (Path(base, "hpc_twin"), Path(tempfile.gettempdir(), f"hpc_twin-{os.getuid()}")):
        if _usable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="hpc_twin-"))


def _usable(folder: Path) -> bool:
    """Whether ``folder`` can be written by us and by nobody else, so that no stranger's library is ever loaded."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError:
        return False
    private = found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return private and os.access(folder, os.W_OK | os.X_OK)


def _write(path: Path, content: bytes) -> None:
    """Put the library in its place in one go: whoever looks finds all of it or nothing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o700)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
