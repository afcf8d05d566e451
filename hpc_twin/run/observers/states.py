"""States of the tissue, saved for other runs to begin with."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hpc_twin.case import Case
from hpc_twin.fem.memory import Memory, common
from hpc_twin.io.tissuestate import write_tissue_state
from hpc_twin.tissue.problem import Problem, Shown


class SavedStates:
    """An Observer: V and all states of the cells in files of their own, at the times of ``output.state``."""

    maps: Mapping[str, tuple[str, str]] = {}
    fields: Mapping[str, Shown] = {}

    def __init__(self, case: Case, problem: Problem, folder: Path, attributes: Mapping[str, object]):
        self._problem, self._folder, self._attributes = problem, folder, attributes
        self._written = np.zeros((), np.int64)
        until, times = case.tissue.until, case.output.state
        names = {until: "state.nc"} if times == "end" else {time: f"state_{time:g}ms.nc" for time in times or ()}
        self._names = {round(time / case.tissue.dt): name for time, name in names.items()}
        self._dt = case.tissue.dt

    def see(self, step: int, t: float) -> None:
        """Save when a time has come."""
        name = self._names.get(round(t / self._dt)) if step else None
        if name is not None:
            heart = self._problem
            self._written += write_tissue_state(
                self._folder / name, heart.domain, heart.V.owned, heart.populations, t, self._attributes
            )

    def values(self) -> dict[str, np.ndarray]:
        """No maps."""
        return {}

    def memory(self) -> Memory:
        """Bytes so far."""
        return common(written=self._written)

    def flush(self) -> None:
        """Its files are whole when they appear."""

    def close(self, complete: bool) -> int:
        """Bytes of all files."""
        return int(self._written)
