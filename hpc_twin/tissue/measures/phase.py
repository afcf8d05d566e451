"""Phase of the cells' cycle, from V now and V a little earlier."""

import numpy as np

from hpc_twin.fem.memory import Memory, common, nodal
from hpc_twin.mesh.part import Part


class Delay:
    """V as it was ``lag`` samples ago: a ring of lag + 1 single-precision copies.

    Before that many samples were seen, V of the first one stands in.
    """

    def __init__(self, V: np.ndarray, lag: int):
        self._ring = np.tile(V.astype(np.float32), (lag + 1, 1))
        self._now = np.zeros((), np.int64)

    def push(self, V: np.ndarray) -> None:
        """Take the next sample."""
        self._now[...] = (self._now + 1) % len(self._ring)
        self._ring[self._now] = V

    def memory(self, part: Part) -> Memory:
        """The ring, and where in it the last sample is."""
        return {**nodal(part, ring=self._ring), **common(now=self._now)}

    @property
    def earlier(self) -> np.ndarray:
        """(n,) float32 V of ``lag`` samples before the last one."""
        return self._ring[(self._now + 1) % len(self._ring)]


def phase(V: np.ndarray, earlier: np.ndarray, origin: float, out: np.ndarray) -> np.ndarray:
    """Phase [rad] in (-pi, pi] in the plane of V(t) and V(t - delay), written to ``out``:

        atan2(V(t - delay) - V*, V(t) - V*)

    Time-delay embedding: Gray, Pertsov & Jalife, Nature 392 (1998) 75. The ``origin`` V* must lie inside the loop that
    all cells run through (Bray & Wikswo, IEEE Trans Biomed Eng 49 (2002) 1086; Iyer & Gray, Ann Biomed Eng 29 (2001)
    47), as it does for any V* between rest and plateau, since V falls so slowly that V(t - delay) > V(t) there. The
    phase grows with time: -3/4 pi at rest, -pi/4 in the upstroke, pi/4 in the plateau, 3/4 pi in repolarisation.
    """
    np.subtract(V, origin, out=out)
    return np.arctan2(earlier - np.float32(origin), out, out=out)
