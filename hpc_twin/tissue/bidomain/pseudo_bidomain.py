"""Monodomain waves, and the extracellular potential that they would make: one elliptic solve for each output."""

from collections.abc import Mapping

import numpy as np

from hpc_twin.fem import Field
from hpc_twin.fem.memory import Memory, common, fields
from hpc_twin.tissue.bidomain.extracellular import Extracellular
from hpc_twin.tissue.monodomain import Monodomain
from hpc_twin.tissue.problem import Shown


class PseudoBidomain:
    """A Problem: ``heart`` marches, and phi_e of  div((sigma_i + sigma_e) grad phi_e) = -div(sigma_i grad V)  is shown.

    V does not feel phi_e, so a bath does not load the tissue as in the bidomain. Bishop & Plank 2011, IEEE Trans.
    Biomed. Eng. 58:1066: what this loses and gains.

    every  phi_e is solved for at the first of so many outputs, and NaN at the others
    """

    def __init__(self, heart: Monodomain, outside: Extracellular, every: int = 1):
        self.domain, self.part, self.V, self.populations = heart.domain, heart.part, heart.V, heart.populations
        self.operators = heart.operators
        self.outside, self._heart, self._every = outside, heart, every
        self._shown = np.zeros((), np.int64)
        self._phi_e = Field(self.domain.whole, "phi_e", "mV")
        self._unknown = np.full(self.domain.whole.n_owned, np.nan)
        recovered = Shown("mV", "extracellular potential", self.domain.whole, self.phi_e)
        self.fields: Mapping[str, Shown] = {**heart.fields, "phi_e": recovered}

    @property
    def iterations(self) -> int:
        """Of the monodomain's CG and of the recoveries."""
        return self._heart.iterations + self.outside.iterations

    def prepare(self, dt: float) -> None:
        """Build the solvers of a diffusion step of ``dt`` ms and of phi_e; collective."""
        self._heart.prepare(dt)
        self.outside.solver(())

    def memory(self) -> Memory:
        """The monodomain's, outputs so far, and phi_e of the last one, where the next solve begins."""
        return {**self._heart.memory(), **common(shown=self._shown), **fields(phi_e=self._phi_e)}

    def phi_e(self) -> np.ndarray:
        """(whole.n_owned,) phi_e of V now, or NaN in outputs between; each call is an output."""
        due = self._shown % self._every == 0
        self._shown += 1
        if not due:
            return self._unknown
        self.outside.respond(self.V, (), self._phi_e)
        return self.outside.settle((), self._phi_e)
