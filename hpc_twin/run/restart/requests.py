"""What signals ask of a run, and how all ranks come to know of it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from hpc_twin.parallel import TwinError, max_over


class Wish(IntEnum):
    """What is asked for; the larger one goes first."""

    NOTHING = 0
    CHECKPOINT = 1
    HAND_OVER = 2
    STOP = 3


WISHES = {
    signal.SIGUSR2: Wish.CHECKPOINT,
    signal.SIGUSR1: Wish.HAND_OVER,
    signal.SIGINT: Wish.STOP,
    signal.SIGTERM: Wish.STOP,
}
FROM_SCHEDULERS = (signal.SIGUSR1, signal.SIGUSR2)
FROM_USERS = (signal.SIGINT, signal.SIGTERM)


class StoppedError(TwinError):
    """The user or the batch system asked the run to stop; what was computed is on disk."""

    exit_code = 130


class HandedOverError(StoppedError):
    """The batch system asked the run to end, to be gone on with in another job."""

    exit_code = 75


STOPS = {Wish.HAND_OVER: HandedOverError, Wish.STOP: StoppedError}


class Requests:
    """Signals become wishes, on which the ranks agree from time to time."""

    def __init__(self, comm):
        self._comm = comm
        self._heard: set[int] = set()

    @contextmanager
    def hearing(self, numbers: tuple[signal.Signals, ...]) -> Iterator[None]:
        """Hear these signals; SIGINT or SIGTERM for a second time ends the hard way."""
        before = {number: signal.signal(number, self._hear) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, frame) -> None:
        if number in self._heard and number in FROM_USERS:
            raise KeyboardInterrupt
        self._heard.add(number)

    def agreed(self, late: bool) -> Wish:
        """The largest wish of any rank; ``late``: a checkpoint is wanted without a signal, too. Collective."""
        own = max((WISHES[signal.Signals(number)] for number in self._heard), default=Wish.NOTHING)
        return Wish(max_over(self._comm, max(own, Wish.CHECKPOINT if late else Wish.NOTHING)))

    def met(self) -> None:
        """A checkpoint was written: who asked for one has it."""
        self._heard.discard(signal.SIGUSR2)
