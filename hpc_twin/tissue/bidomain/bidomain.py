"""The bidomain equations, parabolic-elliptic: chi (Cm dV/dt + I_ion) = div(sigma_i grad(V + phi_e)) + I_stim and
div((sigma_i + sigma_e) grad phi_e) + div(sigma_i grad V) = -I_extra, in tissue with or without a bath."""

from collections.abc import Mapping, Sequence

import numpy as np

from hpc_twin.fem import Field
from hpc_twin.fem.memory import Memory, common
from hpc_twin.stepping import Operator
from hpc_twin.tissue.bidomain.coupling import WAYS, Coupling, Membrane
from hpc_twin.tissue.bidomain.extracellular import Extracellular
from hpc_twin.tissue.cells import Population
from hpc_twin.tissue.monodomain import Discretisation
from hpc_twin.tissue.problem import Shown
from hpc_twin.tissue.stimulus import Stimuli


class Bidomain:
    """State: V and the cells on the tissue. phi_e, on the whole mesh, follows from V and the electrodes.

    reaction   dV/dt = -I_ion/Cm + I_stim/(chi Cm) and the cells' own equations; I_stim crosses the membrane
    diffusion  chi Cm M dV/dt = -K_i (V + phi_e),  K phi_e = F - K_i V,  in one of the two ways of coupling.py

    phi_e is shown for V as it is shown, by a solve of its own. Source: Tung 1978 (PhD thesis, MIT); Pathmanathan et
    al. 2010, Prog. Biophys. Mol. Biol. 102:136, section 2.
    """

    def __init__(
        self,
        membrane: Membrane,
        outside: Extracellular,
        populations: Sequence[Population],
        stimuli: Stimuli,
        how: Discretisation | None = None,
        way: str = "block",
    ):
        """``how.rtol``, ``how.atol``: of V's solve;  ``way``: a name in coupling.WAYS."""
        self.domain, self.part, self.outside = outside.domain, outside.domain.part, outside
        self.populations, self.stimuli, self.how = populations, stimuli, how or Discretisation()
        self.V = Field(self.part, "V", "mV")
        for population in populations:
            population.rest(self.V.owned)
        self.coupling: Coupling = WAYS[way](membrane, outside, self.how)
        whole = self.domain.whole
        self._applied, self._phi_e = Field(whole, "phi_F", "mV"), Field(whole, "phi_e", "mV")
        self._step = np.zeros(2)  # t and dt of the last one
        self.operators: Mapping[str, Operator] = {"reaction": self.reaction, "diffusion": self.diffusion}
        self.fields: Mapping[str, Shown] = {
            "V": Shown("mV", "membrane potential", self.part, lambda: self.V.owned),
            "phi_e": Shown("mV", "extracellular potential", whole, self.phi_e),
        }

    @property
    def iterations(self) -> int:
        """Of all solves so far."""
        return self.coupling.iterations

    def memory(self) -> Memory:
        """The last step's time, and what the coupling keeps of it."""
        return {**common(step=self._step), **self.coupling.memory()}

    def prepare(self, dt: float) -> None:
        """Build the solvers of a diffusion step of ``dt`` ms; collective."""
        self._step[:] = 0.0, dt
        self.coupling.prepare(dt, self.outside.electrodes.holding(0.0, dt))

    def reaction(self, state: object, t: float, dt: float) -> None:
        """Advance every cell by dt."""
        stimulus = self.stimuli.at(t, dt)
        for population in self.populations:
            population.advance(self.V.owned, stimulus, t, dt, self.how.substeps)
        self.V.touched()

    def diffusion(self, state: object, t: float, dt: float) -> None:
        """Advance V, and phi_e with it, by dt; collective."""
        holding = self.outside.electrodes.holding(t, dt)
        self.outside.impose(t, dt, holding, self._applied)
        self.coupling.advance(self.V, self._applied, dt, holding)
        self._step[:] = t, dt

    def phi_e(self) -> np.ndarray:
        """(whole.n_owned,) of V as it is now and the electrodes as in the last step; NaN where nothing conducts."""
        t, dt = self._step.tolist()
        holding = self.outside.electrodes.holding(t, dt)
        self.outside.impose(t, dt, holding, self._applied)
        self._phi_e.local[:] = self.coupling.psi.now.local
        self.outside.respond(self.V, holding, self._phi_e)
        self._phi_e.owned += self._applied.owned
        self._phi_e.touched()
        return self.outside.settle(holding, self._phi_e)
