"""Pictures of a finished run: isochrones, V at chosen times, a movie, and curves of the probes."""

from contextlib import ExitStack
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.colors import BoundaryNorm, Normalize

from hpc_twin.io.drawn import PICTURES, remember
from hpc_twin.io.result import Result, read_result
from hpc_twin.io.traces import read_traces
from hpc_twin.parallel import InputError
from hpc_twin.view import Progress, ViewOptions, sheets
from hpc_twin.view.ecg import draw_ecg
from hpc_twin.view.fibres import draw_fibres
from hpc_twin.view.geometry import View, views_of
from hpc_twin.view.movie import write_movie
from hpc_twin.view.network import draw_network
from hpc_twin.view.render import Panel
from hpc_twin.view.waves import CYCLIC, TURN, draw_waves, drawn_here

DEFAULT_PANELS = 6
CAPTIONS = ("outside", "cut open")
FIELD_COLOURS = "RdYlBu_r"
SHOWN = (-120.0, 60.0)  # mV
ANGLES = ("rotational",)  # maps whose values from -pi to pi go round


def draw_all(path: Path, out_dir: Path | None, options: ViewOptions, progress: Progress | None) -> list[Path]:
    """See ``hpc_twin.view.make_pictures``."""
    with read_result(path) as result:
        folder = _folder(result.path.parent / PICTURES if out_dir is None else out_dir)
        frames = _frames(result, options)
        views = views_of(result, options.towards)
        single = [name for name in result.maps if name not in drawn_here(result)]
        written = [_map(result, views, name, folder, options) for name in single]
        if frames:
            written.append(_panels(result, views, frames, folder, options))
        if len(result.times) > 1 and options.movie:
            written.append(_movie(result, views, folder, options, progress))
        written += draw_fibres(result, views, folder, options)
        written += draw_network(result, views, folder, options)
        written += draw_waves(result, views, frames, folder, options)
        written += draw_ecg(result.path.parent / "ecg.nc", folder, options)
        written += _curves(result.path.parent / "traces.nc", folder, options)
        if out_dir is None:
            remember(folder, written)
        return written


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be made ({error.strerror}); choose another --out") from None
    return path


def _frames(result: Result, options: ViewOptions) -> list[int]:
    """Frames nearest to the times asked for."""
    asked = options.times is not None or options.field != ViewOptions.field
    if result.n_frames == 0 or not (result.fields or asked):  # an eikonal result holds maps alone
        return []
    result.units(options.field)  # an unknown field is told before anything is drawn
    first, last = result.times[0], result.times[-1]
    if options.times is None:
        return _default_frames(result)
    for t in options.times:
        if not first - 1e-6 <= t <= last + 1e-6:
            raise InputError(f"--times: {t:g} ms is not in {result.path}, which runs from {first:g} to {last:g} ms")
    return [int(np.abs(result.times - t).argmin()) for t in options.times]


def _default_frames(result: Result) -> list[int]:
    """Half of the panels while the wave spreads, where the file tells how long that is, and half afterwards."""
    first, last = float(result.times[0]), float(result.times[-1])
    activation = result.map("activation") if "activation" in result.maps else np.array([])
    spread = float(activation[np.isfinite(activation)].max()) if np.isfinite(activation).any() else (first + last) / 2
    middle = min(max(spread, first), last)
    half = DEFAULT_PANELS // 2
    early = first + (middle - first) * (np.arange(half) + 0.6) / half
    late = middle + (last - middle) * (np.arange(half) + 1) / (half + 1)
    return sorted({int(np.abs(result.times - t).argmin()) for t in [*early, *late]})


def _map(result: Result, views: list[View], name: str, folder: Path, options: ViewOptions) -> Path:
    """Banded colours with a line at each level; an angle in colours that go round."""
    values, turns = result.map(name), name in ANGLES
    levels = np.array(TURN) if turns else sheets.isochrone_levels(values)
    colours = mpl.colormaps[CYCLIC] if turns else sheets.banded("Spectral", len(levels) - 1)
    lines = None if turns else levels[1:-1]
    layout = _side_by_side(views, options)
    images = []
    for view in views:
        with Panel(view, layout.tile, colours, (levels[0], levels[-1]), levels=lines, cyclic=turns) as panel:
            images.append(panel.image(values))
    scale = sheets.scale(values, Normalize(*TURN) if turns else BoundaryNorm(levels, colours.N))
    page = sheets.draw_sheet(layout, images, _captions(views), *sheets.words(result, name), colours, scale)
    return sheets.save(page, folder / f"{_file_name(name)}.png")


def _panels(result: Result, views: list[View], frames: list[int], folder: Path, options: ViewOptions) -> Path:
    """The field at chosen times; of a hollow organ cut open, where the whole wall is seen."""
    limits, colours = _limits(result, options.field), mpl.colormaps[FIELD_COLOURS]
    scale = sheets.scale(np.array(limits), Normalize(*limits))
    layout = sheets.make_layout(len(frames), min(3, len(frames)), views[-1].aspect, options.size)
    with Panel(views[-1], layout.tile, colours, limits) as panel:
        images = [panel.image(result.frame(k, options.field)) for k in frames]
    captions = [f"{result.times[k]:g} ms" for k in frames]
    words = sheets.words(result, options.field)
    page = sheets.draw_sheet(layout, images, captions, *words, colours, scale)
    return sheets.save(page, folder / f"{_file_name(options.field)}_times.png")


def _movie(result: Result, views: list[View], folder: Path, options: ViewOptions, progress: Progress | None) -> Path:
    limits, colours = _limits(result, options.field), mpl.colormaps[FIELD_COLOURS]
    layout = _side_by_side(views, options)
    words = sheets.words(result, options.field)
    scale = sheets.scale(np.array(limits), Normalize(*limits))
    page = sheets.draw_sheet(layout, [], _captions(views), *words, colours, scale)
    path = folder / f"{_file_name(options.field)}.{options.movie}"
    with ExitStack() as stack:
        panels = [stack.enter_context(Panel(view, layout.tile, colours, limits)) for view in views]

        def draw(k: int) -> list[np.ndarray]:
            values = result.frame(k, options.field)
            return [panel.image(values) for panel in panels]

        def tell(done: int) -> None:
            if progress is not None:
                progress(path.name, done, result.n_frames)

        return write_movie(path, page, layout, draw, result.times, options.fps, tell)


def _side_by_side(views: list[View], options: ViewOptions) -> sheets.Layout:
    return sheets.make_layout(len(views), len(views), max(view.aspect for view in views), options.size)


def _captions(views: list[View]) -> list[str]:
    return list(CAPTIONS[: len(views)]) if len(views) > 1 else [""]


def _curves(path: Path, folder: Path, options: ViewOptions) -> list[Path]:
    if not path.is_file():
        return []
    traces = read_traces(path)
    drawn = [(name, sheets.draw_curves(traces, name, options.size)) for name in traces.values if len(traces.names)]
    return [sheets.save(figure, folder / f"traces_{_file_name(name)}.png") for name, figure in drawn]


def _limits(result: Result, name: str) -> tuple[float, float]:
    """Colour limits over the run, from some thirty frames of it, rounded outwards to tens where that is little; NaN
    where no node ever has a value."""
    some = np.unique(np.linspace(0, result.n_frames - 1, 30).astype(int))
    frames = [result.frame(int(k), name) for k in some]
    lows = [np.nanmin(f) for f in frames if np.isfinite(f).any()]
    highs = [np.nanmax(f) for f in frames if np.isfinite(f).any()]
    if not lows:
        return np.nan, np.nan
    low, high = float(min(lows)), float(max(highs))
    if name == "V":  # a shock takes a few nodes far beyond, and would leave no colours for the rest
        low, high = max(low, SHOWN[0]), min(high, SHOWN[1])
    if high - low > 50:
        return float(np.floor(low / 10) * 10), float(np.ceil(high / 10) * 10)
    return low, high if high > low else low + 1.0


def _file_name(name: str) -> str:
    """A field's name as part of a file name: a stranger's file may call its field '../x'."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:64]
