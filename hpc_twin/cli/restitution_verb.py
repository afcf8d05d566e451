"""``hpc-twin restitution CASE``: how APD and conduction velocity depend on the diastolic interval."""

from pathlib import Path
from typing import Annotated

import typer


def restitution(
    what: Annotated[
        str, typer.Argument(help="A case (TOML, or its folder), or a model's name or file.", metavar="CASE|MODEL")
    ],
    protocol: Annotated[
        str, typer.Option(help="s1s2, or dynamic: steady rates, each faster than the one before.")
    ] = "s1s2",
    s1: Annotated[str, typer.Option(help="Of s1s2: from S1 to S1.")] = "1000 ms",
    beats: Annotated[
        int, typer.Option(min=1, max=100_000, help="S1 pulses, or pulses at each rate (at least 3).")
    ] = 10,
    intervals: Annotated[
        str, typer.Option(help='Of S2, or of the rates: "400 ms, 350 ms". [default: down to where none is followed]')
    ] = "",
    single_cell: Annotated[
        bool, typer.Option("--single-cell", help="A cell by itself, which has no velocity.")
    ] = False,
    h: Annotated[str, typer.Option(help="Edge length of the cable. [default: the case's, 0.2 mm of a model]")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for restitution.csv and restitution.png.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="Change a key of the case.", metavar="KEY=VALUE")
    ] = None,
) -> None:
    """Pace a cable of the case's cells and numerics, and tell APD90 and velocity after ever shorter pauses.

    Of a MODEL: chi 140/mm, Cm 1 uF/cm^2, 0.1334 S/m (Niederer 2011 along the fibres), dt 0.02 ms.

    Example: hpc-twin restitution tentusscher_2006_epi --protocol dynamic --single-cell --out results/restitution
    """
    from hpc_twin.cli.restitution_work import Wishes, work
    from hpc_twin.parallel import on_root, world

    wishes = Wishes(what, protocol, s1, beats, intervals, single_cell, h, out, tuple(overrides or ()))
    comm = world()
    on_root(comm, lambda: work(wishes))
