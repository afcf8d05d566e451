"""The conduction system of a case: its cables and junctions become lines of the mesh, before it is split."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hpc_twin.case import Case, PurkinjeCase
from hpc_twin.case.purkinje import CABLES, JUNCTION
from hpc_twin.fem import stiffness
from hpc_twin.fem.pieces import pieces as pieces_of
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.network.bundles import Anatomy, cavities, conduction_system, landmarks, scaled
from hpc_twin.mesh.network.files import read_network
from hpc_twin.mesh.network.growth import Rules
from hpc_twin.mesh.network.junctions import Junctions, joined
from hpc_twin.mesh.network.model import Network, pieces, together
from hpc_twin.mesh.network.sinus import KINDS, with_sinus
from hpc_twin.mesh.order import quadratic
from hpc_twin.mesh.part import Part
from hpc_twin.mesh.refine import refined
from hpc_twin.parallel import InputError, sum_over, warn
from hpc_twin.run.meshes.regions import surfaces_needed
from hpc_twin.run.meshes.whole import make_mesh
from hpc_twin.tissue.stimulus import Stimuli, in_regions

NAMED = 3  # pieces that a warning names


def case_mesh(case: Case, folder: Path) -> tuple[Mesh, list[str]]:
    """The whole mesh of ``case``, of its order, with its conduction system, and what the user should know of it."""
    mesh, words, times = root_mesh(case, folder)
    mesh = refined(mesh, times)
    return (quadratic(mesh) if case.tissue.order == 2 else mesh), words


def root_mesh(case: Case, folder: Path) -> tuple[Mesh, list[str], int]:
    """What one rank must make of the mesh of ``case``, what the user should know, and how often it is to be refined.

    That is never with a conduction system: its cables are joined to nodes of the finest mesh.
    """
    mesh, words = make_mesh(case.mesh, surfaces_needed(case), folder)
    if case.purkinje is None:
        return mesh, words, case.mesh.refine
    mesh, more = with_purkinje(case, refined(mesh, case.mesh.refine), folder)
    return mesh, [*words, *more], 0


def with_purkinje(case: Case, mesh: Mesh, folder: Path) -> tuple[Mesh, list[str]]:
    """``mesh`` with the cables of ``case``, if it has any, and what the user should know; its last note tells of them.

    Raises InputError.
    """
    wanted = case.purkinje
    if wanted is None:
        return mesh, []
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
    return replace(mesh, notes=(*mesh.notes, word)), _torn(network, max(len(wanted.file), 1))


def tell_loose(case: Case, part: Part, stimuli: Stimuli) -> None:
    """Warn of pieces of the conduction system without a stimulus that depolarises and without sinus node; collective.

    A piece is what junctions and muscle do not join.
    """
    if case.purkinje is None:
        return
    piece, cables = _cables(part)
    begins = [s.nodes for s in stimuli.stimuli if np.max(s.rate, initial=0.0) > 0]
    begins.append(in_regions(part, _tags(part, KINDS[:1])))
    mine = (set(piece[cables].tolist()), set(piece[np.concatenate(begins)].tolist()))
    there, driven = (set().union(*known) for known in zip(*part.comm.allgather(mine), strict=True))
    for name in sorted(there - driven):
        size = sum_over(part.comm, int((piece[cables] == name).sum()))
        place = sum_over(part.comm, part.points[: part.n_owned][part.node_ids[: part.n_owned] == name].sum(axis=0))
        warn(part.comm, f"conduction system: a piece of {size:,} nodes, one at {_words(place)}, holds no stimulus and "
                        "no sinus node: only the muscle, or its own cells, can excite it")  # fmt: skip


def _cables(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """(n_owned,) lowest node id of each node's piece of cables; the owned nodes of cables; collective."""
    tags = _tags(part, [name for name in CABLES if name != JUNCTION])
    along = np.isin(part.regions, tags)[:, None, None] * np.eye(3)
    return pieces_of(stiffness(part, along))[: part.n_owned], in_regions(part, tags)


def _tags(part: Part, names: Sequence[str]) -> list[int]:
    return [tag for tag, name in part.region_names.items() if name in names]


def _torn(network: Network, expected: int) -> list[str]:
    """A warning of more pieces than ``expected``: each has a beginning of its own."""
    piece = pieces(len(network.points), network.lines)
    sizes = np.bincount(piece)
    if len(sizes) <= expected:
        return []
    order = np.argsort(-sizes, kind="stable")
    named = [f"{sizes[k]:,} points, one at {_words(network.points[piece == k][0])}" for k in order[:NAMED]]
    more = f"; and {len(order) - NAMED:,} smaller ones" if len(order) > NAMED else ""
    return [f"conduction system: it lies in {len(order):,} pieces that no line joins, each with a beginning of its own "
            f"in node set 'his': {'; '.join(named)}{more}"]  # fmt: skip


def _words(place: np.ndarray) -> str:
    return f"({', '.join(f'{x:.4g}' for x in place)}) mm"


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
