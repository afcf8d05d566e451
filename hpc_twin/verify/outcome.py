"""What a check is given, and what it hands back."""

import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hpc_twin.case import load_case
from hpc_twin.parallel import on_root, say, together
from hpc_twin.run import simulate  # here, since PETSc starts on all ranks together: a check may split them

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | float | int
T = TypeVar("T")


@dataclass(frozen=True)
class Limit:
    """``found`` must lie in [low, high], both in ``unit``; ``source`` says who says so. A NaN lies nowhere."""

    name: str
    found: float
    low: float
    high: float
    unit: str
    source: str

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return bool(self.low <= self.found <= self.high)


@dataclass(frozen=True)
class Table:
    """Rows of text and numbers under ``head``; numbers are shown with four digits, NaN as a dash."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Outcome:
    """What a check found, the same on every rank.

    title    one line
    text     what was done, against whom, and what it shows: Markdown paragraphs
    limits   one at least; the check passes when all hold
    picture  draws on an empty matplotlib figure, called on rank 0 only; None for no picture
    """

    title: str
    text: str
    limits: Sequence[Limit]
    tables: Sequence[Table] = ()
    picture: "Callable[[Figure], None] | None" = None

    @property
    def holds(self) -> bool:
        """Whether all limits do, and there is one."""
        return bool(self.limits) and all(limit.holds for limit in self.limits)


@dataclass(frozen=True)
class Session:
    """comm: the ranks that compute together; short: less work, for every day; folder: for files of the check's own."""

    comm: Any
    short: bool
    folder: Path
    began: float = field(default_factory=time.perf_counter)

    def say(self, words: str) -> None:
        """Tell how far the check is."""
        say(self.comm, f"  {time.perf_counter() - self.began:6.1f} s  {words}")

    def share(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """What ``tasks`` return, each done by one rank alone, in turn: the first by the first, and so on; collective.

        For work of one rank, such as a cable; put the longest first.
        """
        mine = range(self.comm.rank, len(tasks), self.comm.size)
        with together(self.comm):
            done = {number: tasks[number]() for number in mine}
        found = {number: result for part in self.comm.allgather(done) for number, result in part.items()}
        return [found[number] for number in range(len(tasks))]

    def run(self, name: str, text: str, overrides: Sequence[str] = ()) -> Path:
        """Run a case, given as TOML, as ``hpc-twin run`` does; the folder that holds result.exo and traces.nc.

        overrides  as on the command line: ``tissue.dt=0.01 ms``
        """
        self.say(name)
        folder = self.folder / name
        loaded = self.comm.bcast(on_root(self.comm, lambda: load_case(_written(folder, text), overrides)))
        with redirect_stdout(StringIO()):
            simulate(loaded, folder, self.comm, overwrite=True)
        return folder


def _written(folder: Path, text: str) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(f"{folder.name}.toml")
    path.write_text(text, encoding="utf-8")
    return path
