"""What a run needs of a physics: flow maps for a splitting table, and what it shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hpc_twin.fem import Field, Subdomain
from hpc_twin.fem.memory import Memory
from hpc_twin.mesh.part import Part
from hpc_twin.stepping import Operator
from hpc_twin.tissue.cells import Population


@dataclass(frozen=True)
class Shown:
    """A nodal field for output: ``values()`` gives its (part.n_owned,) values now; collective.

    part  the tissue's or the whole mesh's, of the problem's domain
    """

    unit: str
    meaning: str
    part: Part
    values: Callable[[], np.ndarray]


class Problem(Protocol):
    """Cells coupled by an equation on ``domain``; ``part`` is domain.part, where V and the cells live.

    operators   "reaction" and "diffusion", flow maps (state, t, dt) in place
    fields      what can be written beside the cells' states: V, and phi_e where there is one
    iterations  of linear solvers, so far
    """

    domain: Subdomain
    part: Part
    V: Field
    populations: Sequence[Population]
    operators: Mapping[str, Operator]
    fields: Mapping[str, Shown]

    @property
    def iterations(self) -> int: ...

    def memory(self) -> Memory:
        """What goes from step to step beside V and the cells' states."""
        ...

    def prepare(self, dt: float) -> object:
        """Build the solvers of a diffusion step of ``dt`` ms; collective."""
        ...


def states(problem: Problem) -> dict[str, Shown]:
    """Every state of the cells by name, NaN where a cell's model has none of that name."""

    def shown(name: str) -> Shown:
        into = np.empty(problem.part.n_owned)

        def values() -> np.ndarray:
            for population in problem.populations:
                population.read(name, into)
            return into

        return Shown("model units", f"cell state {name}", problem.part, values)

    names = dict.fromkeys(name for population in problem.populations for name in population.kernel.state_names)
    return {name: shown(name) for name in names}
