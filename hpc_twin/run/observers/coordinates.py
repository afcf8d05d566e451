"""Maps of the ventricular coordinates."""

from collections.abc import Mapping

import numpy as np

from hpc_twin.fem.memory import Memory
from hpc_twin.mesh.part import Part
from hpc_twin.tissue.organ.coordinates import VENTRICULAR
from hpc_twin.tissue.problem import Shown


class CoordinateMaps:
    """An Observer of nothing: where the nodes are."""

    maps: Mapping[str, tuple[str, str]] = VENTRICULAR
    fields: Mapping[str, Shown] = {}

    def __init__(self, part: Part):
        self._values = {name: part.coordinates[name][: part.n_owned] for name in VENTRICULAR}

    def see(self, step: int, t: float) -> None:
        """Nothing moves."""

    def values(self) -> dict[str, np.ndarray]:
        """As they were found before the run."""
        return self._values

    def memory(self) -> Memory:
        """They are found again."""
        return {}

    def flush(self) -> None:
        """No files."""

    def close(self, complete: bool) -> int:
        """No files."""
        return 0
