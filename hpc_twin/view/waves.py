"""What a wave does: phase with its singularities, the paths of tips, arrows along the velocity of fronts."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyvista as pv
from matplotlib.colors import BoundaryNorm, Normalize

from hpc_twin.io.events import Events, read_events
from hpc_twin.io.result import Result
from hpc_twin.view import ViewOptions, sheets
from hpc_twin.view.geometry import View
from hpc_twin.view.render import LIFT, Panel

CYCLIC, TIME = "hsv", "turbo"
TURN = (-np.pi, np.pi)
DOT = 0.006  # radius over the size of what is seen
ARROWS = 28  # across
SENSES = mpl.colors.ListedColormap(["black", "#777777", "white"])  # clockwise, filament, anticlockwise


def components(result: Result) -> dict[str, str]:
    """Prefix of each velocity that the result holds -> name of its size."""
    return {name.removesuffix("speed"): name for name in result.maps if name.endswith("speed")}


def drawn_here(result: Result) -> set[str]:
    """Maps that are not drawn one by one."""
    prefixes = components(result)
    return {*prefixes.values(), *(f"{prefix}velocity_{axis}" for prefix in prefixes for axis in "xyz")}


def draw_waves(result: Result, views: list[View], frames: list[int], folder: Path, options: ViewOptions) -> list[Path]:
    """velocity.png, phase_times.png and tips.png, where the result and singularities.nc beside it hold them."""
    path = result.path.parent / "singularities.nc"
    tips = read_events(path) if path.is_file() else None
    written = [_velocity(result, views, prefix, folder, options) for prefix in components(result)]
    if "phase" in result.fields and frames:
        written.append(_phases(result, views[-1], frames, tips, folder, options))
    if tips is not None and len(tips.times) and result.n_frames:
        written.append(_paths(result, views, tips, folder, options))
    return written


def _velocity(result: Result, views: list[View], prefix: str, folder: Path, options: ViewOptions) -> Path:
    """The size in colours, the direction as arrows of one length."""
    speed = result.map(f"{prefix}speed")
    vectors = np.column_stack([result.map(f"{prefix}velocity_{axis}") for axis in "xyz"])
    levels = sheets.isochrone_levels(speed)
    colours = sheets.banded("viridis", len(levels) - 1)
    layout = _layout(views, options)
    images = []
    for view in views:
        with Panel(view, layout.tile, colours, (levels[0], levels[-1])) as panel:
            panel.lay(_arrows(view, vectors), color="black")
            images.append(panel.image(speed))
    words = sheets.words(result, f"{prefix}speed")
    scale = sheets.scale(speed, BoundaryNorm(levels, colours.N))
    page = sheets.draw_sheet(layout, images, _captions(views), *words, colours, scale)
    return sheets.save(page, folder / f"{prefix}velocity.png")


def _arrows(view: View, vectors: np.ndarray) -> pv.PolyData:
    """About ARROWS across, each at a point of the surface that faces the viewer or is in the cut."""
    points = np.asarray(view.surface.points, float)
    on_surface = np.column_stack([view.values(column) for column in vectors.T])
    known = np.flatnonzero(np.isfinite(on_surface).all(axis=1))
    spacing = max(np.ptp(points @ view.right), 1e-9) / ARROWS
    _, first = np.unique((points[known] / spacing).round().astype(int), axis=0, return_index=True)
    chosen = known[first]
    cloud = pv.PolyData(points[chosen] + LIFT * view.surface.length * view.frame[2])
    cloud["velocity"] = on_surface[chosen]
    if not len(chosen):
        return cloud
    arrow = pv.Arrow(start=(-0.5, 0, 0), tip_length=0.4, tip_radius=0.16, shaft_radius=0.045)
    return cloud.glyph(orient="velocity", scale=False, factor=0.85 * spacing, geom=arrow)


def _phases(
    result: Result, view: View, frames: list[int], tips: Events | None, folder: Path, options: ViewOptions
) -> Path:
    """Cyclic colours; singularities as dots, white where the phase turns anticlockwise, black where clockwise."""
    colours = mpl.colormaps[CYCLIC]
    layout = sheets.make_layout(len(frames), min(3, len(frames)), view.aspect, options.size)
    images = []
    for k in frames:
        with Panel(view, layout.tile, colours, TURN, cyclic=True) as panel:
            if tips is not None:
                near = np.abs(tips.times - result.times[k]) < 1e-6
                panel.lay(_dots(view, tips, near, 2.5), scalars="charge", cmap=SENSES, clim=(-1, 1))
            images.append(panel.image(result.frame(k, "phase")))
    captions = [f"{result.times[k]:g} ms" for k in frames]
    page = sheets.draw_sheet(layout, images, captions, *sheets.words(result, "phase"), colours, Normalize(*TURN))
    return sheets.save(page, folder / "phase_times.png")


def _paths(result: Result, views: list[View], tips: Events, folder: Path, options: ViewOptions) -> Path:
    """Where singularities were, coloured by time, over V of the last frame in grey."""
    colours, layout = mpl.colormaps[TIME], _layout(views, options)
    limits = (float(tips.times[0]), max(float(tips.times[-1]), float(tips.times[0]) + 1e-3))
    V = result.frame(-1, "V") if "V" in result.fields else np.full(result.n_nodes, np.nan)
    low, high = (np.nanmin(V), np.nanmax(V)) if np.isfinite(V).any() else (0.0, 1.0)
    images = []
    for view in views:
        with Panel(view, layout.tile, mpl.colormaps["Greys"], (low, high + 0.8 * (high - low) + 1e-9)) as panel:
            panel.lay(_dots(view, tips, np.full(len(tips.times), True), 1.0), scalars="time", cmap=colours, clim=limits)
            images.append(panel.image(V))
    words = (f"Paths of phase singularities, over V at {result.times[-1]:g} ms", "time [ms]")
    page = sheets.draw_sheet(layout, images, _captions(views), *words, colours, Normalize(*limits))
    return sheets.save(page, folder / "tips.png")


def _dots(view: View, tips: Events, which: np.ndarray, size: float) -> pv.PolyData:
    """Balls; filaments, which the wall hides, are drawn before it."""
    length = view.surface.length
    lift = np.where(tips.values["charge"][which] == 0, 1.0, LIFT)
    cloud = pv.PolyData(tips.points[which] + (lift * length)[:, None] * view.frame[2])
    cloud["time"], cloud["charge"] = tips.times[which], tips.values["charge"][which]
    ball = pv.Sphere(radius=size * DOT * length, theta_resolution=12, phi_resolution=12)
    return cloud.glyph(geom=ball, scale=False, orient=False) if which.any() else cloud


def _layout(views: list[View], options: ViewOptions) -> sheets.Layout:
    return sheets.make_layout(len(views), len(views), max(view.aspect for view in views), options.size)


def _captions(views: list[View]) -> list[str]:
    return ["outside", "cut open"][: len(views)] if len(views) > 1 else [""]
