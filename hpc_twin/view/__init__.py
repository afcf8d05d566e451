"""Pictures and movies of finished runs. pyvista and matplotlib are imported only when ``make_pictures`` is called."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpc_twin.parallel import InputError
from hpc_twin.units import parse

if TYPE_CHECKING:
    from hpc_twin.run.velocities import Beat
    from hpc_twin.singlecell.experiment import Outcome

Progress = Callable[[str, int, int], None]
MOVIES = ("mp4", "gif", "none")


@dataclass(frozen=True)
class ViewOptions:
    """What to draw. times [ms] of the panels (None: six over the run), field, movie "mp4", "gif" or None, size [px].

    towards  from the organ to the viewer (None: the shape decides)
    """

    times: tuple[float, ...] | None = None
    field: str = "V"
    movie: str | None = "mp4"
    size: tuple[int, int] = (1200, 900)
    fps: int = 20
    towards: tuple[float, float, float] | None = None


def view_options(
    times: str = "", field: str = "V", movie: str = "mp4", size: str = "1200x900", towards: str = ""
) -> ViewOptions:
    """Options from the words of a command line: times "10 ms, 50 ms", movie "mp4", "gif" or "none", size "1200x900",
    towards "1,-1,0.5".

    Raises InputError that names the option.
    """
    if movie not in MOVIES:
        raise InputError(f"--movie: found '{movie}', allowed are {', '.join(MOVIES)}")
    kind = None if movie == "none" else movie
    return ViewOptions(_times(times), field, kind, _size(size), towards=_towards(towards))


def make_pictures(
    result_path: str | Path,
    out_dir: str | Path | None = None,
    options: ViewOptions | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Draw all that the result holds into ``out_dir`` (default: "pictures" beside it); return the files written.

    Isochrones of every map, the field at chosen times, a movie, and curves of the traces.nc beside the result.
    Pictures of an earlier call are replaced. ``progress(file name, done, of)`` is called after each movie frame.
    Raises InputError for a file that is no result, an unknown field, or times that the run does not reach.
    """
    with _quietly():
        from hpc_twin.view.pictures import draw_all  # costs a second, which only those who look should pay

    return draw_all(Path(result_path), None if out_dir is None else Path(out_dir), options or ViewOptions(), progress)


def draw_restitution(curves: Mapping[str, Sequence["Beat"]], title: str, path: Path) -> Path:
    """Draw APD and velocity against DI to ``path``, one curve a label. Raises InputError where it cannot be written."""
    with _quietly():
        from hpc_twin.view.restitution import draw

    return draw(curves, title, path)


def draw_cells(outcomes: Mapping[str, "Outcome"], path: Path) -> Path:
    """Draw the last beat of each (label -> outcome) to ``path``. Raises InputError where it cannot be written."""
    with _quietly():
        from hpc_twin.view.cells import draw

    return draw(outcomes, path)


@contextmanager
def _quietly() -> Iterator[None]:
    """A second matplotlib of the distribution has nothing to say here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _times(text: str) -> tuple[float, ...] | None:
    try:
        return tuple(parse(part.strip(), "time") for part in text.split(",")) if text.strip() else None
    except InputError as error:
        raise InputError(f"--times: {error}") from None


def _towards(text: str) -> tuple[float, float, float] | None:
    if not text.strip():
        return None
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--from: found '{text}', write a direction like 1,-1,0.5") from None
    if not (0 < (x * x + y * y + z * z) < 1e12):
        raise InputError(f"--from: found '{text}', a direction needs a length")
    return x, y, z


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and all(300 <= int(n) <= 8000 for n in (width, height))):
        raise InputError(f"--size: found '{text}', write width x height in pixels from 300 to 8000, like 1200x900")
    return int(width), int(height)
