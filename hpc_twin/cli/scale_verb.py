"""``hpc-twin scale CASE``: how it scales here, and how it would elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from hpc_twin.cli.plan_verb import CaseFile, Launcher, Networks, Overrides, Ranks, numbers, tell


def scale(
    case: CaseFile,
    ranks: Ranks = None,
    weak: Annotated[bool, typer.Option("--weak", help="measure weak scaling too: as many nodes for each rank")] = False,
    network: Annotated[
        str, typer.Option(help="machines to predict for", metavar="NAME,...")
    ] = "infiniband-100g,marenostrum5",
    networks: Networks = None,
    parts: Annotated[
        str | None, typer.Option(help="numbers of parts that are counted; default up to 100,000", metavar="N,N,...")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="output folder; default results/scaling-<name of the case's folder>", metavar="DIR"),
    ] = None,
    launcher: Launcher = "mpirun -n",
    overrides: Overrides = None,
) -> None:
    """Measure strong scaling on this machine, fit a model to it, and predict it up to 100,000 ranks.

    The case is shortened to some hundred steps. Parts of the real mesh, refined, are counted, which takes a minute or
    two. DIR gets scaling.md, scaling.json and scaling.png.

    Example:  hpc-twin scale jobs/niederer --set mesh.shape.h="0.2 mm" --weak
    """
    from hpc_twin.case import load_case
    from hpc_twin.scaling import chosen, cores, read_networks, scaled
    from hpc_twin.scaling.keep import keep
    from hpc_twin.scaling.scale import PARTS

    wanted = numbers(ranks, tuple(2**k for k in range(cores().bit_length()) if 2**k <= cores()))
    counted = numbers(parts, PARTS, "--parts")
    machines = chosen(read_networks(networks), network.split(","))
    loaded = load_case(case, overrides or ())
    found = scaled(loaded, overrides or (), wanted, machines, counted, weak, launcher, tell)
    folder = out or Path("results") / f"scaling-{Path(loaded.source).resolve().parent.name}"
    for title, text in keep(found, folder).items():
        tell(f"\n{title}\n{'-' * len(title)}\n{text}")
    tell(f"\nscaling.md, scaling.json and scaling.png are in {folder}")
