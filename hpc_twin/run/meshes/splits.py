"""Of what a split was made, and whether that is what a case asks for."""

import zlib
from pathlib import Path

from hpc_twin.case import Case, MeshCase
from hpc_twin.case.purkinje import GROWN
from hpc_twin.io.split import Split
from hpc_twin.mesh.carp import basename
from hpc_twin.mesh.read import default_unit
from hpc_twin.parallel import InputError
from hpc_twin.run.meshes.regions import surfaces_needed
from hpc_twin.run.meshes.whole import has_surfaces

PIECE = 1 << 24  # bytes of a file looked at at a time
TOGETHER = {".elem": (".pts", ".elem", ".lon"), ".node": (".node", ".ele"), ".ele": (".node", ".ele")}
JOINED = (*GROWN, "file", "unit", "cross_section", "junction_resistance", "junction_radius")
JOINED_SINUS = ("node_length", "atrium_length", "av_length", "node_cross_section", "atrium_cross_section",
                "av_cross_section")  # fmt: skip


def origin(wanted: MeshCase, folder: Path, joined: dict | None) -> dict:
    """What a split of ``wanted`` remembers: its section, its files' sizes, times and checksums, what was joined to it.

    refined  how often it was refined before it was split: never, but where a conduction system is joined to it
    """
    files = {} if wanted.file is None else {path.name: _file(path) for path in _files(folder / wanted.file)}
    refined = 0 if joined is None else wanted.refine
    return {"mesh": _named(wanted, folder), "files": files, "joined": joined, "refined": refined}


def joined_to(case: Case) -> dict | None:
    """What of ``case`` decides which cables are joined to its mesh, and where; None without any."""
    if case.purkinje is None:
        return None
    given = case.purkinje.model_dump(mode="json")
    sinus = given["sinus"] and {key: given["sinus"][key] for key in JOINED_SINUS}
    around = {"without": sorted(case.tissue.without), "baths": sorted(case.bath.regions)}
    return {**{key: given[key] for key in JOINED}, "sinus": sinus, **around}


def require_same_origin(split: Split, case: Case, folder: Path) -> None:
    """Raise InputError where ``split`` is not of the mesh that ``case``, in ``folder``, asks for."""
    where, was, wanted = split.path.parent, split.source, case.mesh
    if (wanted.file or wanted.generate) and was["mesh"] != _named(wanted, folder):
        raise InputError(
            f"mesh.split: {where} was made of {_words(was['mesh'])}, the case has {_words(_named(wanted, folder))}"
        )
    for path in _files(folder / wanted.file) if wanted.file else ():
        if path.is_file() and _changed(path, was["files"].get(path.name)):
            raise InputError(f"mesh.split: {path} is not the file that {where} was made of; split it anew")
    if was["joined"] != joined_to(case):
        raise InputError(f"mesh.split: {_other_cables(was['joined'], joined_to(case), where)}")
    if was["refined"] and was["refined"] != wanted.refine:
        raise InputError(
            f"mesh.refine: found {wanted.refine}, {where} was refined {was['refined']} times, with its cables"
        )
    if surfaces_needed(case) and not has_surfaces(split.whole.set_names):
        raise InputError(
            f"mesh.split: {where} has no named surfaces, which this case needs; make it of the case, not of the mesh: "
            "hpc-twin partition CASE"
        )


def _other_cables(was: dict | None, wanted: dict | None, where: Path) -> str:
    if was is None:
        return f"{where} has no conduction system, the case has one; make it of the case: hpc-twin partition CASE"
    if wanted is None:
        return f"{where} has a conduction system, the case has no [purkinje]"
    other = [key for key in wanted if was.get(key) != wanted[key]]
    return f"{where} has another conduction system: purkinje.{other[0]} was {was.get(other[0])}, is {wanted[other[0]]}"


def _named(wanted: MeshCase, folder: Path) -> dict:
    if wanted.file is None:
        return {"generate": wanted.generate, "shape": {key: wanted.shape[key] for key in sorted(wanted.shape)}}
    return {"file": Path(wanted.file).name, "unit": wanted.unit or default_unit(folder / wanted.file)}


def _words(named: dict) -> str:
    if "file" in named:
        return f"{named['file']} in {named['unit']}"
    shape = ", ".join(f"{key} = {value}" for key, value in named["shape"].items())
    return f"{named['generate']} with {shape or 'its usual shape'}"


def _files(path: Path) -> list[Path]:
    """The files that make the mesh ``path``."""
    base = basename(path)
    stem, suffix = (base, ".elem") if base else (path.with_suffix(""), path.suffix)
    beside = [stem.parent / (stem.name + ending) for ending in TOGETHER.get(suffix, ())]
    return [name for name in beside if name.is_file()] or [path]


def _file(path: Path) -> dict:
    known = path.stat()
    return {"bytes": known.st_size, "time": known.st_mtime_ns, "crc32": _sum(path)}


def _changed(path: Path, was: dict | None) -> bool:
    """Whether ``path`` differs from what was; it is read only where its time is another."""
    known = path.stat()
    if was is None or known.st_size != was["bytes"]:
        return True
    return known.st_mtime_ns != was["time"] and _sum(path) != was["crc32"]


def _sum(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            total = zlib.crc32(piece, total)
    return total
