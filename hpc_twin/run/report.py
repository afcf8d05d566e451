"""The account of a finished run, printed as a table and kept in the result's attributes."""

import resource
from dataclasses import dataclass

from hpc_twin.mesh.part import Part
from hpc_twin.parallel import max_over


@dataclass(frozen=True)
class Report:
    """seconds: wall time by part, the slowest rank's; loop: of the time loop; memory: peak of the largest rank [MB]."""

    nodes: int
    elements: int
    ranks: int
    steps: int
    seconds: dict[str, float]
    loop: float
    iterations_per_step: float
    memory: float
    bytes_written: int

    @property
    def ns_per_node_step(self) -> float:
        """Wall time of the loop per node and step, all ranks together."""
        return 1e9 * self.loop / (self.nodes * max(self.steps, 1))

    def attributes(self) -> dict[str, object]:
        """Flat, for netCDF."""
        flat = {"nodes": self.nodes, "elements": self.elements, "ranks": self.ranks, "steps": self.steps}
        parts = {f"seconds_{name}": value for name, value in self.seconds.items()}
        rest = {"seconds_loop": self.loop, "solver_iterations_per_step": self.iterations_per_step,
                "ns_per_node_step": self.ns_per_node_step, "peak_memory_MB_per_rank": self.memory}  # fmt: skip
        return {f"report_{key}": value for key, value in {**flat, **parts, **rest}.items()}

    def table(self):
        """A rich table."""
        from rich.table import Table

        table = Table("", "", title="run report", show_header=False)
        table.add_row("nodes, elements", f"{self.nodes:,}, {self.elements:,}")
        table.add_row("ranks, steps", f"{self.ranks}, {self.steps:,}")
        for name, value in self.seconds.items():
            share = f"  ({100 * value / self.loop:.0f} % of the loop)" if name in LOOP_PARTS and self.loop else ""
            table.add_row(name, f"{value:.2f} s{share}")
        if self.steps:
            table.add_row("time loop", f"{self.loop:.2f} s")
            table.add_row("solver iterations per step", f"{self.iterations_per_step:.2f}")
            table.add_row("per node and step", f"{self.ns_per_node_step:.0f} ns")
        table.add_row("peak memory per rank", f"{self.memory:,.0f} MB")
        table.add_row("written", f"{self.bytes_written / 1e6:.1f} MB")
        return table


LOOP_PARTS = ("cells", "solve", "output")


def make_report(part: Part, steps: int, seconds: dict, loop: float, iterations: float, n_bytes: int) -> Report:
    """Gather a report over the ranks; collective."""
    slowest = {name: max_over(part.comm, value) for name, value in seconds.items()}
    memory = max_over(part.comm, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    loop = max_over(part.comm, loop)
    return Report(part.n_nodes, part.n_elements, part.comm.size, steps, slowest, loop, iterations, memory, n_bytes)
