"""What a run must not forget beside V and the cells: arrays that a checkpoint writes and a restart overwrites in place.

Whoever keeps something from one step to the next (solvers' last solutions, accumulators of measures, counts) has
``memory()``. It gives the live arrays by name; a scalar is an array without dimensions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hpc_twin.fem.field import Field
from hpc_twin.mesh.part import Part


@dataclass(frozen=True)
class Kept:
    """A live array.

    values   (n,) or (k, n), of any number type, n = part.n_owned or part.n_local, or len(nodes); without a part of any
             shape, small, and the same on all ranks
    nodes    (n,) the owned nodes of the part that n counts; None: all of them
    touched  called when ``values`` were overwritten
    agreed   makes values that differ on the ranks the same, such as min_over; collective
    """

    values: np.ndarray
    part: Part | None = None
    nodes: np.ndarray | None = None
    touched: Callable[[], object] = lambda: None
    agreed: Callable[..., np.ndarray] | None = None


Memory = Mapping[str, Kept]


class Remembers(Protocol):
    """Whoever has a memory."""

    def memory(self) -> Memory:
        """The live arrays, by names of its own; the same names in the same order on all ranks."""
        ...


def nodal(part: Part, **arrays: np.ndarray) -> dict[str, Kept]:
    """Arrays (..., n) on ``part``."""
    return {name: Kept(values, part) for name, values in arrays.items()}


def fields(**found: Field) -> dict[str, Kept]:
    """Nodal fields."""
    return {name: Kept(field.local, field.part, touched=field.touched) for name, field in found.items()}


def common(**arrays: np.ndarray) -> dict[str, Kept]:
    """Small arrays that are the same on all ranks."""
    return {name: Kept(values) for name, values in arrays.items()}


def under(prefix: str, memory: Memory) -> dict[str, Kept]:
    """``memory`` with longer names."""
    return {f"{prefix}.{name}": kept for name, kept in memory.items()}
