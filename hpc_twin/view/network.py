"""The conduction system of an organ: its cables as tubes, coloured by activation, in the transparent wall."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyvista as pv
from matplotlib.colors import BoundaryNorm

from hpc_twin.io.result import Result
from hpc_twin.view import ViewOptions, sheets
from hpc_twin.view.geometry import View
from hpc_twin.view.render import Panel

CAPTIONS = ("front", "back")
GLASS, THICK = 0.12, 0.0035  # opacity of the wall; radius of the tubes over the size of the organ
JUNCTION = "junction"  # in the name of a region: resistances, which are no cables


def draw_network(result: Result, views: list[View], folder: Path, options: ViewOptions) -> list[Path]:
    """network.png where the result holds lines beside tetrahedra and their activation, seen from front and back."""
    lines = [b.elements for b in result.blocks if b.elements.shape[1] == 2 and JUNCTION not in b.name]
    solid = any(block.elements.shape[1] == 4 and len(block.elements) for block in result.blocks)
    if not (solid and any(len(elements) for elements in lines) and "activation" in result.maps):
        return []
    values, cables = result.map("activation"), np.concatenate(lines)
    tubes = _tubes(result.points, cables, values, THICK * views[0].surface.length)
    levels = sheets.isochrone_levels(values[np.unique(cables)])
    colours = sheets.banded("Spectral", len(levels) - 1)
    both = [views[0], replace(views[0], right=-views[0].right)]
    layout = sheets.make_layout(2, 2, max(_aspect(view, tubes) for view in both), options.size)
    images = [_image(view, layout.tile, tubes, colours, (levels[0], levels[-1])) for view in both]
    words = ("Conduction system: activation time", "activation [ms]")
    scale = sheets.scale(values[cables], BoundaryNorm(levels, colours.N))
    page = sheets.draw_sheet(layout, images, CAPTIONS, *words, colours, scale)
    return [sheets.save(page, folder / "network.png")]


def _tubes(points: np.ndarray, lines: np.ndarray, values: np.ndarray, radius: float) -> pv.PolyData:
    used, compact = np.unique(lines, return_inverse=True)
    cells = np.column_stack((np.full(len(lines), 2), compact.reshape(-1, 2)))
    cables = pv.PolyData(points[used], lines=cells.ravel())
    cables["activation"] = values[used]
    return cables.tube(radius=radius, n_sides=8)


def _aspect(view: View, tubes: pv.PolyData) -> float:
    """Height over width of the wall and its cables."""
    width, height, _ = np.ptp(np.vstack((view.surface.points, tubes.points)) @ view.frame.T, axis=0)
    return float(np.clip(height / max(width, 1e-12), 0.2, 3.0))


def _image(view: View, size: tuple[int, int], tubes: pv.PolyData, colours, limits) -> np.ndarray:
    with Panel(view, size, "Greys", (0.0, 10.0), opacity=GLASS, also=np.asarray(tubes.points)) as panel:
        panel.lay(tubes, scalars="activation", cmap=colours, clim=limits, nan_color="#404040", n_colors=colours.N)
        return panel.image(np.full(view.weights.shape[1], 4.0))
