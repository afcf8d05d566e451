"""``hpc-twin tune-cv CASE``: conductivities that give wanted conduction velocities."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

MOST = 10.0  # S/m; blood has 0.7, the gap junctions of Purkinje fibres let 2 to 4 through


def tune_cv(
    case: Annotated[Path, typer.Argument(help="case file (TOML), or a folder with a case.toml", metavar="CASE")],
    velocity: Annotated[str, typer.Option(help='Along the fibres, across, normal: "0.6 mm/ms, 0.3 mm/ms".')],
    h: Annotated[str, typer.Option(help="Edge length of the mesh. [default: that of a generated mesh]")] = "",
    region: Annotated[str, typer.Option(help="Take the cells and conductivities of this region.")] = "",
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help='Change a key of the case: --set tissue.dt="0.01 ms"', metavar="KEY=VALUE"),
    ] = None,
) -> None:
    """Find the conductivities at which plane waves have these velocities on this mesh size, dt and mass; print TOML.

    The cells of the case are put on a cable with its numerics, and conductivities are changed until the velocity is
    right to 0.1 %; intra- and extracellular ones keep their ratio. See docs/protocols.md.

    Example: hpc-twin tune-cv jobs/niederer --velocity "0.6 mm/ms, 0.25 mm/ms" --h "0.4 mm"
    """
    from hpc_twin.case import load_case
    from hpc_twin.parallel import on_root, say, warn, world
    from hpc_twin.run.velocities import mesh_size, scaled, section, tune

    comm = world()
    wanted = velocities(velocity)
    loaded = comm.bcast(on_root(comm, lambda: load_case(case, overrides or ())))
    size = length(h) if h else mesh_size(loaded)
    axes = tune(loaded, wanted, size, region or None, comm)
    tissue = loaded.case.tissue
    for axis in axes:
        now = f"{axis.velocity:.4g} mm/ms" if axis.velocity == axis.velocity else "no wave"
        if axis.tuned > MOST:
            warn(comm, f"{axis.name}: {axis.tuned:.3g} S/m is more than any tissue conducts; is the velocity right?")
        say(comm, f"# {axis.name}: {now} with {axis.sigma:.4g} S/m, {axis.wanted:.4g} mm/ms with {axis.tuned:.4g} S/m")
    lumped = f"{100 * tissue.lumping:g} % of the mass lumped"
    say(comm, f"# at h = {size:g} mm, dt = {tissue.dt:g} ms, {lumped}, {tissue.splitting}")
    own = region and region in tissue.conductivity.regions
    say(comm, toml(scaled(section(loaded, region or None), axes), region if own else ""))


def toml(values: Mapping[str, Sequence[float]], region: str) -> str:
    """The section as a case takes it."""
    name = "tissue.conductivity" + (f'.regions."{region}"' if region else "")
    rows = [f"{kind} = [{', '.join(f'{chr(34)}{v:.5g} S/m{chr(34)}' for v in row)}]" for kind, row in values.items()]
    return "\n".join([f"[{name}]", *rows])


def velocities(text: str) -> "list[float]":
    """One to three velocities of the command line, mm/ms. Raises InputError."""
    from hpc_twin.parallel import InputError

    found = [quantity(word.strip(), "velocity", "--velocity") for word in text.split(",")]
    if len(found) > 3:
        raise InputError(f"--velocity: found {len(found)} velocities, allowed are 1, 2 or 3")
    return found


def length(text: str) -> float:
    """mm. Raises InputError."""
    return quantity(text, "length", "--h")


def quantity(text: str, kind: str, option: str) -> float:
    """A positive quantity of the command line in house units. Raises InputError naming the option."""
    from hpc_twin.parallel import InputError
    from hpc_twin.units import parse

    try:
        value = parse(text, kind)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None
    if not value > 0:
        raise InputError(f"{option}: found {text}, it must be greater than 0")
    return value
