"""A picture of restitution curves: APD and conduction velocity against the diastolic interval."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from hpc_twin.parallel import InputError
from hpc_twin.run.velocities import Beat
from hpc_twin.view.cells import TINTS
from hpc_twin.view.sheets import INK, STYLE


def figure_of(curves: Mapping[str, Sequence[Beat]], title: str) -> Figure:
    """One curve for each label; the panel of velocities is left out where there are none."""
    columns = [("APD", "APD90 [ms]"), ("velocity", "conduction velocity [mm/ms]")]
    values = {key: np.array([getattr(b, key) for beats in curves.values() for b in beats]) for key, _ in columns}
    columns = [(key, label) for key, label in columns if np.isfinite(values[key]).any()]
    figure = Figure(figsize=(4.6 * len(columns), 3.8), layout="constrained")
    for axis, (key, label) in zip(figure.subplots(1, len(columns), squeeze=False)[0], columns, strict=True):
        for tint, (name, beats) in zip(TINTS, curves.items(), strict=False):
            points = np.array(sorted((b.DI, getattr(b, key)) for b in beats))
            axis.plot(*points.T, "o-", color=tint, markersize=3.5, linewidth=1.2, label=name)
        axis.set(xlabel="diastolic interval [ms]", ylabel=label)
    if len(curves) > 1:
        figure.axes[0].legend(frameon=False)
    figure.suptitle(title, color=INK, fontsize=13, x=0.02, ha="left")
    return figure


def draw(curves: Mapping[str, Sequence[Beat]], title: str, path: Path) -> Path:
    """Write ``figure_of`` to ``path``. Raises InputError where it cannot be written."""
    with mpl.rc_context(STYLE):
        figure = figure_of(curves, title)
        try:
            figure.savefig(path, dpi=110, facecolor="white")
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be written ({error})") from None
    return path
