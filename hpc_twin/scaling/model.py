"""What a run costs on so many ranks: laws through measurements, and what a network adds.

Of a step, for the largest part of n nodes with g ghosts and m neighbours, on P ranks of which p share a node, with i
iterations of CG:

    cells       c n                          or their states' traffic at the node's memory bandwidth / p, if slower
    solve       u n (i + w)                  likewise; w: products and passes beside those of the iterations
    measures    o n
    output      (frames / steps) (f0 + f n + compression + sending + writing)        scaling/frames.py
    halo        (i + 2) (2 m overhead + latency + 8 g p share / link)      share of a node's halo that leaves it
    reductions  (2 i + 2) (log2(p) node latency + log2(nodes) latency)     recursive doubling
    calls       what a step takes where there are no nodes: Python, PETSc, MPI on each rank

c, u and o are as measured at this size on this machine; on another it is the cache that tells which of them counts.
Each phase of start-up is a + b N + c n, since some of it is rank 0's alone. Terms are those of Culler et al. 1993
(LogP), Alexandrov et al. 1995 (LogGP) and Williams et al. 2009 (roofline).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, log2

from hpc_twin.scaling.fit import Law
from hpc_twin.scaling.frames import Frames
from hpc_twin.scaling.launch import Sample
from hpc_twin.scaling.networks import HERE, Network, cache_here, here
from hpc_twin.scaling.steps import Step
from hpc_twin.scaling.units import Point, Unit

IN_LOOP = ("cells", "solve", "measures", "output", "checkpoints")
TURNS = 3  # until w and calls of the solve agree
LEAST = 0.5  # of a solve is work, whatever the model has for its communication


@dataclass(frozen=True)
class Scheme:
    """Of the solve of a step. ``w``: cost of what is not in iterations, in iterations, where it was not measured;

    ``exchanges`` of ghosts and ``reductions`` in an iteration; ``memory``: bytes of a node that an iteration goes
    through, half a row of 15 entries and the vectors of CG. The coupled bidomain has a product of four blocks, three of
    them different, by rows, and a cycle of AMG, about 4 levels of 7 exchanges.
    """

    w: float = 1.66  # two products and 18 passes of a vector, against one product and 16: docs/performance.md
    exchanges: int = 1
    reductions: int = 2
    memory: int = 160


SCHEMES: Mapping[str, Scheme] = {"bidomain": Scheme(1.0, 32, 2, 700)}


@dataclass(frozen=True)
class Load:
    """What ranks hold: ``nodes`` in all; of the largest part its own ``n``, ghosts and neighbours."""

    ranks: int
    nodes: float
    n: float
    ghosts: float = 0.0
    neighbours: float = 0.0

    @classmethod
    def even(cls, nodes: float, ranks: int, dimension: int) -> "Load":
        """By the law of halos that pieces of slabs have at most, and those of hearts on average: docs/scaling.md.

        Of few parts none has neighbours on all sides.
        """
        uneven = 1.03 if ranks > 8 else 1.0
        n = uneven * nodes / ranks
        if ranks == 1:
            return cls(1, nodes, nodes)
        if dimension == 1:
            return cls(ranks, nodes, n, 2, 2)
        side = n ** (1 / dimension)
        around = min(1.0, 1.5 * (1 - ranks ** (-1 / dimension)))
        ghosts = around * (7.2 * side**2 + 20 * side if dimension == 3 else 4.5 * side + 8)
        return cls(ranks, nodes, n, min(ghosts, nodes - n), min(26 if dimension == 3 else 8, ranks - 1))


@dataclass(frozen=True)
class _Work:
    """A sample as the laws see it."""

    nodes: float
    n: float
    frames: float = 0.0


@dataclass(frozen=True)
class _OfRank:
    """Memory: local nodes, and the whole mesh where rank 0 holds it."""

    local: float
    whole: float


class Model:
    """Fitted to ``samples``: some sizes, one rank and several.

    cells, solve, measures   Unit: what they take in a step;  frames, of_frame: what a frame takes, in parts and beside
    phases, memory, bytes    laws of the rest
    """

    def __init__(self, samples: Sequence[Sample], model: str, dimension: int):
        self.scheme, self.dimension = SCHEMES.get(model, Scheme()), dimension
        self.states = max(s.states for s in samples)
        self.triad = max(s.triad for s in samples if s.ranks == 1)
        self.marches = any(s.steps for s in samples)
        if self.marches:
            self._fit_steps(samples)
        warm = [s for s in samples if not s.cold] or samples
        self.launch = tuple(_mean([s.launch for s in warm if (s.ranks > 1) is many]) for many in (False, True))
        whole = {"always": lambda w: 1.0, "all": lambda w: w.nodes, "share": lambda w: w.n}
        works = [_Work(s.nodes, s.nodes / s.ranks, s.frames) for s in warm]
        names = [name for name in warm[0].seconds if name not in IN_LOOP]
        self.phases = {name: Law(whole, works, [s.seconds.get(name, 0.0) for s in warm]) for name in names}
        self.phases["end"] = Law(whole, works, [_end(s) for s in warm])
        self.memory = self._memory(samples)
        self.bytes = Law({"mesh": lambda w: w.nodes, "frames": lambda w: w.nodes * w.frames}, works,
                         [s.bytes for s in warm])  # fmt: skip

    def _fit_steps(self, samples: Sequence[Sample]) -> None:
        marched = [s for s in samples if s.steps]
        usual, calls = self.scheme.w, 0.0
        for _ in range(TURNS):
            self.scheme = replace(self.scheme, w=Step.beside(marched, usual, calls))
            steps = [(s, Step.of(s, self.scheme.w, calls)) for s in marched]
            self.solve = Unit.through([self._solved(s, step) for s, step in steps])
            calls = self.solve.calls
        self.cells, self.measures = (
            Unit.through(
                [Point(s.ranks, s.nodes / s.ranks, s.nodes / s.ranks, getattr(step, name)) for s, step in steps]
            )
            for name in ("cells", "measures")
        )
        alone = max((s for s in samples if s.ranks == 1), key=lambda s: s.nodes)
        self.share = self._outside(alone.nodes, cache_here(1))
        self._fit_frames([(s, step.frame) for s, step in steps if step.frame > 0 and s.written])

    def _solved(self, s: Sample, step: Step) -> Point:
        """The solve of a step without what the model has for its communication, which counts by itself."""
        load, n = Load.even(s.nodes, s.ranks, self.dimension), s.nodes / s.ranks
        spoken = sum(self._communication(load, here(self.triad, s.ranks), step.iterations).values())
        seconds = max(step.solve - spoken, LEAST * step.solve)
        return Point(s.ranks, n, n * (step.iterations + self.scheme.w), seconds)

    def _fit_frames(self, seen: Sequence[tuple[Sample, float]]) -> None:
        """``seen``: runs that had frames, and seconds of one."""
        runs, seconds = [s for s, _ in seen], [frame for _, frame in seen]
        self.frames, self.of_frame = _pieces_of(runs), None
        if runs:
            beside = [frame - sum(self._pieces(s.nodes, s.ranks).values()) for s, frame in seen]
            size = {"calls": lambda s: 1.0, "nodes": lambda s: s.nodes / s.ranks}
            self.of_frame = Law(size, runs, beside, seconds)

    def step(self, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
        """Seconds of a step by part; ``frames`` per step."""
        return {
            **self._computed(load, network, iterations),
            **self._communication(load, network, iterations),
            "calls": self.cells.calls + self.solve.calls + self.measures.calls,
            "measures": self.measures.at(load.n, self._beside(load, network)) * load.n,
            "output": frames * sum(self.frame(load, network).values()),
        }

    def frame(self, load: Load, network: Network) -> dict[str, float]:
        """Seconds of a frame by part."""
        if self.of_frame is None:
            return {}
        fixed = self.of_frame["calls"] + self.of_frame["nodes"] * load.n
        return {"calls": fixed, **self._pieces(load.nodes, load.ranks, network)}

    def start_up(self, load: Load) -> dict[str, float]:
        """Seconds by phase, from the command to the first step, and ``end`` after the last."""
        work = _Work(load.nodes, load.n + load.ghosts)
        return {"launch": self.launch[load.ranks > 1], **{name: law(work) for name, law in self.phases.items()}}

    def memory_of(self, load: Load) -> tuple[float, float]:
        """MB of rank 0, and of another."""
        local = load.n + load.ghosts
        return self.memory(_OfRank(local, load.nodes)), self.memory(_OfRank(local, 0.0))

    def size_of_files(self, nodes: float, frames: float) -> float:
        """Bytes."""
        return self.bytes(_Work(nodes, nodes, frames))

    def _computed(self, load: Load, network: Network, iterations: float) -> dict[str, float]:
        """Cells and solve, on cores as fast as those here."""
        beside = self._beside(load, network)
        cell, unit = self.cells.at(load.n, beside), self.solve.at(load.n, beside)
        if network.name != HERE:
            share = self._outside(load.n, network.cache)
            byte = min(load.ranks, network.cores) / (1e9 * network.memory_bandwidth)  # seconds, for each core
            out = self.solve.outside(self.share)
            unit = self.solve.inside + share * (max(out, out * self.triad * 1e9 * byte) - self.solve.inside)
            cell = self.cells.inside
            cell += share * max(0.0, self.cells.outside(self.share) - cell, 16.0 * (self.states + 1) * byte - cell)
        return {"cells": cell * load.n, "solve": unit * load.n * (iterations + self.scheme.w)}

    def _communication(self, load: Load, network: Network, iterations: float) -> dict[str, float]:
        return {
            "halo": self._halo(load, network) * (2 + iterations * self.scheme.exchanges),
            "reductions": _reduction(load.ranks, network) * (2 + iterations * self.scheme.reductions),
        }

    def _beside(self, load: Load, network: Network) -> int:
        """Ranks that share a node, where what they do to each other was measured."""
        return min(load.ranks, network.cores) if network.name == HERE else 1

    def _pieces(self, nodes: float, ranks: int, network: Network | None = None) -> dict[str, float]:
        if self.frames is None:
            return {}
        if network is None or network.name == HERE:
            return self.frames.seconds(nodes, ranks, self.triad, float("inf"))
        return self.frames.seconds(nodes, ranks, network.bandwidth / 8, network.writer, 1e-6 * network.latency)

    def _memory(self, samples: Sequence[Sample]) -> Law:
        points, values = [], []
        for s in samples:
            load = Load.even(s.nodes, s.ranks, self.dimension)
            for rank, peak in enumerate(s.memory):
                points.append(_OfRank(load.n + load.ghosts, s.nodes if rank == 0 else 0.0))
                values.append(peak)
        terms = {"always": lambda r: 1.0, "local": lambda r: r.local, "whole": lambda r: r.whole}
        return Law(terms, points, values)

    def _outside(self, n: float, cache: float) -> float:
        """Share of the numbers of n nodes that ``cache`` [MB] does not hold."""
        return max(0.0, 1 - 1e6 * cache / (n * (self.scheme.memory + 8 * (self.states + 1))))

    def _halo(self, load: Load, network: Network) -> float:
        """Seconds of one exchange of ghosts."""
        if load.ranks == 1:
            return 0.0
        on_node = min(load.ranks, network.cores)
        calls = 2e-6 * load.neighbours * network.overhead
        if load.ranks <= network.cores:
            return calls + 1e-6 * network.node_latency + 8e-9 * load.ghosts * on_node / network.memory_bandwidth
        leaving = on_node * load.ghosts * on_node ** (-1 / self.dimension)
        return calls + 1e-6 * network.latency + 64e-9 * leaving / network.bandwidth


def _reduction(ranks: int, network: Network) -> float:
    """Seconds of a sum of one number over all ranks."""
    on_node = min(ranks, network.cores)
    inside = ceil(log2(on_node)) * (network.node_latency + network.overhead)
    return 1e-6 * (inside + ceil(log2(network.nodes(ranks))) * (network.latency + network.overhead))


def _pieces_of(runs: Sequence[Sample]) -> Frames | None:
    """Seconds by the largest mesh, where calls count least, bytes by the most frames, messages by the most ranks."""
    written = {(s.nodes, s.frames, s.ranks): s.written for s in runs if s.written}
    if not written:
        return None
    found, most, several = (written[max(written, key=lambda run, k=k: run[k])] for k in range(3))  # type: ignore[misc]
    return replace(found, size=most.size, message=several.message)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)


def _end(s: Sample) -> float:
    """After the loop: closing files, and MPI's farewell [s]."""
    before = s.launch + sum(value for name, value in s.seconds.items() if name not in IN_LOOP)
    return max(s.wall - before - s.loop, 1e-3)
