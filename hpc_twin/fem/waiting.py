"""How long a rank waits for others inside PETSc, by PETSc's own log of events (its users manual, "Profiling")."""

import time

from petsc4py import PETSc

HALO = ("VecScatterEnd", "VecScatterEnd  ")  # with blanks in PETSc 3.18
SPLIT = ("VecReduceComm",)  # the second half of a reduction in two halves: nothing but waiting
SUMS = ("VecDot", "VecTDot", "VecMDot", "VecMTDot", "VecNorm", "VecDotNorm2")
UPDATES = ("VecAXPY", "VecAYPX", "VecAXPBYCZ", "VecWAXPY", "VecMAXPY")


EVERY = 11  # blocks: prime, so that what comes every so many steps, as frames do, is met as often as anything


class Waiting:
    """Which shares of the time in all blocks ``with waiting:`` this rank waits for others, from every EVERY-th of them.

    ``halo()``        for the values of its ghosts
    ``reductions()``  for sums over all ranks. PETSc times dot products and norms together with their arithmetic, so
                      that is taken off at the speed of the updates y + a x in the same blocks, which read the same
                      vectors and wait for nobody: an estimate, and 0 on one rank.
    PETSc's log costs some 0.1 us an event: it is on in those blocks alone, unless a user asked for more (-log_view).
    A block may not hold another of the same name.
    """

    def __init__(self, comm, name: str):
        self._alone = comm.size == 1
        if not PETSc.Log.isActive():
            PETSc.Log.begin()
            PETSc.Log.Stage("Main Stage").setActive(False)
        self._blocks, self._seconds = 0, 0.0
        self._begin: float | None = None
        self._stage = PETSc.Log.Stage(name)
        self._before = {event: self._logged(event) for event in (*HALO, *SPLIT, *SUMS, *UPDATES)}

    def __enter__(self) -> "Waiting":
        if self._blocks % EVERY == 0:
            self._stage.push()
            self._begin = time.perf_counter()
        self._blocks += 1
        return self

    def __exit__(self, *error) -> None:
        if self._begin is not None:
            self._seconds += time.perf_counter() - self._begin
            self._begin = None
            self._stage.pop()

    def halo(self) -> float:
        """See above."""
        return self._share(self._spent(HALO)[0])

    def reductions(self) -> float:
        """See above."""
        seconds, flops = self._spent(SUMS)
        pace, done = self._spent(UPDATES)
        arithmetic = flops * pace / done if done else 0.0
        return self._share(self._spent(SPLIT)[0] + max(seconds - arithmetic, 0.0))

    def _share(self, seconds: float) -> float:
        return 0.0 if self._alone or not self._seconds else seconds / self._seconds

    def _spent(self, events: tuple[str, ...]) -> tuple[float, float]:
        """Seconds and floating point operations of ``events`` in the blocks that were watched."""
        now = [(self._logged(event), self._before[event]) for event in events]
        return sum(a[0] - b[0] for a, b in now), sum(a[1] - b[1] for a, b in now)

    def _logged(self, event: str) -> tuple[float, float]:
        found = PETSc.Log.Event(event).getPerfInfo(self._stage.id)
        return found["time"], found["flops"]
