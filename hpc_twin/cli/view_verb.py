"""``hpc-twin view``: pictures and a movie of a finished run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hpc_twin.view import Progress, ViewOptions


def view(
    result: Annotated[Path, typer.Argument(help="The folder of a run, or its .exo file.")],
    out: Annotated[
        Path | None, typer.Option(help='Where the pictures go. [default: "pictures" beside the result]')
    ] = None,
    times: Annotated[str, typer.Option(help='When to draw, as "10 ms, 50 ms". [default: six times over the run]')] = "",
    field: Annotated[str, typer.Option(help="What to draw at these times and in the movie.")] = "V",
    movie: Annotated[str, typer.Option(help="mp4, gif or none.")] = "mp4",
    size: Annotated[str, typer.Option(help="Width x height in pixels.")] = "1200x900",
    towards: Annotated[
        str, typer.Option("--from", help='Where to look from, as "1,-1,0.5" (z is up). [default: by shape]')
    ] = "",
) -> None:
    """Draw activation isochrones, V at chosen times, a movie of V, and curves of the probes.

    Example: hpc-twin view results/heartbeat --times "20 ms, 60 ms, 250 ms" --movie gif
    """
    from hpc_twin.parallel import on_root, world
    from hpc_twin.view import view_options

    options = view_options(times, field, movie, size, towards)
    on_root(world(), lambda: _draw(result, out, options))


def _draw(result: Path, out: Path | None, options: "ViewOptions") -> None:
    from hpc_twin.view import make_pictures

    with _progress() as progress:
        written = make_pictures(result_file(result), out, options, progress)
    for path in written:
        print(path)


def result_file(path: Path) -> Path:
    """The .exo file that ``path`` is or holds. Raises InputError when a folder holds none or several."""
    from hpc_twin.parallel import InputError

    if not path.is_dir():
        return path
    found = sorted(path.glob("*.exo"))
    if path / "result.exo" in found:
        return path / "result.exo"
    if not found:
        raise InputError(f"{path}: holds no .exo file; is the run still going?")
    if len(found) > 1:
        raise InputError(f"{path}: name the result to view, one of {', '.join(file.name for file in found)}")
    return found[0]


@contextmanager
def _progress() -> Iterator["Progress"]:
    """A bar on a terminal that grows with the movie's frames, and nothing in a log file."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("pictures", total=None)
        yield lambda name, done, of: bar.update(task, description=name, completed=done, total=of)
