"""``hpc-twin mesh``: look at a mesh file, or make one by rule."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hpc_twin.mesh.model import Mesh

mesh = typer.Typer(help="Look at a mesh, or make one.", pretty_exceptions_enable=False, no_args_is_help=False)


@mesh.command()
def info(
    file: Annotated[Path, typer.Argument(help="A mesh that gmsh, VTK, Exodus, XDMF or CARP wrote.")],
    unit: Annotated[
        str, typer.Option(help="The file's unit of length: mm, cm, um or m. [default: um for CARP, else mm]")
    ] = "",
) -> None:
    """Tell what a mesh holds: counts, edges, quality, regions, fibres, and what looks wrong with it.

    Example: hpc-twin mesh info ventricles.vtu --unit cm
    """
    from hpc_twin.parallel import on_root, world

    on_root(world(), lambda: _print_info(file, unit or None))


@mesh.command()
def generate(
    shape: Annotated[str, typer.Argument(help="slab, sheet, cable, left_ventricle or biventricle.")],
    out: Annotated[Path, typer.Option(help="The file to write, a .vtu.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help='A measure with its unit, as h="2 mm"; give as many as needed.'
        ),
    ] = None,
) -> None:
    """Make a mesh by rule and write it as .vtu, which ParaView opens and a case can name.

    Example: hpc-twin mesh generate slab --set size="20 mm, 7 mm, 3 mm" --set h="0.5 mm" --out slab.vtu

    Example: hpc-twin mesh generate biventricle --set h="3 mm" --out heart.vtu
    """
    from hpc_twin.parallel import on_root, world
    from hpc_twin.run.meshes import generated  # on all ranks: it loads PETSc, which starts on all of them together

    on_root(world(), lambda: _generate(generated, shape, settings or [], out))


def _print_info(file: Path, unit: str | None) -> None:
    from rich.console import Console

    from hpc_twin.mesh.info import describe, table
    from hpc_twin.mesh.read import default_unit, read

    Console().print(table(describe(read(file, unit), file, unit or default_unit(file))))


def _generate(generated: Callable[[str, dict], "Mesh"], shape: str, settings: list[str], out: Path) -> None:
    from hpc_twin.mesh.write import write
    from hpc_twin.parallel import InputError

    if out.suffix.lower() != ".vtu":  # told before the work, not after it
        raise InputError(f"--out: found '{out}', meshes are written as .vtu")
    made = generated(shape, measures(settings))
    write(made, out)
    print(f"{out}: {made.n_nodes:,} nodes, {made.n_elements:,} elements")
    for note in made.notes:
        print(f"note: {note}")


def measures(settings: list[str]) -> dict[str, Any]:
    """What a case's [mesh.shape] would hold, from words such as ``h=2 mm``, ``size=20 mm, 7 mm, 3 mm``, ``scale=0.3``.

    Raises InputError for a word without ``=`` and for a name given twice.
    """
    from hpc_twin.parallel import InputError

    found: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = (part.strip() for part in setting.partition("="))
        if not equals:
            raise InputError(f"--set: found '{setting}', write NAME=VALUE, for example h=\"2 mm\"")
        if name in found:
            raise InputError(f"--set: '{name}' is given twice")
        found[name] = [part.strip() for part in text.split(",")] if "," in text else _number_or_text(text)
    return found


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
