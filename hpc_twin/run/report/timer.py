"""Wall time by part."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from hpc_twin.fem import Waiting
from hpc_twin.stepping.splitting import Operator


class Timer:
    """Adds up the seconds spent in named parts, and what was waited for other ranks in some of them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.waiting: dict[str, Waiting] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Charge the block to ``name``."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin

    def timed(self, name: str, operator: Operator) -> Operator:
        """``operator``, charged to ``name``."""
        self.seconds[name] = 0.0
        clock = time.perf_counter

        def run(state, t, dt):
            begin = clock()
            operator(state, t, dt)
            self.seconds[name] += clock() - begin

        return run

    def communicating(self, name: str, operator: Operator, comm) -> Operator:
        """``operator``, charged to ``name``, and the share in which it waits for other ranks to ``waiting[name]``."""
        waiting = self.waiting[name] = Waiting(comm, name)

        def run(state, t, dt):
            with waiting:
                operator(state, t, dt)

        return self.timed(name, run)
