"""The mesh of a case, whole, on rank 0: read or generated, checked, with surfaces where rules need them."""

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from hpc_twin.case import MeshCase
from hpc_twin.mesh.block import Block
from hpc_twin.mesh.checks import usable
from hpc_twin.mesh.generate import GENERATORS
from hpc_twin.mesh.generate.boxes import BOXES, box_block, box_elements
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.read import read
from hpc_twin.mesh.surfaces import with_surfaces
from hpc_twin.parallel import InputError, nearest, together
from hpc_twin.units import parse

T = TypeVar("T")
SURFACES = ({"epi", "lv", "rv", "base"}, {"epi", "endo", "base"})


def make_mesh(wanted: MeshCase, surfaces: bool, folder: Path) -> tuple[Mesh, list[str]]:
    """The mesh before it is refined, with named surfaces if they are needed, and what the user should know of it.

    Raises InputError.
    """
    if wanted.file is None and wanted.generate is None:
        raise InputError("mesh.split: the whole mesh is needed here, too: give mesh.file or mesh.generate beside it")
    if wanted.file is not None:
        path = folder / wanted.file
        mesh, words = usable(read(path, wanted.unit), path)
    elif wanted.generate in BOXES:  # sound as they are made
        mesh, words = generated(wanted.generate, wanted.shape), []
    else:
        mesh, words = usable(generated(str(wanted.generate), wanted.shape), wanted.generate)
    if surfaces and not has_surfaces(mesh.node_sets):
        mesh = with_surfaces(mesh)
        words.append(
            f"surfaces found by shape: {', '.join(f'{k} {len(v):,} nodes' for k, v in mesh.node_sets.items())}"
        )
    return mesh, words


def has_surfaces(node_sets: Iterable[str]) -> bool:
    """Whether the names of the surfaces of one or two ventricles are among ``node_sets``."""
    return any(names <= set(node_sets) for names in SURFACES)


def generated(name: str, shape: dict) -> Mesh:
    """Call the generator ``name`` with the case's parameters, lengths in text with units."""
    return _made(lambda values: GENERATORS[name](**values), name, shape)


def box_in_blocks(name: str, shape: dict, comm) -> Block:
    """The same for a slab, sheet or cable, an equal block of it by each rank."""
    with together(comm):
        return _made(lambda values: box_block(name, *_size_and_h(name, values), comm)[0], name, shape)


def elements_of_box(name: str, shape: dict) -> int:
    """How many elements that has."""
    return _made(lambda values: box_elements(name, *_size_and_h(name, values)), name, shape)


def _size_and_h(name: str, values: dict) -> tuple[Any, Any]:
    bound = inspect.signature(GENERATORS[name]).bind(**values)
    bound.apply_defaults()
    size, h = bound.arguments.values()
    return size, h


def _made(make: Callable[[dict], T], name: str, shape: dict) -> T:
    if name not in GENERATORS:
        raise InputError(f"mesh.generate: found '{name}'{nearest(name, GENERATORS)} (allowed: {', '.join(GENERATORS)})")
    known = inspect.signature(GENERATORS[name]).parameters
    for key in shape:
        if key not in known:
            raise InputError(f"mesh.shape: unknown key '{key}'{nearest(key, known)} ({name} knows {', '.join(known)})")
    values = {key: _value(f"mesh.shape.{key}", value) for key, value in shape.items()}
    try:
        return make(values)
    except (TypeError, ValueError) as error:  # one length where three are wanted, or the other way round
        raise InputError(f"mesh.shape: {name} cannot be made of {shape} ({error})") from None


def _value(key: str, value):
    """Lengths carry units; scale is a plain number."""
    if isinstance(value, list):
        return tuple(_value(key, v) for v in value)
    if key.endswith(".scale"):
        if isinstance(value, str):
            raise InputError(f"{key}: found '{value}', it must be a number")
        return float(value)
    try:
        return parse(value, "length")
    except InputError as error:
        raise InputError(f"{key}: {error}") from None
