"""Strong and weak scaling of a case: measured on this machine, modelled, predicted up to 100,000 ranks elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hpc_twin.case.load import LoadedCase
from hpc_twin.parallel import InputError
from hpc_twin.scaling.halo import Halo
from hpc_twin.scaling.improvements import IMPROVEMENTS, Improvement
from hpc_twin.scaling.iterations import Growth
from hpc_twin.scaling.launch import Request, Sample, check_launcher, check_ranks, cores, measured
from hpc_twin.scaling.model import Load, Model
from hpc_twin.scaling.networks import Network, here
from hpc_twin.scaling.parts import Parts, counted
from hpc_twin.scaling.sizes import LARGEST, Size, Sizes

SHORT, WORK = 100, 3e6  # steps, at least, and nodes times steps on the mesh that scales
TURNS = 2  # of all runs; of each counts the one that had more of its cores, or was faster
PARTS = (64, 256, 1024, 4096, 16_384, 65_536, 100_000)
MOST = 1_000_000  # parts: ten times the nodes of what takes two minutes (docs/scaling.md)
PER_PART = 200  # nodes: the mesh is refined until the largest number of parts has so many each
TINY = 300  # nodes of a mesh on which calls cost more than nodes
WEAK = 20_000  # nodes of each rank where weak scaling is predicted


@dataclass(frozen=True)
class Point:
    """Prediction: seconds of a step by part, and efficiency against one full node."""

    load: Load
    parts: dict[str, float]
    efficiency: float

    @property
    def step(self) -> float:
        """Seconds."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class Scaling:
    """strong, weak   measured, by number of ranks;  others: on smaller meshes, for the model

    iterations  per step, on the mesh that was measured and on the one that is predicted (``counts``)
    """

    source: str
    strong: tuple[Sample, ...]
    weak: tuple[Sample, ...]
    others: tuple[Sample, ...]
    model: Model
    counts: tuple[Parts, ...]
    refine: int
    iterations: tuple[float, float]
    frames: float
    networks: tuple[Network, ...]

    @property
    def halo(self) -> Halo:
        """Of the counted partitions."""
        return Halo(self.counts)

    @property
    def here(self) -> Network:
        """This machine."""
        return here(max(s.triad for s in self.strong), cores())

    def modelled(self, sample: Sample) -> dict[str, float]:
        """Seconds of a step that the model has for what was measured."""
        load = Load.even(sample.nodes, sample.ranks, self.model.dimension)
        return self.model.step(load, self.here, sample.iterations, self.frames)

    def strong_curve(
        self, network: Network, how: Improvement = IMPROVEMENTS["as it is"], frames: float | None = None
    ) -> list[Point]:
        """The refined mesh on one node and on as many ranks as parts were counted; ``frames`` per step."""
        nodes = self.counts[0].n_nodes
        ranks = [network.cores, *(p.n_parts for p in self.counts if p.n_parts > network.cores)]
        return self._points(network, [(nodes, n) for n in ranks], self.iterations[1], how, frames)

    def weak_curve(
        self, network: Network, how: Improvement = IMPROVEMENTS["as it is"], frames: float | None = None
    ) -> list[Point]:
        """WEAK nodes for each rank, on larger and not on finer meshes: iterations are those that were measured."""
        ranks = [network.cores, *(p.n_parts for p in self.counts if p.n_parts > network.cores)]
        return self._points(network, [(WEAK * n, n) for n in ranks], self.iterations[0], how, frames)

    def _points(
        self,
        network: Network,
        sizes: list[tuple[float, int]],
        iterations: float,
        how: Improvement,
        frames: float | None,
    ) -> list[Point]:
        frames, found = self.frames if frames is None else frames, list[Point]()
        for nodes, ranks in sizes:
            load = self.halo.load(nodes, ranks)
            parts = how(self.model, load, network, iterations, frames)
            work = sum(parts.values()) * ranks / nodes
            first = sum(found[0].parts.values()) * found[0].load.ranks / found[0].load.nodes if found else work
            found.append(Point(load, parts, first / work))
        return found


def scaled(
    loaded: LoadedCase,
    overrides: Sequence[str],
    ranks: Sequence[int],
    networks: Sequence[Network],
    parts: Sequence[int] = PARTS,
    weak: bool = False,
    launcher: str = "mpirun -n",
    say: Callable[[str], None] = lambda words: None,
) -> Scaling:
    """Measure, count and fit. Raises InputError, RunError."""
    case = loaded.case
    if case.tissue.model == "eikonal":
        raise InputError("tissue.model: found 'eikonal', which has no steps that could be measured: use plan")
    check_ranks(parts, MOST, "whose mesh would take half an hour to count", "--parts")
    check_ranks(ranks, cores(), "the number of cores here: ranks that share a core measure nothing")
    if max(ranks) > 1:
        check_launcher(launcher)
    sizes = Sizes(loaded, tuple(overrides))
    fine = sizes.near(LARGEST)
    check_ranks(ranks, fine.nodes, "the number of the mesh's nodes")
    small = sizes.near(fine.nodes // 8)
    finer = sizes.finer(small, min(LARGEST, 8 * fine.nodes), finest=0.5)
    runs = [(fine, n) for n in ranks] + [(size, 1) for size in (small, sizes.near(TINY), finer)]
    weakly = [(sizes.near(fine.nodes * n // max(ranks)), n) for n in ranks] if weak else []
    samples = _measured(loaded, overrides, fine, [*runs, *weakly], launcher, say)
    strong, others = samples[: len(ranks)], samples[len(ranks) : len(runs)]
    model = Model((*others, *strong), case.tissue.model, sizes.dimension)
    times, counts = _counted(sizes, fine, parts, say)
    own = strong[0].iterations
    growth = Growth.through([(fine.h, own), (finer.h, others[-1].iterations)])
    frames = 1 / max(case.output.every / case.tissue.dt, 1)
    return Scaling(loaded.source, strong, samples[len(runs) :], others, model, counts, times,
                   (own, own * growth.ratio(fine.h, fine.h / 2**times)), frames, tuple(networks))  # fmt: skip


def _measured(loaded, overrides, fine: Size, runs, launcher, say) -> tuple[Sample, ...]:
    tissue = loaded.case.tissue
    best: dict[tuple[Size, int], Sample] = {}
    steps = max(SHORT, round(WORK / fine.nodes))
    until = min(steps * tissue.dt, tissue.until)
    say("a first run compiles and paces the models")
    measured(Request(loaded.source, (*overrides, *runs[-1][0].overrides), 1, tissue.dt), launcher)
    for turn in range(TURNS):
        for size, ranks in dict.fromkeys(runs):
            if turn and size.nodes > fine.nodes:
                continue  # once is enough: it is for iterations
            say(f"measuring {size.nodes:,} nodes on {ranks} rank(s), {turn + 1} of {TURNS}")
            request = Request(loaded.source, (*overrides, *size.overrides), ranks, until)
            best[size, ranks] = _faster(best.get((size, ranks)), measured(request, launcher))
    return tuple(best[run] for run in runs)


def _faster(one: Sample | None, other: Sample) -> Sample:
    """Of two runs of the same, the one that had more of its cores, or the faster where both had them."""
    return other if one is None else max(one, other, key=lambda sample: (round(sample.busy, 1), -sample.loop))


def _counted(sizes: Sizes, fine: Size, parts: Sequence[int], say) -> tuple[int, tuple[Parts, ...]]:
    """How often the mesh is halved, and its partitions."""
    mesh = sizes.mesh(fine)
    dimension, times = mesh.width - 1, 0
    while fine.nodes * 2 ** (dimension * times) < PER_PART * max(parts):
        times += 1
    say(f"counting {', '.join(f'{n:,}' for n in parts)} parts of the mesh, halved {times} time(s)")
    return times, tuple(counted(mesh, times, parts))
