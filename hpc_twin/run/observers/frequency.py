"""Map of the dominant frequency."""

from collections.abc import Mapping

import numpy as np

from hpc_twin.case import Case
from hpc_twin.fem.memory import Memory, under
from hpc_twin.run.observers.seldom import Seldom
from hpc_twin.stepping import Clock
from hpc_twin.tissue.measures import Spectrum, hertz
from hpc_twin.tissue.problem import Problem, Shown

SAMPLES = 10  # per cycle of the highest frequency


class DominantFrequency:
    """An Observer: V enters a bank of Fourier sums, ten times in a cycle of the highest frequency."""

    fields: Mapping[str, Shown] = {}
    maps: Mapping[str, tuple[str, str]] = {"dominant_frequency": ("Hz", "dominant frequency of V")}

    def __init__(self, case: Case, problem: Problem):
        self._V, self._wanted, self._until = problem.V.owned, case.output.frequency, case.tissue.until
        self._clock = Clock.of(1000 / (SAMPLES * self._wanted.high), case.tissue.dt)
        self._every = self._clock.every * case.tissue.dt
        wanted, self._part = self._wanted, problem.part
        frequencies = hertz(wanted.low, wanted.high, wanted.step)
        self._spectrum = Spectrum(len(self._V), frequencies, self._every, 0, case.output.phase.origin)
        self._map = Seldom(self._until, self._dominant, np.full(len(self._V), np.nan))

    def see(self, step: int, t: float) -> None:
        """Take a sample when it is time."""
        self._map.now = t
        if not self._clock.rings(step) or t < self._wanted.start * (1 - 1e-9):
            return
        if not self._spectrum.begun:
            self._spectrum.expect(int((self._until - t) / self._every + 1e-6) + 1)
        self._spectrum.update(self._V)

    def values(self) -> dict[str, np.ndarray]:
        """NaN where V is quiet."""
        return {"dominant_frequency": self._map.value()}

    def _dominant(self) -> np.ndarray:
        return self._spectrum.dominant() if self._spectrum.begun else np.full(len(self._V), np.nan)

    def memory(self) -> Memory:
        """Sums and map."""
        part = self._part
        return {**under("spectrum", self._spectrum.memory(part)), **under("map", self._map.memory(part))}

    def flush(self) -> None:
        """No files."""

    def close(self, complete: bool) -> int:
        """No files."""
        return 0
