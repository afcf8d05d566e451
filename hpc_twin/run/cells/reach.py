"""Whether V can pass through output.activation_threshold at all, asked of single cells before the run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hpc_twin.case import Case
from hpc_twin.case.measures import BEATS
from hpc_twin.cellmodels import Kernel
from hpc_twin.parallel import RunError, on_root, warn
from hpc_twin.singlecell.pacing import Cells, pace
from hpc_twin.singlecell.protocol import paced

UPSTROKE = 50.0  # ms, in which a cell fires and reaches its plateau
STRENGTH, DURATION = 40.0, 2.0  # mV/ms, ms: lifts V by 80 mV by itself, more than any cell needs to fire


def tell_unreachable(case: Case, kernels: Sequence[Kernel], comm) -> None:
    """Warn where no cell that is stimulated strongly passes through the threshold upwards; collective.

    The stimulus only widens what is reached, so that nobody is warned who need not be.
    """
    if not set(BEATS) & set(case.output.measures):
        return
    dt, key = case.tissue.dt / case.cells.substeps, case.output.activation_threshold
    reached: Any = comm.bcast(on_root(comm, lambda: [_reached(kernel, dt) for kernel in kernels]))
    if all(not low < key <= high for low, high in reached):
        words = ", ".join(
            f"{k.name} {low:.4g} to {high:.4g} mV" for k, (low, high) in zip(kernels, reached, strict=True)
        )
        warn(
            comm, f"output.activation_threshold = {key:g} mV: V may never rise through it; a stimulated cell of {words}"
        )


def _reached(kernel: Kernel, dt: float) -> tuple[float, float]:
    """The lowest and the highest V [mV] of one cell; everything where it breaks under the stimulus."""
    cells = Cells(kernel, protocol=paced(UPSTROKE, STRENGTH, DURATION), period=dt * max(1, round(UPSTROKE / dt)), dt=dt)
    try:
        V = pace(cells, 1, record=1, every=5 * dt).traces.V
    except RunError:
        V = None
    return (-np.inf, np.inf) if V is None else (float(V.min()), float(V.max()))
