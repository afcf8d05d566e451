"""How the states of cells lie in memory: as doubles, or occupancies as floats, two in the place of a double.

A column is a cell in both: columns can be cut and copied. Arithmetic is in doubles; floats are rounded once per call.
Concentrations stay doubles: what they gain in a step of 0.02 ms is less than a float of their size can hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.schemes import Method
from hpc_twin.parallel import InputError, nearest

PRECISIONS = ("double", "mixed")


@dataclass(frozen=True)
class Storage:
    """``n_states`` states, of which those numbered in ``floats`` are floats, in pairs after the rows of doubles."""

    n_states: int
    floats: tuple[int, ...] = ()

    @property
    def doubles(self) -> tuple[int, ...]:
        """The numbers of the states that are doubles."""
        return tuple(k for k in range(self.n_states) if k not in self.floats)

    @property
    def n_rows(self) -> int:
        """Doubles of a cell."""
        return self.n_states - len(self.floats) // 2

    def views(self, rows: np.ndarray) -> list[np.ndarray]:
        """Each state's values (n,) in place, float64 or float32, in ``rows`` (n_rows, n)."""
        found = dict(zip(self.doubles, rows, strict=False))
        if self.floats:
            pairs = rows[len(found) :].view(np.float32)
            found |= {k: pairs[j // 2, j % 2 :: 2] for j, k in enumerate(self.floats)}
        return [found[k] for k in range(self.n_states)]


def storage(equations: Equations, methods: Sequence[Method], precision: str = "double") -> Storage:
    """How a kernel keeps its states. Raises InputError for an unknown precision.

    In "mixed" the floats are the dimensionless states, stepped with Rush-Larsen or in implicit blocks, that begin
    between 0 and 1.
    """
    if precision not in PRECISIONS:
        allowed = f"{nearest(precision, PRECISIONS)} (known: {', '.join(PRECISIONS)})"
        raise InputError(f"unknown precision '{precision}'{allowed}")
    if precision == "double":
        return Storage(len(equations.states))
    relaxing = {method.state for method in methods if method.method in ("rush_larsen", "implicit")}
    occupancies = (
        k
        for k, (name, value) in enumerate(zip(equations.states, equations.initial, strict=True))
        if name in relaxing and equations.units.get(name, "") in ("", "1") and 0 <= value <= 1
    )
    return Storage(len(equations.states), tuple(occupancies))
