"""Wall time by part."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from hpc_twin.stepping.splitting import Operator


class Timer:
    """Adds up the seconds spent in named parts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

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
