"""The account of a finished run, printed as a table and kept in the result's attributes."""

import resource
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hpc_twin.mesh.part import Part
from hpc_twin.parallel import max_over, sum_over
from hpc_twin.run.report.energy import WATTS_PER_CORE
from hpc_twin.run.report.timer import Timer

LOOP_PARTS = ("cells", "solve", "measures", "output", "checkpoints")
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Spread:
    """A number that every rank has its own of: the largest and whose it is, and the mean."""

    largest: float
    mean: float
    rank: int

    @classmethod
    def over(cls, comm, value: float) -> "Spread":
        """Of each rank's ``value``; collective."""
        largest, rank = max_over(comm, (value, -comm.rank))
        return cls(largest, sum_over(comm, value) / comm.size, -rank)

    @property
    def imbalance(self) -> float:
        """largest / mean: 1 where all ranks have the same."""
        return self.largest / self.mean if self.mean > 0 else 1.0


@dataclass(frozen=True)
class Loop:
    """What the time loop did: ``seconds`` of wall time, iterations of linear solvers, numbers written to frames
    [bytes, before compression], and joules where they were measured."""

    steps: int = 0
    seconds: float = 0.0
    iterations: int = 0
    frames: int = 0
    bytes_of_frames: int = 0
    joules: float | None = None


@dataclass(frozen=True)
class Report:
    """parts: wall time [s] by name; waiting: for other ranks [s] by reason, in the solve; memory: peak [MB].

    work  time of cells, and of the solve without its waiting: how well the load is balanced
    """

    nodes: int
    elements: int
    ranks: int
    loop: Loop
    parts: Mapping[str, Spread]
    work: Mapping[str, Spread]
    waiting: Mapping[str, Spread]
    memory: Spread
    bytes_written: int = 0

    @property
    def seconds(self) -> dict[str, float]:
        """Wall time by part, the slowest rank's."""
        return {name: spread.largest for name, spread in self.parts.items()}

    @property
    def steps(self) -> int:
        """Of the time loop."""
        return self.loop.steps

    @property
    def start_up(self) -> dict[str, float]:
        """Wall time of what comes before the loop, by part."""
        return {name: value for name, value in self.seconds.items() if name not in LOOP_PARTS}

    @property
    def iterations_per_step(self) -> float:
        """Of linear solvers."""
        return self.loop.iterations / max(self.loop.steps, 1)

    @property
    def ns_per_node_step(self) -> float:
        """Wall time of the loop per node and step, all ranks together."""
        return 1e9 * self.loop.seconds / (self.nodes * max(self.loop.steps, 1))

    @property
    def output_speed(self) -> float:
        """Bytes of frames, before compression, per second that the loop spent on them."""
        return self.loop.bytes_of_frames / max(self.seconds.get("output", 0.0), 1e-9)

    @property
    def core_hours(self) -> float:
        """Of the loop, one core for each rank."""
        return self.ranks * self.loop.seconds / 3600

    @property
    def watt_hours(self) -> float:
        """Of the loop: measured, or core hours times WATTS_PER_CORE."""
        return self.core_hours * WATTS_PER_CORE if self.loop.joules is None else self.loop.joules / 3600

    @property
    def energy_source(self) -> str:
        """How ``watt_hours`` is known."""
        estimate = f"estimate: {self.core_hours:.3g} core hours at {WATTS_PER_CORE:g} W a core"
        return estimate if self.loop.joules is None else "measured by RAPL, whole processors"

    def written(self, n_bytes: int) -> "Report":
        """The same, with the size of all files, which is known when they are closed."""
        return replace(self, bytes_written=n_bytes)

    def attributes(self) -> dict[str, object]:
        """Flat, for netCDF."""
        flat = {"nodes": self.nodes, "elements": self.elements, "ranks": self.ranks, "steps": self.steps}
        parts = {f"seconds_{name.replace(' ', '_')}": value for name, value in self.seconds.items()}
        waits = {f"waiting_{name}_seconds": spread.mean for name, spread in self.waiting.items()}
        loads = {f"imbalance_{name}": spread.imbalance for name, spread in self.work.items()}
        rest = {"seconds_loop": self.loop.seconds, "solver_iterations_per_step": self.iterations_per_step,
                "ns_per_node_step": self.ns_per_node_step, "peak_memory_MB_per_rank": self.memory.largest,
                "mean_peak_memory_MB": self.memory.mean, "output_MB_per_s": 1e-6 * self.output_speed,
                "energy_Wh": self.watt_hours, "energy_source": self.energy_source}  # fmt: skip
        return {f"report_{key}": value for key, value in {**flat, **parts, **loads, **waits, **rest}.items()}

    def table(self):
        """A rich table."""
        from rich.table import Table

        table = Table("", "", title="run report", show_header=False)
        for row in (*self._sizes(), *(self._marching() if self.steps else ()), *self._rest()):
            table.add_row(*row)
        return table

    def _sizes(self) -> list[tuple[str, str]]:
        times = [f"{name} {value:.2f}" for name, value in self.start_up.items() if value >= 0.005]
        return [
            ("nodes, elements", f"{self.nodes:,}, {self.elements:,}"),
            ("ranks, steps", f"{self.ranks}, {self.steps:,}"),
            ("start-up", f"{sum(self.start_up.values()):.2f} s: {', '.join(times)}"),
        ]

    def _marching(self) -> list[tuple[str, str]]:
        rows = [("time loop", f"{self.loop.seconds:.2f} s, {self.ns_per_node_step:.0f} ns per node and step")]
        for name in (part for part in LOOP_PARTS if part in self.parts):
            words = [self._share(self.seconds[name])]
            words += [f"imbalance {self.work[name].imbalance:.2f}"] if name in self.work and self.ranks > 1 else []
            words += [f"{self.iterations_per_step:.2f} iterations per step"] if name == "solve" else []
            rows.append((f"  {name}", ", ".join(words)))
        if self.ranks > 1:
            total = sum(spread.mean for spread in self.waiting.values())
            reasons = ", ".join(f"{name} {spread.mean:.2f} s" for name, spread in self.waiting.items())
            rows.append(("  of that, waiting", f"{self._share(total)} on average: {reasons}"))
        return rows

    def _share(self, seconds: float) -> str:
        return f"{seconds:.2f} s ({100 * seconds / max(self.loop.seconds, 1e-9):.1f} %)"

    def _rest(self) -> list[tuple[str, str]]:
        peak = f"{self.memory.largest:,.0f} MB"
        if self.ranks > 1:
            peak += f" on rank {self.memory.rank}, {self.memory.mean:,.0f} MB on average"
        rows = [("peak memory", peak), ("files", f"{self.bytes_written / 1e6:.1f} MB")]
        if self.loop.frames:
            raw = f"{self.loop.frames} of {self.loop.bytes_of_frames / self.loop.frames / 1e6:.3g} MB"
            rows.append(("frames", f"{raw}, before compression, at {self.output_speed / 1e6:.3g} MB/s"))
        return [*rows, ("energy", f"{self.watt_hours:.3g} Wh ({self.energy_source})")] if self.steps else rows


def make_report(part: Part, timer: Timer, loop: Loop | None = None) -> Report:
    """Gather a report over the ranks; collective."""
    comm, loop = part.comm, loop or Loop()
    seconds, waiting = timer.seconds, timer.waiting.items()
    halo = sum(seconds[name] * waits.halo() for name, waits in waiting)
    reductions = sum(seconds[name] * waits.reductions() for name, waits in waiting)
    own = {"cells": seconds.get("cells", 0.0), "solve": seconds.get("solve", 0.0) - halo - reductions}
    return Report(
        part.n_nodes,
        part.n_elements,
        comm.size,
        replace(loop, seconds=max_over(comm, loop.seconds)),
        {name: Spread.over(comm, value) for name, value in seconds.items()},
        {name: Spread.over(comm, value) for name, value in own.items()},
        {"halo": Spread.over(comm, halo), "reductions": Spread.over(comm, reductions)},
        Spread.over(comm, peak_memory()),
    )


def peak_memory() -> float:
    """MB that this process held at most. Not getrusage's, in which the process that started this one has a say."""
    try:
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
