"""What a case will take before it is queued: memory, time, files, energy, on any number of ranks."""

from collections.abc import Sequence
from dataclasses import dataclass

from hpc_twin.case.load import LoadedCase
from hpc_twin.scaling.calibrate import Calibration
from hpc_twin.scaling.launch import check_ranks, cores
from hpc_twin.scaling.model import Load, Model
from hpc_twin.scaling.networks import HERE, Network, here

STALE = 0.9  # of a node's memory: more is said not to fit


@dataclass(frozen=True)
class Estimate:
    """Of one number of ranks. Times [s], memory [MB]: of rank 0, and of another rank; ``parts`` of a step [s]."""

    ranks: int
    network: Network
    memory: tuple[float, float]
    start_up: dict[str, float]
    parts: dict[str, float]
    steps: int

    @property
    def loop(self) -> float:
        """Seconds."""
        return self.steps * sum(self.parts.values())

    @property
    def total(self) -> float:
        """Seconds, with start-up and the end."""
        return sum(self.start_up.values()) + self.loop

    @property
    def largest_memory(self) -> float:
        """MB, of the rank that has most."""
        return max(self.memory)

    @property
    def core_hours(self) -> float:
        """All cores of all nodes, as batch systems charge whole nodes; on this machine those of the ranks."""
        busy = self.ranks if self.network.name == HERE else self.network.nodes(self.ranks) * self.network.cores
        return busy * self.total / 3600

    @property
    def kilowatt_hours(self) -> float:
        """At the network's stated power of a node."""
        return self.core_hours / self.network.cores * self.network.power / 1000

    @property
    def fits(self) -> bool:
        """Whether the first node, which has rank 0, holds its ranks."""
        others = min(self.ranks, self.network.cores) - 1
        return self.memory[0] + others * self.memory[1] <= 1000 * STALE * self.network.memory


@dataclass(frozen=True)
class Plan:
    """``estimates`` by number of ranks; what was measured and what was assumed in ``words``."""

    nodes: int
    elements: int
    steps: int
    bytes: float
    estimates: tuple[Estimate, ...]
    words: tuple[str, ...]


def planned(loaded: LoadedCase, ranks: Sequence[int], network: Network | None, calibration: Calibration) -> Plan:
    """``network`` for ranks that this machine has no cores for, or None: this machine alone. Raises InputError."""
    full, case = calibration.full, loaded.case
    check_ranks(ranks, full.nodes, "the number of the mesh's nodes")
    model = Model(calibration.samples, case.tissue.model, calibration.dimension)
    steps = round(case.tissue.until / case.tissue.dt) if model.laws else 0
    frames = 1 + int(case.tissue.until / case.output.every) if steps else 1
    iterations, how = calibration.iterations() if steps else (0.0, "no steps, no iterations")
    machine = here(max(s.triad for s in calibration.samples), cores())
    estimates = []
    for n in ranks:
        load = Load.even(full.nodes, n, calibration.dimension)
        where = machine if n <= machine.cores or network is None else network
        parts = model.step(load, where, iterations, frames / steps) if steps else {}
        estimates.append(Estimate(n, where, model.memory_of(load), model.start_up(load), parts, steps))
    words = (*_measured(calibration, how), *_assumed(model, estimates))
    n_bytes = model.size_of_files(full.nodes, frames)
    return Plan(full.nodes, full.elements, steps, n_bytes, tuple(estimates), words)


def _measured(calibration: Calibration, how: str) -> list[str]:
    runs = ", ".join(f"{s.nodes:,} nodes on {s.ranks} rank(s), {s.steps:,} steps" for s in calibration.samples)
    return [
        f"measured on this machine: {runs}",
        f"size of the mesh: {calibration.full.how}",
        f"iterations of the solver per step: {how}",
    ]


def _assumed(model: Model, estimates: Sequence[Estimate]) -> list[str]:
    words = [f"assumed: memory of this machine {model.triad:.0f} GB/s for one rank (measured), as fast cores elsewhere"]
    for network in dict.fromkeys(e.network for e in estimates if e.network.name != HERE):
        words.append(
            f"assumed of {network.name}: {network.title}; {network.latency:g} us, {network.bandwidth:g} Gb/s, "
            f"{network.cores} cores and {network.memory_bandwidth:g} GB/s a node, {network.files:g} GB/s to files, "
            f"{network.power:g} W a node"
        )
    words.append("not in the plan: waiting in the queue, imports from a slow file system, noise of other jobs")
    return words
