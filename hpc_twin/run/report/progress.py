"""How far the run is: a bar on a terminal, plain lines in a file or a SLURM log, status.json. Rank 0 only."""

import sys
import time
from pathlib import Path
from typing import Any

from hpc_twin.io.status import RunStatus, write_status
from hpc_twin.parallel import TwinError

STATUS_EVERY = 2.0  # s
ON_REQUEST = (75, 130)  # exit codes of errors that stand for somebody's wish


class Progress:
    """A context manager: ``start(t)`` before the first step, ``at(t)`` after each, with the simulated time [ms].

    It prints at most every ``every`` seconds, and tells ``folder``/status.json, when there is a folder, how far the
    run is and, at the end of the context, how it ended: done, stopped on request, or failed and why.
    """

    def __init__(self, comm, until: float, folder: Path | None = None, every: float = 5.0):
        self.until, self._every, self._folder = until, every, folder
        self._loud, self._ranks = comm.rank == 0, comm.size
        self._bar: Any = None
        self._first = self._t = 0.0
        self._begin = self._last = self._written = time.perf_counter()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.close()
        if error is None:
            self._tell("done")
        elif getattr(error, "exit_code", 0) in ON_REQUEST or isinstance(error, KeyboardInterrupt):
            self._tell("stopped", str(error))
        else:
            self._tell("failed", str(error) if isinstance(error, TwinError) else f"{kind.__name__}: {error}")

    def start(self, t: float) -> None:
        """The loop begins at ``t``."""
        self._first = self._t = t
        self._begin = self._last = self._written = time.perf_counter()
        if self._loud and sys.stderr.isatty():
            self._start_bar()
        self._tell("running")

    def at(self, t: float) -> None:
        """Show ``t`` if it is time to."""
        self._t = t
        if not self._loud:
            return
        now = time.perf_counter()
        if now - self._last >= (0.2 if self._bar else self._every):
            self._last = now
            self._show(t, now - self._begin)
        if now - self._written >= STATUS_EVERY:
            self._written = now
            self._tell("running")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None

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

    def _show(self, t: float, elapsed: float) -> None:
        pace = elapsed / max(t - self._first, 1e-9)  # s of the wall for a simulated ms
        words = f"{t:.1f} of {self.until:g} ms, {1000 * pace:.0f} times slower than real time"
        if self._bar:
            self._bar.update(self._task, completed=t, words=words)
        else:
            print(f"{words}, {clock(pace * (self.until - t))} left", flush=True)

    def _tell(self, state: str, message: str = "") -> None:
        if self._loud and self._folder is not None:
            seconds, now = time.perf_counter() - self._begin, time.time()
            status = RunStatus(state, self._t, self.until, self._first, seconds, now, self._ranks, message)
            write_status(self._folder, status)


def clock(seconds: float) -> str:
    """Minutes and seconds as 4:05, with hours as 1:04:05."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
