"""The files beside a case that it names."""

from collections.abc import Iterator
from pathlib import Path

from hpc_twin.case.schema import Case

MODELS = (".mmt", ".cellml", ".xml", ".sbml")  # of cells


def absent(case: Case, folder: Path) -> list[tuple[str, Path]]:
    """Key and place of each file or folder that ``case``, whose paths are relative to ``folder``, needs and has not."""
    places = [(key, folder / name) for key, name in _named(case)]
    return [(key, place) for key, place in places if not place.exists() and not _is_carp(place)]


def _named(case: Case) -> Iterator[tuple[str, str]]:
    if case.mesh.split is not None:
        yield "mesh.split", case.mesh.split  # stands for the file
    elif case.mesh.file is not None:
        yield "mesh.file", case.mesh.file
    for key, model in case.cells.models.items():
        if Path(model.model).suffix.lower() in MODELS:
            yield f"{key}.model", model.model
        if model.initial is not None:
            yield f"{key}.initial", model.initial
    if case.initial is not None and case.initial.state is not None:
        yield "initial.state", case.initial.state
    if case.ecg is not None and case.ecg.torso is not None:
        yield "ecg.torso.file", case.ecg.torso.file
    if case.purkinje is not None:
        yield from (("purkinje.file", name) for name in case.purkinje.file)


def _is_carp(name: Path) -> bool:
    """Whether ``name`` stands for NAME.elem and NAME.pts."""
    return name.with_name(f"{name.name}.elem").exists()
