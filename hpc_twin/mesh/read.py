"""Read a mesh file of any known format."""

import contextlib
import importlib
import io
import os
import re
import warnings
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from hpc_twin.mesh.bounded import bounded_memory
from hpc_twin.mesh.carp import basename, read_carp
from hpc_twin.mesh.convert import convert
from hpc_twin.mesh.directions import normalised
from hpc_twin.mesh.model import Mesh
from hpc_twin.parallel import InputError, nearest
from hpc_twin.texts import require_file

UNITS = {"mm": 1.0, "cm": 10.0, "um": 1e-3, "m": 1e3}

READERS = {
    ".msh": "meshio.gmsh",
    ".vtu": "meshio.vtu",
    ".vtk": "meshio.vtk",
    ".xdmf": "meshio.xdmf",
    ".xmf": "meshio.xdmf",
    ".node": "meshio.tetgen",
    ".ele": "meshio.tetgen",
    ".mesh": "meshio.medit",
    ".meshb": "meshio.medit",
    ".med": "meshio.med",
    ".inp": "meshio.abaqus",
    ".stl": "meshio.stl",
    ".ply": "meshio.ply",
    ".obj": "meshio.obj",
    ".off": "meshio.off",
    ".vol": "meshio.netgen",
}
EXODUS = (".exo", ".e", ".ex2", ".g")
CARP = (".elem", ".pts")


def read(path: str | os.PathLike, unit: str | None = None) -> Mesh:
    """Read a mesh on this rank, in mm.

    ``unit`` is the length unit of the file: mm, cm, um or m; None means um for CARP files and mm for all others.
    Raises InputError for a missing, unknown, damaged or truncated file and for elements that are not simplices.
    """
    source = Path(path)
    if unit is not None and unit not in UNITS:
        raise InputError(f"{source}: found unit {unit!r}, allowed are {', '.join(UNITS)}{nearest(unit, UNITS)}")
    carp = basename(source)
    if carp is None:
        try:
            require_file(source)
        except FileNotFoundError:
            raise InputError(f"{source}: no such file{_neighbour(source)}") from None
    mesh = read_carp(carp) if carp else _foreign(source)
    unit = unit or default_unit(source)
    return replace(
        mesh,
        points=mesh.points * UNITS[unit],
        fibres=None if mesh.fibres is None else normalised(mesh.fibres),
        sheets=None if mesh.sheets is None else normalised(mesh.sheets),
    )


def default_unit(source: Path) -> str:
    """The unit of a file that nobody told: um for CARP, mm for all others."""
    return "um" if basename(source) else "mm"


def _neighbour(source: Path) -> str:
    with contextlib.suppress(OSError):
        return nearest(source.name, os.listdir(source.parent))
    return ""


def _foreign(source: Path) -> Mesh:
    """Read and convert; what the reader grumbled on the way becomes a note."""
    words = io.StringIO()
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
        raw = _raw(source)
    mesh = convert(raw, source)
    grumbled = " ".join(words.getvalue().split())
    return replace(mesh, notes=(*mesh.notes, f"the reader says: {grumbled[:200]}")) if grumbled else mesh


def _raw(source: Path):
    """What the reader for this suffix finds, as a ``meshio.Mesh``."""
    suffix = source.suffix.lower()
    known = (*READERS, *EXODUS, *CARP)
    if suffix not in known:
        raise InputError(
            f"{source}: unknown kind of mesh file '{suffix}', known are {', '.join(known)}{nearest(suffix, known)}"
        )
    module, name = ("hpc_twin.mesh.exodus", "read_exodus") if suffix in EXODUS else (READERS[suffix], "read")
    if suffix == ".msh":
        _whole_gmsh(source)
    if suffix in (".node", ".ele"):
        _begun_tetgen(source)
    if suffix == ".ply":
        _headed_ply(source)
    if suffix == ".off":
        _require_lines(source, 2)
    reader = getattr(importlib.import_module(module), name)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), _lid(source):
            warnings.simplefilter("ignore")
            raw = reader(source)
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # parsers stumble over damaged files in every way there is
        raise InputError(_stumbled(source, suffix, error)) from error
    if suffix == ".vtk":
        _whole_vtk(source, sum(len(block.data) for block in raw.cells))
    return raw


def _lid(source: Path):
    """No file needs much more memory than its size tells; an XDMF file is not the whole of itself."""
    if source.suffix.lower() in (".xdmf", ".xmf"):
        return contextlib.nullcontext()
    return bounded_memory(source.stat().st_size)


def _stumbled(source: Path, suffix: str, error: BaseException) -> str:
    if "'gmsh:physical'" in str(error):
        return (
            f"{source}: some elements belong to no physical group; in gmsh give every volume one, or save without "
            "Mesh.SaveAll"
        )
    details = f"{type(error).__name__}: {str(error)[:200] or 'no details'}"
    return f"{source}: cannot be read as {suffix} ({details}); is it truncated or damaged?"


def _whole_vtk(source: Path, count: int) -> None:
    """A legacy file that ends within its list of elements is read up to there: hold it against its own count."""
    text = source.read_bytes()
    said = re.search(rb"\nCELL_TYPES\s+(\d+)", text)
    if b"\nCELLS" in text and (said is None or int(said.group(1)) != count):
        found = int(said.group(1)) if said else "no"
        raise InputError(
            f"{source}: {count} elements could be read, the file says {found}; is it truncated or damaged?"
        )


def _begun_tetgen(source: Path) -> None:
    """Both files hold more than comments: meshio would look for their first line for ever."""
    for path in (source.with_suffix(".node"), source.with_suffix(".ele")):
        if not path.is_file():
            raise InputError(f"{path}: no such file; a TetGen mesh is NAME.node and NAME.ele")
        _require_lines(path, 1)


def _require_lines(path: Path, count: int) -> None:
    """So many lines are more than comments."""
    with path.open("rb") as file:
        said = (line for line in file if line.strip() and not line.strip().startswith(b"#"))
        if sum(1 for _ in islice(said, count)) < count:
            raise InputError(f"{path}: holds no mesh; is it truncated?")


def _headed_ply(source: Path) -> None:
    """The header has an end, which meshio would look for for ever, and no more elements than the file has bytes."""
    with source.open("rb") as file:
        header, found, _ = file.read(2**20).partition(b"end_header")
    counts = [int(count[:20]) for count in re.findall(rb"element\s+\w+\s+(\d+)", header)]
    if not found or max(counts, default=0) > source.stat().st_size:
        raise InputError(f"{source}: has no end_header, or not as many elements as it says; is it truncated?")


def _whole_gmsh(source: Path) -> None:
    """A gmsh file that lacks the end of its elements has lost some: numpy's parser would not notice."""
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - 2**20))
        tail = file.read()
        file.seek(0)
        whole = b"$EndElements" in tail or b"$EndElements" in file.read()
    if not whole:
        raise InputError(f"{source}: has no $EndElements; is it truncated?")
