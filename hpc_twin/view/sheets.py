"""Sheets: rendered views set on a page with title, times and colour bar; and curves of traces."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from PIL import Image

from hpc_twin.io.result import Result
from hpc_twin.io.traces import Traces

DPI = 100
STEPS = np.array([1, 2, 2.5, 5, 10])
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
INK = "#222222"
NOTHING = "nothing to\nshow: NaN\neverywhere"
SIDE, HEAD, CAPTION, BAR = 24, 70, 34, 130  # pixels: margins, title, a picture's caption, the colour bar


def isochrone_levels(values: np.ndarray, about: int = 12) -> np.ndarray:
    """Round levels, about that many, from below the least to above the largest value, outliers left out."""
    finite = values[np.isfinite(values)]
    low, high = _range(finite) if finite.size else (0.0, 1.0)
    raw = max(high - low, 1e-9) / about
    power = 10 ** np.floor(np.log10(raw))
    step = float(STEPS[np.searchsorted(STEPS, raw / power - 1e-9)] * power)
    return np.arange(np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9) + 1) * step


def _range(values: np.ndarray) -> tuple[float, float]:
    """Least and largest; where they lie far from all but a fiftieth of the values, those of the rest."""
    low, some, most, high = np.percentile(values, (0, 2, 98, 100))
    outliers = most > some and high - low > 2 * (most - some)
    return (float(some), float(most)) if outliers else (float(low), float(high))


def scale(values: np.ndarray, norm: Normalize | BoundaryNorm) -> Normalize | BoundaryNorm | None:
    """``norm``, or None where no value is finite, so that there is nothing to show."""
    return norm if np.isfinite(values).any() else None


def banded(name: str, n: int) -> ListedColormap:
    """``n`` colours, equally far apart in the colour map ``name``."""
    return ListedColormap(mpl.colormaps[name](np.linspace(0.02, 0.98, max(n, 1))))


@dataclass(frozen=True)
class Layout:
    """A page of ``rows`` x ``columns`` pictures of ``tile`` pixels, not larger than the size asked for."""

    columns: int
    rows: int
    tile: tuple[int, int]

    @property
    def page(self) -> tuple[int, int]:
        """Width and height of the page, even numbers as movies want them."""
        width = SIDE + self.columns * self.tile[0] + BAR
        height = HEAD + self.rows * (CAPTION + self.tile[1]) + SIDE
        return width + width % 2, height + height % 2

    def place(self, k: int) -> tuple[int, int]:
        """Column and row of the upper left pixel of picture ``k``."""
        row, column = divmod(k, self.columns)
        return SIDE + column * self.tile[0], HEAD + row * (CAPTION + self.tile[1]) + CAPTION


def make_layout(n: int, columns: int, aspect: float, size: tuple[int, int]) -> Layout:
    """As large as ``size`` allows for ``n`` pictures of height over width ``aspect``, without empty margins."""
    rows = -(-n // columns)
    width = (size[0] - SIDE - BAR) // columns
    height = (size[1] - HEAD - SIDE) // rows - CAPTION
    return Layout(columns, rows, (width, max(min(height, round(width * aspect)), 64)))


def draw_sheet(
    layout: Layout,
    images: Sequence[np.ndarray],
    captions: Sequence[str],
    title: str,
    label: str,
    colours: Colormap,
    scale: Normalize | BoundaryNorm | None,
) -> np.ndarray:
    """(height, width, 3) uint8 page: pictures with captions, a title, and one colour bar at the right, or words there
    that there is nothing to show."""
    width, height = layout.page
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
        for k, caption in enumerate(captions):
            column, row = layout.place(k)
            words: dict[str, Any] = {"fontsize": 13, "color": INK, "ha": "center", "va": "bottom"}
            figure.text((column + layout.tile[0] / 2) / width, 1 - (row - 6) / height, caption, **words)
        figure.text(SIDE / width, 1 - HEAD / 2 / height, title, fontsize=18, color=INK, va="center")
        if scale is None:
            figure.text(1 - BAR / 2 / width, 0.5, NOTHING, fontsize=12, color=INK, ha="center", va="center")
        else:
            _draw_bar(figure, label, mpl.cm.ScalarMappable(norm=scale, cmap=colours), layout.page)
        return paste(pixels(figure), layout, images)


def _draw_bar(figure: Figure, label: str, colours: mpl.cm.ScalarMappable, page: tuple[int, int]) -> None:
    width, height = page
    long = min(0.62, 520 / height)
    bar = figure.add_axes((1 - (BAR - 22) / width, (1 - HEAD / height - long) / 2, 20 / width, long))
    figure.colorbar(colours, cax=bar).set_label(label, color=INK)
    bar.tick_params(length=3, color=INK)
    bar.spines[:].set_visible(False)


def paste(page: np.ndarray, layout: Layout, images: Sequence[np.ndarray]) -> np.ndarray:
    """Put the pictures at their places on the page, in place."""
    for k, image in enumerate(images):
        column, row = layout.place(k)
        page[row : row + image.shape[0], column : column + image.shape[1]] = image
    return page


def save(page: np.ndarray, path: Path) -> Path:
    """Write the page as PNG."""
    Image.fromarray(page).save(path)
    return path


def pixels(figure: Figure) -> np.ndarray:
    """(height, width, 3) uint8 of what ``figure`` shows."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def words(result: Result, name: str) -> tuple[str, str]:
    """Title and label of a field."""
    long_name, units = result.long_name(name), result.units(name)
    return long_name[:1].upper() + long_name[1:], f"{name} [{units}]"


def draw_curves(traces: Traces, name: str, size: tuple[int, int]) -> np.ndarray:
    """(height, width, 3) uint8 page: curves of one variable at all points against time."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(size[0] / DPI, size[1] / DPI / 1.6), dpi=DPI, facecolor="white", layout="constrained")
        axes = figure.add_subplot()
        tints = mpl.colormaps["turbo"](np.linspace(0.08, 0.92, max(len(traces.names), 1)))
        for column, (label, tint) in enumerate(zip(traces.names, tints, strict=True)):
            axes.plot(traces.times, traces.values[name][:, column], label=label, color=tint, linewidth=1.8)
        axes.set_xlabel("time [ms]")
        axes.set_ylabel(f"{traces.long_names[name]} [{traces.units[name]}]")
        axes.grid(color="#e6e6e6", linewidth=0.8)
        axes.margins(x=0.01)
        if len(traces.names) <= 16:
            axes.legend(frameon=False, loc="upper right", fontsize=10)
        return pixels(figure)
