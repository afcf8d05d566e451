"""The conduction system of a case: its cables and junctions become lines of the mesh, before it is split."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from hpc_twin.case import Case, PurkinjeCase
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.network.bundles import Anatomy, cavities, conduction_system, landmarks, scaled
from hpc_twin.mesh.network.files import read_network
from hpc_twin.mesh.network.growth import Rules
from hpc_twin.mesh.network.junctions import Junctions, joined
from hpc_twin.mesh.network.model import Network, together
from hpc_twin.mesh.network.sinus import KINDS, with_sinus
from hpc_twin.mesh.order import quadratic
from hpc_twin.parallel import InputError
from hpc_twin.run.meshes import make_mesh
from hpc_twin.run.regions import surfaces_needed


def case_mesh(case: Case, folder: Path) -> tuple[Mesh, list[str]]:
    """The whole mesh of ``case``, of its order, with its conduction system, and what the user should know of it."""
    mesh, words = make_mesh(case.mesh, surfaces_needed(case), folder)
    mesh = with_purkinje(case, mesh, folder)
    return (quadratic(mesh) if case.tissue.order == 2 else mesh), words


def with_purkinje(case: Case, mesh: Mesh, folder: Path) -> Mesh:
    """``mesh`` with the cables of ``case``, if it has any; its last note tells of them. Raises InputError."""
    wanted = case.purkinje
    if wanted is None:
        return mesh
    try:
        network = _read(wanted, folder) if wanted.file else _grown(wanted, mesh)
        others = {}
        if wanted.sinus is not None:
            sinus = wanted.sinus
            network = with_sinus(network, (sinus.node_length, sinus.atrium_length, sinus.av_length))
            areas = (sinus.node_cross_section, sinus.atrium_cross_section, sinus.av_cross_section)
            others = dict(zip(KINDS, areas, strict=True))
        how = Junctions(wanted.junction_radius, wanted.junction_resistance, wanted.cross_section, others)
        mesh, word = joined(mesh, network, how, _muscle(case, mesh))
    except InputError as error:
        raise InputError(f"purkinje: {error}") from None
    return replace(mesh, notes=(*mesh.notes, word))


def _read(wanted: PurkinjeCase, folder: Path) -> Network:
    return together([read_network(folder / name, wanted.unit) for name in wanted.file])


def _grown(wanted: PurkinjeCase, mesh: Mesh) -> Network:
    if not cavities(mesh) or not len(mesh.node_sets.get("base", ())):
        known = ", ".join(sorted(mesh.node_sets)) or "none"
        raise InputError(f"growth needs the node sets base and lv, rv or endo; the mesh has {known}")
    anatomy = Anatomy(band=wanted.moderator_band)
    names = cavities(mesh)
    if wanted.right is not None and "rv" not in names:
        raise InputError("right: the mesh has one cavity only")
    given = {names[0]: wanted.left, "rv": wanted.right}
    bundles = {name: np.array(point) for name, point in given.items() if point is not None}
    rules = _rules(wanted, landmarks(mesh, anatomy.depth).length)
    return conduction_system(mesh, rules, anatomy, wanted.seed, bundles)


def _rules(wanted: PurkinjeCase, length: float) -> Rules:
    """Those of the case; lengths that it leaves open are in proportion to the cavity's ``length`` [mm]."""
    usual = scaled(length)
    branch = wanted.branch_length or usual.length
    return replace(
        usual,
        length=branch,
        spread=wanted.branch_spread * branch,
        shortest=branch / 10,
        angle=float(np.radians(wanted.branch_angle)),
        repulsion=wanted.repulsion,
        segment=wanted.segment or branch / 8,
        generations=wanted.generations,
    )


def _muscle(case: Case, mesh: Mesh) -> np.ndarray:
    """(n_elements,) the wall without bath and without what has no cells."""
    names = (*case.tissue.without, *case.bath.regions)
    tags = [tag for tag, name in mesh.region_names.items() if name in names]
    tags += [int(name) for name in names if name.lstrip("-").isdigit()]
    return (mesh.sizes == mesh.width) & ~np.isin(mesh.regions, tags)
