"""Movies: the page is drawn once, then only the pictures and the time on it change."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import imageio.v2 as imageio
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hpc_twin.parallel import InputError
from hpc_twin.view.sheets import Layout, paste


def write_movie(
    path: Path,
    page: np.ndarray,
    layout: Layout,
    draw: Callable[[int], Sequence[np.ndarray]],
    times: np.ndarray,
    fps: int,
    progress: Callable[[int], None],
) -> Path:
    """Write ``times`` as .mp4 or .gif: ``draw(k)`` gives the pictures of time k, put on ``page`` as ``layout``
    says. Raises InputError when there is no encoder."""
    frames = _frames(page, layout, draw, times, progress)
    if path.suffix == ".gif":
        first, *rest = (Image.fromarray(frame).quantize(128, method=Image.Quantize.FASTOCTREE) for frame in frames)
        first.save(path, save_all=True, append_images=rest, duration=1000 // fps, loop=0, optimize=False)
        return path
    try:
        writer = imageio.get_writer(path, fps=fps, codec="libx264", quality=8, macro_block_size=2, format="FFMPEG")
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{path}: no MP4 encoder ({error}); pip install imageio-ffmpeg, or --movie gif") from None
    with writer:
        for frame in frames:
            writer.append_data(frame)
    return path


def _frames(page, layout, draw, times, progress) -> Iterator[np.ndarray]:
    font = ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), 24)
    for k, t in enumerate(times):
        drawn = Image.fromarray(paste(page.copy(), layout, draw(k)))
        ImageDraw.Draw(drawn).text((page.shape[1] - 24, 24), f"{t:.0f} ms", fill="#222222", font=font, anchor="rt")
        yield np.asarray(drawn)
        progress(k + 1)
