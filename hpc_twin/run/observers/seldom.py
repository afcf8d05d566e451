"""Maps that cost too much to be computed for every frame."""

from collections.abc import Callable

import numpy as np

AGAIN = 2.0


class Seldom:
    """The array that ``compute`` gives: anew when the time has doubled, and at the end, else as it was."""

    def __init__(self, until: float, compute: Callable[[], np.ndarray]):
        self.now = 0.0
        self._until, self._compute = until, compute
        self._when, self._known = -np.inf, np.empty(0)

    def value(self) -> np.ndarray:
        """At the time ``now``; collective where ``compute`` is."""
        ended = self.now >= self._until * (1 - 1e-9)
        if self.now > self._when and (ended or self.now >= AGAIN * self._when):
            self._known, self._when = self._compute(), self.now
        return self._known
