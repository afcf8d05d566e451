"""How far the run is: a bar on a terminal, plain lines in a file or a SLURM log. Rank 0 only."""

import sys
import time
from typing import Any


class Progress:
    """Call ``at(t)`` after each step with the simulated time [ms]; prints at most every ``every`` seconds."""

    def __init__(self, comm, until: float, every: float = 5.0):
        self.until, self._every = until, every
        self._begin = self._last = time.perf_counter()
        self._loud = comm.rank == 0
        self._bar: Any = None
        if self._loud and sys.stderr.isatty():
            self._start_bar()

    def _start_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.fields[words]}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._task = self._bar.add_task("", total=self.until, words="")
        self._bar.start()

    def at(self, t: float) -> None:
        """Show ``t`` if it is time to."""
        now = time.perf_counter()
        if not self._loud or now - self._last < (0.2 if self._bar else self._every):
            return
        self._last = now
        elapsed = now - self._begin
        words = f"{t:.1f} of {self.until:g} ms, {1000 * elapsed / max(t, 1e-9):.0f} times slower than real time"
        if self._bar:
            self._bar.update(self._task, completed=t, words=words)
        else:
            left = elapsed * (self.until - t) / max(t, 1e-9)
            print(f"{words}, {_clock(left)} left", flush=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
