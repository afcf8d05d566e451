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
    """Of one number of ranks, each with ``nodes`` of the mesh. Times [s], memory [MB]: of rank 0, and of another rank;

    ``parts`` of a step [s].
    """

    ranks: int
    network: Network
    nodes: float
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
    steps = round(case.tissue.until / case.tissue.dt) if model.marches else 0
    frames = 1 + int(case.tissue.until / case.output.every) if steps else 1
    machine = here(max(s.triad for s in calibration.samples), cores())
    estimates = []
    for n in ranks:
        load = Load.even(full.nodes, n, calibration.dimension)
        where = machine if n <= machine.cores or network is None else network
        parts = _step(model, load, where, calibration, frames / steps) if steps else {}
        estimates.append(Estimate(n, where, load.n, model.memory_of(load), model.start_up(load), parts, steps))
    words = (*_measured(calibration, case.tissue.until), *_assumed(model, estimates))
    n_bytes = model.size_of_files(full.nodes, frames)
    return Plan(full.nodes, full.elements, steps, n_bytes, tuple(estimates), words)


def _step(model: Model, load: Load, where: Network, calibration: Calibration, frames: float) -> dict[str, float]:
    """Seconds of a step by part, a mean over the whole run."""
    phases = calibration.phases
    parts = model.step(load, where, phases.iterations(), frames)
    return {**parts, "measures": parts["measures"] * phases.measures()}


def _measured(calibration: Calibration, until: float) -> list[str]:
    runs = [f"{s.nodes:,} nodes on {s.ranks}" for s in calibration.samples]
    words = [
        f"measured on this machine: short runs of {', '.join(runs)} rank(s), each as far as it came in some seconds",
        f"size of the mesh: {calibration.full.how}",
    ]
    return [*words, calibration.phases.words(until)] if calibration.samples[0].steps else words


def _assumed(model: Model, estimates: Sequence[Estimate]) -> list[str]:
    words = [f"assumed: cores as fast as those here, where one has {model.triad:.0f} GB/s of memory to itself"]
    for network in dict.fromkeys(e.network for e in estimates if e.network.name != HERE):
        words.append(
            f"assumed of {network.name}: {network.title}; {network.latency:g} us, {network.bandwidth:g} Gb/s, "
            f"{network.cores} cores and {network.memory_bandwidth:g} GB/s a node, {network.power:g} W a node; one "
            f"process, which writes the frames, writes {network.writer:g} GB/s"
        )
    return [*words, "not in the plan: waiting in the queue, imports from a slow file system, noise of other jobs"]
