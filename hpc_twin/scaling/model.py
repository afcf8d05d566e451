"""What a run costs on so many ranks: laws through measurements, and what a network adds.

Of a step, for the largest part of n nodes with g ghosts and m neighbours, on P ranks of which p share a node, with i
iterations of CG:

    cells       c n                          or their states' traffic at the node's memory bandwidth / p, if slower
    solve       u n (i + w)                  likewise; i + w: products and passes beside those of the iterations; u is
                                             larger for what no cache holds
    measures    o n,  output  (frames / steps) (f0 + f n + F N + bytes / file system)
    halo        (i + 2) (2 m overhead + latency + 8 g p share / link)      share of a node's halo that leaves it
    reductions  (2 i + 2) (log2(p) node latency + log2(nodes) latency)     recursive doubling
    calls       what a step takes where there are no nodes: Python, PETSc, MPI on each rank

and each phase of start-up: a + b N + c n, since some of it is rank 0's alone. Terms are those of Culler et al. 1993
(LogP), Alexandrov et al. 1995 (LogGP) and Williams et al. 2009 (roofline).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2

from hpc_twin.scaling.fit import Law
from hpc_twin.scaling.launch import Sample
from hpc_twin.scaling.networks import HERE, Network, cache_here
from hpc_twin.scaling.solve import Measured, Solve

IN_LOOP = ("cells", "solve", "measures", "output")
MATRIX_BYTES = 300  # of a node: its row of 15 entries, and the vectors of CG; docs/performance.md


@dataclass(frozen=True)
class Scheme:
    """Of the solve of a step. ``w``: cost of what is not in iterations, in iterations; ``exchanges`` of ghosts in an

    iteration; ``reductions`` in an iteration. The coupled bidomain has a product of four blocks and a cycle of AMG,
    about 4 levels of 7 exchanges.
    """

    w: float = 1.66  # two products and 18 passes of a vector, against one product and 16: docs/performance.md
    exchanges: int = 1
    reductions: int = 2


SCHEMES: Mapping[str, Scheme] = {"bidomain": Scheme(1.0, 32, 2)}


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

    ranks: int
    nodes: float
    n: float
    frames: float = 0.0  # per step
    n_frames: float = 0.0


@dataclass(frozen=True)
class _OfRank:
    """Memory: local nodes, and the whole mesh where rank 0 holds it."""

    local: float
    whole: float


class Model:
    """Fitted to ``samples``: some sizes, one rank and several."""

    def __init__(self, samples: Sequence[Sample], model: str, dimension: int):
        self.scheme, self.dimension = SCHEMES.get(model, Scheme()), dimension
        self.states = max(s.states for s in samples)
        self.triad = max(s.triad for s in samples if s.ranks == 1)
        self.launch = max((s.launch for s in samples if s.ranks > 1), default=samples[0].launch)
        marched = [s for s in samples if s.steps]
        works = [self._work(s) for s in marched]
        size = {"calls": lambda w: 1.0, "nodes": lambda w: w.n}
        self.laws = {
            "cells": Law(size, works, [s.seconds["cells"] / s.steps for s in marched]),
            "measures": Law(size, works, [s.seconds.get("measures", 0.0) / s.steps for s in marched]),
            "output": Law(
                {"calls": lambda w: w.frames, "nodes": lambda w: w.frames * w.n, "all": lambda w: w.frames * w.nodes},
                works, [s.seconds.get("output", 0.0) / s.steps for s in marched],
            ),
            "rest": Law(size, works, [_rest(s) / s.steps for s in marched]),
        } if marched else {}  # fmt: skip
        self.solve = Solve.through([self._solved(s) for s in marched]) if marched else Solve(0.0, 0.0, 0.0, 0.0)
        whole = {"always": lambda w: 1.0, "all": lambda w: w.nodes, "share": lambda w: w.n}
        every = [self._work(s) for s in samples]
        names = [name for name in samples[0].seconds if name not in IN_LOOP]
        self.phases = {name: Law(whole, every, [s.seconds.get(name, 0.0) for s in samples]) for name in names}
        self.phases["end"] = Law(whole, every, [_end(s) for s in samples])
        self.memory = self._memory(samples)
        self.bytes = Law({"mesh": lambda w: w.nodes, "frames": lambda w: w.nodes * w.n_frames}, every,
                         [s.bytes for s in samples])  # fmt: skip

    def step(self, load: Load, network: Network, iterations: float, frames: float) -> dict[str, float]:
        """Seconds of a step by part; ``frames`` per step."""
        on_node, laws = min(load.ranks, network.cores), self.laws
        work = _Work(load.ranks, load.nodes, load.n, frames=frames)
        cell, solve = laws["cells"]["nodes"], self.solve
        outside = self._outside(load.n, cache_here(on_node) if network.name == HERE else network.cache)
        if network.name == HERE:
            unit = solve.unit(outside, on_node)
        else:
            shared = on_node / (1e9 * network.memory_bandwidth)  # seconds of a byte
            alone, slow = solve.unit(outside, 1), solve.unit(1.0, 1) * self.triad * 1e9 * shared
            unit = alone + outside * max(0.0, slow - solve.unit(1.0, 1))
            cell += outside * max(0.0, 16.0 * (self.states + 1) * shared - cell)
        fixed = laws["cells"]["calls"] + solve.calls + laws["measures"]["calls"] + laws["rest"]["calls"]
        return {
            "cells": cell * load.n,
            "solve": unit * load.n * (iterations + self.scheme.w),
            "halo": self._halo(load, network, on_node) * (2 + iterations * self.scheme.exchanges),
            "reductions": _reduction(load.ranks, network) * (2 + iterations * self.scheme.reductions),
            "calls": fixed,
            "measures": (laws["measures"]["nodes"] + laws["rest"]["nodes"]) * load.n,
            "output": laws["output"](work) + frames * 4e-9 * load.nodes / network.files,
        }

    def start_up(self, load: Load) -> dict[str, float]:
        """Seconds by phase, from the command to the first step, and ``end`` after the last."""
        work = _Work(load.ranks, load.nodes, load.n + load.ghosts)
        return {"launch": self.launch, **{name: law(work) for name, law in self.phases.items()}}

    def memory_of(self, load: Load) -> tuple[float, float]:
        """MB of rank 0, and of another."""
        local = load.n + load.ghosts
        return self.memory(_OfRank(local, load.nodes)), self.memory(_OfRank(local, 0.0))

    def size_of_files(self, nodes: float, frames: float) -> float:
        """Bytes."""
        return self.bytes(_Work(1, nodes, nodes, n_frames=frames))

    def _work(self, s: Sample) -> _Work:
        return _Work(s.ranks, s.nodes, s.nodes / s.ranks, s.frames / max(s.steps, 1), s.frames)

    def _solved(self, s: Sample) -> Measured:
        n = s.nodes / s.ranks
        work = n * (s.iterations + self.scheme.w)
        return Measured(s.ranks, work, self._outside(n, cache_here(s.ranks)), s.seconds["solve"] / s.steps)

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
        return max(0.0, 1 - 1e6 * cache / (n * (MATRIX_BYTES + 8 * (self.states + 1))))

    def _halo(self, load: Load, network: Network, on_node: int) -> float:
        """Seconds of one exchange of ghosts."""
        if load.ranks == 1:
            return 0.0
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


def _rest(s: Sample) -> float:
    """Of the loop, what no part is charged with [s]."""
    return max(s.loop - sum(s.seconds.get(name, 0.0) for name in IN_LOOP), 1e-9 * s.loop)


def _end(s: Sample) -> float:
    """After the loop: closing files, and MPI's farewell [s]."""
    before = s.launch + sum(value for name, value in s.seconds.items() if name not in IN_LOOP)
    return max(s.wall - before - s.loop, 1e-3)
