"""The libraries that hpc_twin stands on: each is loaded and asked, in a way that survives whatever is wrong with it."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from tempfile import TemporaryDirectory

from hpc_twin.cli.doctor import Finding
from hpc_twin.cli.doctor_machine import clean_environment, remedy

PETSC_PARTS = ("hypre", "mumps", "superlu_dist", "ml", "ptscotch", "metis", "parmetis", "cuda", "hip", "kokkos")
MODULES = (
    *("numpy", "scipy", "meshio", "h5py", "pymetis", "myokit", "libsbml", "sksundae"),
    *("pint", "pydantic", "rich", "matplotlib", "imageio"),
)
DISTRIBUTIONS = {"libsbml": "python-libsbml", "sksundae": "scikit-sundae"}  # where they have another name
GRAPHICS = "libgl1 libegl1 libosmesa6 libxrender1 libglu1-mesa libxcursor1 libxft2 libxinerama1 libxfixes3"
OFF_SCREEN = (
    "import pyvista; p = pyvista.Plotter(off_screen=True, window_size=(64, 64)); p.add_mesh(pyvista.Sphere());"
    "assert p.screenshot(return_img=True).std() > 0; v = '.'.join(map(str, pyvista.vtk_version_info));"
    "print(f'pyvista {pyvista.__version__} with VTK {v} draws off-screen')"
)
GMSH = "import gmsh; gmsh.initialize(interruptible=False); print(gmsh.__version__); gmsh.finalize()"
TIMEOUT = 120  # seconds


def libraries() -> list[Finding]:
    """Findings on every library, in the order in which a run needs them."""
    return [
        Finding("python", f"{sys.version.split()[0]} ({sys.executable})"),
        asked("mpi4py", _mpi, remedy("python3-mpi4py libopenmpi-dev", conda="mpi4py openmpi")),
        asked("PETSc", _petsc, remedy("python3-petsc4py", conda="petsc4py")),
        asked("netCDF4", _netcdf, remedy(pip="netCDF4", conda="'netcdf4=*=mpi_openmpi*'")),
        asked("C compiler", _compiler, remedy("gcc libc6-dev", conda="c-compiler")),
        asked("Python packages", _modules, "reinstall with 'make setup' or 'pip install -e .' in the project's folder"),
        in_child("gmsh", GMSH, True, remedy(GRAPHICS, conda="python-gmsh")),
        in_child("pictures", OFF_SCREEN, True, remedy(GRAPHICS, conda="pyvista")),
        asked("movies", _movies, remedy(pip="imageio-ffmpeg", conda="imageio-ffmpeg"), required=False),
    ]


def asked(what: str, question: Callable[[], str], cure: str, required: bool = True) -> Finding:
    """What ``question`` answers; its error, whatever it is, is the finding otherwise."""
    try:
        return Finding(what, question(), required=required)
    except Exception as error:  # a broken library raises whatever it likes
        return Finding(what, f"{type(error).__name__}: {error}"[:300], False, required, cure)


def in_child(what: str, program: str, required: bool, cure: str) -> Finding:
    """As ``asked``, by a program in another process: graphics libraries like to end the one they are in."""

    def question() -> str:
        words = [sys.executable, "-c", program]
        env = clean_environment()
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError((done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1])
        return done.stdout.strip().splitlines()[-1]

    return asked(what, question, cure, required)


def _mpi() -> str:
    import mpi4py
    from mpi4py import MPI

    library = MPI.Get_library_version().split(",")[0].split("\n")[0].strip("\0 ")
    return f"{mpi4py.__version__} on {library} (MPI {'.'.join(map(str, MPI.Get_version()))})"


def _petsc() -> str:
    import numpy as np
    from petsc4py import PETSc

    if np.issubdtype(PETSc.ScalarType, np.complexfloating):
        raise RuntimeError("this PETSc was built for complex numbers, hpc-twin needs a real one")
    parts = [name for name in PETSC_PARTS if PETSc.Sys.hasExternalPackage(name)]
    bits = np.dtype(PETSc.IntType).itemsize * 8
    number = ".".join(map(str, PETSc.Sys.getVersion()))
    return f"{number}, real, {bits}-bit integers, with {', '.join(parts) or 'no external packages'}"


def _netcdf() -> str:
    import netCDF4

    from hpc_twin.io.netcdf import has_parallel_netcdf

    how = "parallel" if has_parallel_netcdf() else "serial (results are gathered on rank 0: docs/parallel_netcdf.md)"
    return f"{version('netCDF4')} on netCDF {netCDF4.__netcdf4libversion__}, HDF5 {netCDF4.__hdf5libversion__}: {how}"


def _compiler() -> str:
    """Compile and run a small cell model, as a run does."""
    import numpy as np

    from hpc_twin.cellmodels import load
    from hpc_twin.compiling import find_compiler

    command = find_compiler()
    words = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    with _empty_cache():
        kernel = load("mitchell_schaeffer_2003", comm=_Alone())
    V = np.full(8, kernel.v_initial)
    kernel.advance(V, kernel.new_states(8), None, 0.0, 0.01)
    if not np.isfinite(V).all():
        raise RuntimeError(f"a cell model that {command[0]} compiled gives {V[0]}")
    return f"{words.stdout.splitlines()[0] if words.stdout else command[0]}; a cell model compiles and runs"


class _Alone:
    """A communicator of this process only: the doctor works on ranks that do not wait for each other."""

    rank, size = 0, 1

    def bcast(self, value):
        return value

    def allreduce(self, value, op=None):
        return value

    def allgather(self, value):
        return [value]


@contextmanager
def _empty_cache() -> Iterator[None]:
    """No kernel of an earlier day, so that the compiler is really asked."""
    before = os.environ.get("XDG_CACHE_HOME")
    with TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            yield
        finally:
            del os.environ["XDG_CACHE_HOME"]
            if before is not None:
                os.environ["XDG_CACHE_HOME"] = before


def _modules() -> str:
    for name in MODULES:
        importlib.import_module(name)
    return ", ".join(f"{name} {version(DISTRIBUTIONS.get(name, name))}" for name in MODULES)


def _movies() -> str:
    import imageio_ffmpeg

    return f"ffmpeg {imageio_ffmpeg.get_ffmpeg_version()} ({imageio_ffmpeg.get_ffmpeg_exe()})"
