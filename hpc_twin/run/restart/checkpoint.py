"""When a run writes what it can go on from, what that is, and how it takes it back."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpc_twin.case import Case
from hpc_twin.fem.memory import Kept, Memory, fields, under
from hpc_twin.io.checkpoint import Checkpoint, keep, steps, write_checkpoint
from hpc_twin.io.memory import read_memory, write_memory
from hpc_twin.parallel import TwinError, on_root, warn
from hpc_twin.run.record import Record
from hpc_twin.run.report import Timer
from hpc_twin.stepping import Clock
from hpc_twin.tissue.problem import Problem


def memory(heart: Problem, record: Record) -> dict[str, Sequence[Kept]]:
    """All that the next step depends on, and all that is known of the steps so far but for what is in files."""
    whole: Memory = {**fields(V=heart.V), **under("problem", heart.memory()), **under("record", record.memory())}
    return {**{name: (kept,) for name, kept in whole.items()}, **_cells(heart)}


def _cells(heart: Problem) -> dict[str, list[Kept]]:
    """States of the cells by number: different models share an array, since each cell is of one model."""
    found: dict[str, list[Kept]] = {}
    for population in heart.populations:
        nodes = None if isinstance(population.nodes, slice) else population.nodes
        for k, row in enumerate(population.kernel.views(population.states)):
            found.setdefault(f"cells.{k}", []).append(Kept(row, heart.part, nodes))
    return found


class Checkpoints:
    """Writes them: at an interval of the wall's clock, of simulated time, and when it is asked to.

    One that cannot be written is told of, and the run goes on; the last good ones stay.
    """

    def __init__(
        self, case: Case, folder: Path, heart: Problem, record: Record, facts: Mapping[str, Any], timer: Timer
    ):
        self._wanted, self._folder, self._heart, self._record = case.checkpoint, folder, heart, record
        self._facts, self._timer, self._comm = facts, timer, heart.part.comm
        every = case.checkpoint.every_simulated
        self._clock = None if every is None else Clock.of(every, case.tissue.dt)
        self._last, self._at, self._tried = time.monotonic(), -1, -1
        self._good: list[Path] = []

    @property
    def late(self) -> bool:
        """Whether one is due by the clock on the wall, which rank 0 has."""
        due = time.monotonic() - self._last >= 1e-3 * self._wanted.every
        return self._wanted.enabled and self._comm.rank == 0 and due

    @property
    def newest(self) -> Path | None:
        """The last that was written, or taken up."""
        return self._good[-1] if self._good else None

    def rings(self, step: int) -> bool:
        """Whether one is due by simulated time."""
        return self._wanted.enabled and self._clock is not None and self._clock.rings(step)

    def restore(self, found: Checkpoint) -> None:
        """Overwrite all state by that of ``found``. Collective; raises InputError where it does not fit."""
        read_memory(found.state, self._comm, self._memory(), self._heart.domain.whole.n_nodes)
        self._good = [path for path in steps(self._folder) if int(path.name) <= found.step][-self._wanted.keep :]
        self._at = found.step
        on_root(self._comm, lambda: keep(self._folder, self._good))

    def write(self, step: int, t: float) -> bool:
        """Write what can be gone on from after ``step``; whether it is there now. Collective."""
        if not self._wanted.enabled or step in (self._at, self._tried):
            return self._wanted.enabled and step == self._at
        self._tried = step
        with self._timer.part("checkpoints"):
            try:
                self._write(step, t)
            except TwinError as error:  # raised on all ranks
                warn(self._comm, f"no checkpoint at t = {t:g} ms, the run goes on: {error}")
        self._last = time.monotonic()
        return step == self._at

    def end(self, step: int, t: float) -> None:
        """The last step is done: write one where the case wants to go on from there."""
        if self._wanted.at_end:
            self.write(step, t)

    def drop(self) -> None:
        """The results are whole, so that nobody has to go on; collective."""
        if not self._wanted.at_end:
            on_root(self._comm, lambda: keep(self._folder, []))

    def _write(self, step: int, t: float) -> None:
        comm, n_nodes = self._comm, self._heart.domain.whole.n_nodes
        self._record.flush()
        results = comm.bcast(on_root(comm, lambda: _results(self._folder))) or []
        facts = {**self._facts, "time": t, "ranks": comm.size}
        made = write_checkpoint(
            comm, self._folder, step, lambda path: write_memory(path, comm, self._memory(), n_nodes), results, facts
        )
        self._good, self._at = [*(path for path in self._good if path != made), made][-self._wanted.keep :], step
        on_root(comm, lambda: keep(self._folder, self._good))

    def _memory(self) -> dict[str, Sequence[Kept]]:
        return memory(self._heart, self._record)


def _results(folder: Path) -> list[str]:
    """Names of the result files that are being written."""
    return sorted(path.name for kind in ("*.exo.part", "*.nc.part") for path in folder.glob(kind))
