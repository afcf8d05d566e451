"""Split the mesh of a case, or a mesh file, once, for runs on many ranks."""

from functools import partial
from pathlib import Path

from hpc_twin.case import Case, MeshCase
from hpc_twin.io.split import FILE, write_split
from hpc_twin.mesh.partition import block_checksum, require_method
from hpc_twin.mesh.partitioners import PARTITIONERS
from hpc_twin.mesh.presplit import arranged
from hpc_twin.mesh.read import UNITS
from hpc_twin.parallel import InputError, nearest, on_root, say
from hpc_twin.run.meshes.sources import Source, mesh_source, source_of
from hpc_twin.run.meshes.splits import joined_to, origin
from hpc_twin.run.meshes.whole import make_mesh


def presplit_case(case: Case, folder: Path, n_parts: int, out: Path, comm, overwrite: bool = False) -> None:
    """Split the mesh of ``case``, with its surfaces and its conduction system, into ``n_parts`` in the folder ``out``.

    It is refined by the run, on the ranks, but for a conduction system, whose cables join the finest nodes. Collective.
    Raises InputError for what cannot be split and where ``out`` is taken.
    """
    on_root(comm, lambda: _require_free(out, overwrite))
    require_method(case.partition.method, tuple(PARTITIONERS))
    if case.mesh.split is not None:
        raise InputError("mesh.split: the case reads a mesh that is split already")
    source = source_of(case, folder, comm)
    facts = on_root(comm, lambda: origin(case.mesh, folder, joined_to(case)))
    _split(source, n_parts, facts, out)


def presplit_mesh(path: Path, unit: str | None, method: str, n_parts: int, out: Path, comm, overwrite=False) -> None:
    """Split the mesh file ``path`` likewise; ``unit`` is as mesh.unit, ``method`` as partition.method. Collective."""
    if unit not in (None, *UNITS):
        raise InputError(f"--unit: found {unit!r}, allowed are {', '.join(UNITS)}{nearest(str(unit), UNITS)}")
    on_root(comm, lambda: _require_free(out, overwrite))
    require_method(method, tuple(PARTITIONERS))
    wanted = MeshCase(file=path.name, unit=unit)  # type: ignore[arg-type]
    make = partial(_whole, wanted, path.parent)
    source = mesh_source(wanted, method, path.parent, comm, make, True)
    facts = on_root(comm, lambda: origin(wanted, path.parent, None))
    _split(source, n_parts, facts, out)


def _whole(wanted: MeshCase, folder: Path):
    mesh, words = make_mesh(wanted, False, folder)
    return mesh, words, 0


def _split(source: Source, n_parts: int, facts: dict | None, out: Path) -> None:
    comm, whole = source.comm, source.block.whole
    say(comm, f"partition: {source.told}")
    parts = arranged(source.block, source.owners(n_parts), n_parts, comm)
    n_bytes = write_split(out, parts, comm.bcast(facts), block_checksum(parts.block, comm), comm)
    counts = parts.first_node[1:] - parts.first_node[:-1]
    say(comm, f"{whole.n_nodes:,} nodes, {whole.n_elements:,} elements in {n_parts:,} parts of {counts.min():,} to "
              f"{counts.max():,} nodes, {n_bytes / 1e6:,.1f} MB")  # fmt: skip
    place = out.resolve()  # a case sees paths from its own folder
    say(comm, f'split mesh in {out}; next, in a case: [mesh] split = "{place}", or --set mesh.split="{place}"')


def _require_free(out: Path, overwrite: bool) -> None:
    if (out / FILE).exists() and not overwrite:
        raise InputError(f"{out}: holds a split mesh already; choose another folder, or say --overwrite")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is no folder")
