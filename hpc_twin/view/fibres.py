"""Fibres on the surfaces of an organ, as short strokes coloured by their helix angle."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyvista as pv
from matplotlib.colors import Normalize
from scipy.spatial import cKDTree

from hpc_twin.io.result import Result
from hpc_twin.view import ViewOptions, sheets
from hpc_twin.view.geometry import View
from hpc_twin.view.render import LIFT, Panel

STROKES = 4000
COLOURS, LIMITS = "hsv", (-90.0, 90.0)


def draw_fibres(result: Result, views: list[View], folder: Path, options: ViewOptions) -> list[Path]:
    """fibres.png: strokes where the fibres of the nearest elements run; nothing where the result holds no fibres.

    The helix angle is that of the fibre to the circumference about the organ's upright axis, positive when it rises
    counter-clockwise seen from above; of flat tissue, the angle to the picture's horizontal.
    """
    if result.fibres is None:
        return []
    width = max(block.elements.shape[1] for block in result.blocks)
    chosen = [k for k, block in enumerate(result.blocks) if block.elements.shape[1] == width]
    centres = np.concatenate([result.points[result.blocks[k].elements].mean(axis=1) for k in chosen])
    fibres = np.concatenate([result.fibres[k] for k in chosen]).astype(float)
    real = np.abs(np.linalg.norm(fibres, axis=1) - 1) < 0.1
    if not real.any():
        return []
    tree, fibres = cKDTree(centres[real]), fibres[real]
    layout = sheets.make_layout(len(views), len(views), max(view.aspect for view in views), options.size)
    images = [_image(view, tree, fibres, layout.tile) for view in views]
    captions = ["outside", "cut open"][: len(views)] if len(views) > 1 else [""]
    words = ("Fibres", "helix angle [degrees]")
    page = sheets.draw_sheet(layout, images, captions, *words, mpl.colormaps[COLOURS], Normalize(*LIMITS))
    return [sheets.save(page, folder / "fibres.png")]


def _image(view: View, tree: cKDTree, fibres: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    faces = view.surface.cell_centers() if view.surface.n_cells else view.surface
    places = np.asarray(faces.points, float)
    places = places[:: max(1, len(places) // STROKES)]
    directions = fibres[tree.query(places)[1]]
    spacing = np.sqrt(view.surface.area / max(len(places), 1))  # zero for lines
    length = 1.6 * spacing or view.surface.length / 50
    strokes = pv.PolyData(places + LIFT * view.surface.length * view.frame[2])
    strokes["fibre"], strokes["helix"] = directions, _helix(view, places, directions)
    lines = strokes.glyph(orient="fibre", scale=False, factor=length, geom=pv.Line((-0.5, 0, 0), (0.5, 0, 0)))
    with Panel(view, size, mpl.colormaps["Greys"], (0.0, 10.0)) as panel:
        return panel.with_lines(lines.tube(radius=0.06 * length, n_sides=6), "helix", mpl.colormaps[COLOURS], LIMITS)


def _helix(view: View, places: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Degrees, -90 to 90."""
    points = np.asarray(view.surface.points, float)
    towards = view.frame[2]
    flat = np.ptp(points @ towards) < 1e-3 * view.surface.length
    around = np.broadcast_to(view.right, places.shape) if flat else np.cross(view.up, places - points.mean(axis=0))
    rise, along = directions @ view.up, (directions * around).sum(axis=1)
    along /= np.maximum(np.linalg.norm(around, axis=1), 1e-12)
    return np.degrees(np.arctan2(rise * np.sign(along + 1e-300), np.abs(along)))
