"""``hpc-twin partition MESH|CASE``: split a mesh once, for runs on many ranks."""

from pathlib import Path
from typing import Annotated

import typer


def partition(
    source: Annotated[
        Path, typer.Argument(help="mesh file, case file (TOML), or a folder with a case.toml", metavar="MESH|CASE")
    ],
    n_parts: Annotated[int, typer.Option("-n", "--parts", min=1, help="how many ranks, at most, will read it")],
    out: Annotated[Path, typer.Option(help="the folder to write", metavar="DIR")],
    unit: Annotated[str, typer.Option(help="length unit of a mesh file: mm, cm, um or m [default: um for CARP]")] = "",
    method: Annotated[str, typer.Option(help="auto, metis, or hilbert, which needs no rank with the whole mesh")] = "",
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help='change a key of a case: --set mesh.shape.h="0.2 mm"', metavar="KEY=VALUE"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an older split")] = False,
) -> None:
    """Split a mesh once, so that no rank of a run reads the whole of it: any number of ranks up to -n reads its share.

    Then run with it:  hpc-twin run CASE --set mesh.split="$PWD/DIR"

    Example: hpc-twin partition jobs/heartbeat -n 4096 --out split
    """
    from hpc_twin.case import load_case
    from hpc_twin.mesh.partition import DEFAULT
    from hpc_twin.parallel import InputError, on_root, world
    from hpc_twin.run.meshes import presplit_case, presplit_mesh

    comm = world()
    if source.suffix != ".toml" and not (source / "case.toml").is_file():
        if overrides:
            raise InputError(f"--set: changes keys of a case, {source} is a mesh")
        presplit_mesh(source, unit or None, method or DEFAULT, n_parts, out, comm, overwrite)
        return
    if unit:
        raise InputError("--unit: belongs to a mesh file; in a case it is mesh.unit")
    words = [*(overrides or ()), *([f'partition.method="{method}"'] if method else [])]
    loaded = comm.bcast(on_root(comm, lambda: load_case(source, words)))
    presplit_case(loaded.case, loaded.folder, n_parts, out, comm, overwrite)
