"""The cells at the nodes: one population per model, each with its states and its nodes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hpc_twin.cellmodels import Kernel


@dataclass
class Population:
    """Cells of one model. ``nodes`` are owned nodes, or a slice when the population is all of them.

    ``parameters`` (n_varying, n) are those of the kernel that vary from cell to cell.
    """

    kernel: Kernel
    nodes: np.ndarray | slice
    states: np.ndarray
    _V: np.ndarray = field(repr=False)
    _stimulus: np.ndarray = field(repr=False)
    parameters: np.ndarray | None = None

    @classmethod
    def at(cls, kernel: Kernel, nodes: np.ndarray, n_owned: int) -> "Population":
        """A population in its initial state; its V is written by ``rest``."""
        n = len(nodes)
        everywhere = n == n_owned
        gathered = (np.empty(0 if everywhere else n) for _ in range(2))
        return cls(kernel, slice(None) if everywhere else nodes, kernel.new_states(n), *gathered)

    def rest(self, V: np.ndarray) -> None:
        """Set the model's initial V at its nodes."""
        V[self.nodes] = self.kernel.v_initial

    def advance(self, V: np.ndarray, stimulus: np.ndarray | None, t: float, dt: float, substeps: int) -> None:
        """One step of the cells, V in place."""
        if isinstance(self.nodes, slice):
            self.kernel.advance(V, self.states, stimulus, t, dt, substeps, self.parameters)
            return
        np.take(V, self.nodes, out=self._V)
        if stimulus is not None:
            stimulus = np.take(stimulus, self.nodes, out=self._stimulus)
        self.kernel.advance(self._V, self.states, stimulus, t, dt, substeps, self.parameters)
        V[self.nodes] = self._V

    def read(self, state: str, into: np.ndarray) -> None:
        """Copy a named state to ``into`` (n_owned,) at this population's nodes, NaN where the model has none."""
        names = self.kernel.state_names
        into[self.nodes] = self.kernel.views(self.states)[names.index(state)] if state in names else np.nan


def populate(kernels: Sequence[Kernel], which: np.ndarray) -> list[Population]:
    """One population per kernel; ``which`` (n_owned,) is the kernel's number at each owned node."""
    return [Population.at(kernel, np.flatnonzero(which == i), len(which)) for i, kernel in enumerate(kernels)]
