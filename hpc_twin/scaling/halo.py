"""How much a part exchanges, between the partitions that were counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpc_twin.scaling.model import Load
from hpc_twin.scaling.parts import Parts


@dataclass(frozen=True)
class Halo:
    """Largest part, most ghosts and most neighbours as functions of the mean part, through ``counted``."""

    counted: Sequence[Parts]

    def load(self, nodes: float, ranks: int) -> Load:
        """What the most loaded of ``ranks`` has, of ``nodes`` in all."""
        if ranks == 1:
            return Load(1, nodes, nodes)
        mean = nodes / ranks
        rows = sorted(self.counted, key=lambda parts: parts.n_nodes / parts.n_parts)
        known = np.log([p.n_nodes / p.n_parts for p in rows])
        table = ([p.largest * p.n_parts / p.n_nodes for p in rows],
                 [p.ghosts / _surface(p.n_nodes / p.n_parts) for p in rows],
                 [p.neighbours for p in rows])  # fmt: skip
        uneven, surface, neighbours = (float(np.interp(np.log(mean), known, column)) for column in table)
        ghosts = min(surface * _surface(mean), nodes - mean)
        return Load(ranks, nodes, uneven * mean, ghosts, min(neighbours, ranks - 1))


def _surface(n: float) -> float:
    """Of a cube of n nodes, to compare parts of different size by."""
    return n ** (2 / 3)
