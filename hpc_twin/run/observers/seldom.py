"""Maps that cost too much to be computed for every frame."""

from collections.abc import Callable

import numpy as np

from hpc_twin.fem.memory import Memory, common, nodal
from hpc_twin.mesh.part import Part

AGAIN = 2.0


class Seldom:
    """The array that ``compute`` gives: anew when the time has doubled, and at the end, else as it was.

    known  (n_owned, ...) memory for it
    """

    def __init__(self, until: float, compute: Callable[[], np.ndarray], known: np.ndarray):
        self.now = 0.0
        self._until, self._compute, self._known = until, compute, known
        self._when = np.full((), -np.inf)

    def value(self) -> np.ndarray:
        """At the time ``now``; collective where ``compute`` is."""
        ended = self.now >= self._until * (1 - 1e-9)
        if self.now > self._when and (ended or self.now >= AGAIN * self._when):
            self._known[:], self._when[...] = self._compute(), self.now
        return self._known

    def memory(self, part: Part) -> Memory:
        """The array, and its time."""
        return {**nodal(part, known=self._known.T), **common(when=self._when)}
