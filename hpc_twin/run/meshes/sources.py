"""Where the mesh of a case comes from: whole on rank 0, in blocks on all ranks, or split beforehand."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hpc_twin.case import Case, MeshCase
from hpc_twin.io.split import open_split, read_split
from hpc_twin.mesh.block import Block, block_of
from hpc_twin.mesh.checks import local_problems
from hpc_twin.mesh.exodus_blocks import exodus_elements, read_exodus_blocks
from hpc_twin.mesh.generate.boxes import BOXES
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import owners_of_block, owners_of_mesh
from hpc_twin.mesh.read import EXODUS, UNITS
from hpc_twin.mesh.refine import refined
from hpc_twin.mesh.share import Share, gathered
from hpc_twin.parallel import InputError, on_root, say, together, warn
from hpc_twin.run.meshes.conduction import root_mesh
from hpc_twin.run.meshes.regions import surfaces_needed
from hpc_twin.run.meshes.splits import require_same_origin
from hpc_twin.run.meshes.whole import box_in_blocks, elements_of_box

EVEN = 4000  # elements per rank that METIS splits to parts even within 5 % after refinement: docs/partition.md
SMALL = 1_000_000  # elements that rank 0 may halve once more
AUTO, BLOCKWISE = "auto", "hilbert"  # BLOCKWISE needs no rank with the whole mesh
UNEVEN = 0.1  # above the mean is worth a warning
WHOLE = 5_000_000  # elements, of 211 to 240 bytes with METIS, that "auto" gives rank 0: docs/partition.md


@dataclass(frozen=True)
class Source:
    """A mesh on its way.

    block   this rank's rows
    mesh    the whole of it, where rank 0 has it, for partitioners that see all
    method  of partition, or None where the ranks have read what they should own
    times   how often its edges are yet to be halved
    told    who gets which element, and why, in words
    unseen  the file that the block is from, where nobody has looked for what is wrong with it
    """

    comm: Any
    block: Block
    mesh: Mesh | None
    method: str | None
    times: int
    in_blocks: bool
    told: str
    unseen: Path | None = None

    def finer(self) -> "Source":
        """The same, halved on rank 0 while it is small and has too few elements for even parts; collective."""
        if self.in_blocks or self.times == 0 or self.comm.size == 1:
            return self
        mesh, times = on_root(self.comm, lambda: _finer(self.mesh, self.times, EVEN * self.comm.size)) or (None, 0)
        return replace(self, block=block_of(mesh, self.comm), mesh=mesh, times=self.comm.bcast(times))

    def owners(self, n_parts: int) -> np.ndarray:
        """The part of each element of this rank's block; collective. Raises InputError for too many parts."""
        if self.method is None:
            return np.full(len(self.block.elements["ids"]), self.comm.rank, np.int32)
        if self.in_blocks:
            return owners_of_block(self.block, self.comm, n_parts)
        return owners_of_mesh(self.mesh, self.comm, self.method, n_parts)

    def gathered(self, owners: np.ndarray) -> Share:
        """The share of each rank; collective. Raises InputError for a mesh that is not sound, if nobody has looked."""
        share = gathered(self.block, owners, self.comm)
        if self.unseen is not None:
            with together(self.comm):
                _require_sound(share, self.unseen)
        return share


def _finer(mesh: Any, times: int, enough: int) -> tuple[Mesh, int]:
    while times and mesh.n_elements < min(enough, SMALL):
        mesh, times = refined(mesh, 1), times - 1
    return mesh, times


def source_of(case: Case, folder: Path, comm) -> Source:
    """The source of the mesh of ``case``, with what the user should know said. Collective; raises InputError."""
    if case.mesh.split is not None:
        return _split_source(case, folder, comm)
    blockwise = case.purkinje is None and not surfaces_needed(case)
    make = partial(root_mesh, case, folder)
    source = mesh_source(case.mesh, case.partition.method, folder, comm, make, blockwise)
    if case.purkinje is not None and source.mesh is not None:
        say(comm, source.mesh.notes[-1])
    return source


def mesh_source(
    wanted: MeshCase,
    method: str,
    folder: Path,
    comm,
    make: Callable[[], tuple[Mesh, list[str], int]],
    blockwise: bool,
) -> Source:
    """``wanted`` in blocks where ``blockwise``, method and mesh allow it, else by ``make`` on rank 0. Collective."""
    method, told = chosen(wanted, method, folder, comm, blockwise)
    block = _in_blocks(wanted, folder, comm) if method == BLOCKWISE and blockwise else None
    if block is not None:
        unseen = None if wanted.file is None else folder / wanted.file
        return Source(comm, block, None, method, wanted.refine, True, told, unseen)
    if method == BLOCKWISE and comm.size > 1:
        say(comm, f"rank 0 makes the whole mesh: {_why_whole(wanted, blockwise)}; 'hpc-twin partition' does so once")
    mesh, words, times = on_root(comm, make) or (None, [], 0)
    for word in words:
        warn(comm, word)
    return Source(comm, block_of(mesh, comm), mesh, method, comm.bcast(times), False, told)


def chosen(wanted: MeshCase, method: str, folder: Path, comm, blockwise: bool) -> tuple[str, str]:
    """The method, which may be left to us, and in words which and why. Collective.

    METIS cuts a third less; in blocks no rank holds the whole mesh, which only matters where that is large.
    """
    if method != AUTO:
        return method, method
    if comm.size == 1:
        return "metis", "metis, as there is one rank"
    n_elements = comm.bcast(on_root(comm, lambda: _elements(wanted, folder))) if blockwise else None
    if n_elements is None:
        return "metis", f"metis, on rank 0, as {_why_whole(wanted, blockwise)}"
    if n_elements <= WHOLE:
        return "metis", f"metis, on rank 0, as {n_elements:,} elements are no more than {WHOLE:,}"
    return BLOCKWISE, f"{BLOCKWISE}, in blocks on all ranks, as {n_elements:,} elements are more than {WHOLE:,}"


def _elements(wanted: MeshCase, folder: Path) -> int | None:
    """How many elements the mesh has before it is refined, or None where it comes in one piece."""
    if wanted.generate in BOXES:
        return elements_of_box(str(wanted.generate), wanted.shape)
    return exodus_elements(folder / str(wanted.file)) if _is_exodus(wanted, folder) else None


def _in_blocks(wanted: MeshCase, folder: Path, comm) -> Block | None:
    """An equal block of the mesh made or read by each rank, or None where this kind needs the whole."""
    if wanted.generate in BOXES:
        return box_in_blocks(str(wanted.generate), wanted.shape, comm)
    if not _is_exodus(wanted, folder):
        return None
    return read_exodus_blocks(folder / str(wanted.file), UNITS[wanted.unit or "mm"], comm)


def _is_exodus(wanted: MeshCase, folder: Path) -> bool:
    file = wanted.file
    return file is not None and Path(file).suffix.lower() in EXODUS and os.path.isfile(folder / file)


def _why_whole(wanted: MeshCase, blockwise: bool) -> str:
    if not blockwise:
        return "surfaces are found, or cables joined, on the whole of it"
    name = wanted.generate if wanted.file is None else wanted.file
    return f"{name} comes in one piece; {', '.join(BOXES)} and Exodus files of one kind of elements come in blocks"


def _require_sound(share: Share, path: Path) -> None:
    """Raise InputError for what would be refused, or mended, if one rank saw the whole mesh."""
    rows = share.elements
    seen = Mesh(
        share.nodes["points"], share.corners.astype(np.int64), rows["regions"], rows.get("fibres"), rows.get("sheets")
    )
    found = [finding.text for finding in local_problems(seen)]
    if found:
        raise InputError(
            f"{path}: {'; '.join(found)} (of the share of rank {share.comm.rank}): a mesh is mended where one rank has "
            "the whole of it: by 'hpc-twin partition', or with partition.method = \"metis\""
        )


def _split_source(case: Case, folder: Path, comm) -> Source:
    """Each rank's share of ``mesh.split``: its own parts, or, by ``partition.method`` "hilbert", split anew."""
    split = open_split(folder / str(case.mesh.split), comm)
    on_root(comm, lambda: require_same_origin(split, case, folder))
    anew = case.partition.method == BLOCKWISE
    if case.partition.method == "ptscotch":
        raise InputError("partition.method: ptscotch needs the whole mesh on one rank; leave it out with mesh.split")
    if comm.size > split.n_parts and not anew:
        raise InputError(
            f"{split.path.parent}: was split into {split.n_parts} parts, too few for {comm.size} ranks: use "
            'fewer ranks, split it anew, or let the ranks do so: partition.method = "hilbert"'
        )
    if anew and comm.size > split.whole.n_elements:
        raise InputError(f"{split.whole.n_elements} elements cannot be split over {comm.size} ranks: use fewer ranks")
    excess = uneven(split.n_parts, comm.size)
    if excess > UNEVEN and not anew:
        warn(
            comm,
            f"{split.n_parts} parts on {comm.size} ranks: one with {-(-split.n_parts // comm.size)} parts has "
            f"{excess:.0%} more than the mean; take a number of ranks that divides the parts, or many more parts",
        )
    times = case.mesh.refine - split.source["refined"]
    told = case.partition.method if anew else f"as split in {split.path.parent}"
    return Source(comm, read_split(split, comm), None, case.partition.method if anew else None, times, True, told)


def uneven(n_parts: int, n_ranks: int) -> float:
    """Share above the mean of the rank with most of ``n_parts`` equal parts: R / P ceil(P / R) - 1."""
    return n_ranks * -(-n_parts // n_ranks) / n_parts - 1
