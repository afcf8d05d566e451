"""Electrodes: currents into the extracellular space or the bath, potentials that are held there, and the ground."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hpc_twin.fem import Field, Matrix
from hpc_twin.parallel import InputError, sum_over
from hpc_twin.stepping import Pulses

Kind = Literal["current", "voltage", "ground"]
BALANCE = 1e-9  # of the currents' sum against the largest: rounding, and no more


@dataclass(frozen=True)
class Electrode:
    """One electrode in pulses.

    nodes     (n,) owned nodes of the whole mesh
    strength  current: total current [uA] into the tissue's outside;  voltage: phi_e [mV];  ground: 0, at all times
    held      whether a voltage electrode stays at 0 mV between its pulses, or is open: no current, potential free
    """

    name: str
    kind: Kind
    nodes: np.ndarray
    strength: float = 0.0
    pulses: Pulses | None = None
    held: bool = False

    def share(self, t: float, dt: float) -> float:
        """Share of [t, t + dt] in which it is on."""
        return 0.0 if self.pulses is None else self.pulses.share(t, dt)

    def fixes(self, t: float, dt: float) -> bool:
        """Whether it holds phi_e over [t, t + dt]; one that opens does so at the nearest step."""
        return self.kind != "current" and (self.kind == "ground" or self.held or self.share(t, dt) >= 0.5)

    def amplitude(self, t: float, dt: float) -> float:
        """Mean strength over the step; an electrode that is open between pulses has its full potential or none."""
        if self.kind == "voltage" and not self.held:
            return self.strength if self.fixes(t, dt) else 0.0
        return self.strength * self.share(t, dt)


class Electrodes:
    """All electrodes of a run, on the whole mesh."""

    def __init__(self, volume: Matrix, electrodes: Sequence[Electrode] = ()):
        """``volume``: the mesh's mass matrix, mm^3. Raises InputError where two electrodes hold the same node."""
        self.whole, self.all, self._volume = volume.part, tuple(electrodes), volume
        whole = self.whole
        self._members = [self._member(electrode) for electrode in self.all]
        holders = sum(m for m, e in zip(self._members, self.all, strict=True) if e.kind != "current")
        if sum_over(whole.comm, int(np.sum(np.asarray(holders) > 1))):
            raise InputError("electrode: two electrodes that hold a potential share nodes: move one of them")

    def _member(self, electrode: Electrode) -> np.ndarray:
        inside = Field(self.whole, electrode.name, "1")
        inside.owned[electrode.nodes] = 1.0
        inside.touched()
        inside.update_ghosts()
        return inside.local

    def holding(self, t: float, dt: float) -> tuple[int, ...]:
        """Numbers of those that fix phi_e over the step."""
        return tuple(k for k, electrode in enumerate(self.all) if electrode.fixes(t, dt))

    def amplitudes(self, t: float, dt: float) -> dict[int, float]:
        """Number -> strength of those that are on in the step. Raises InputError for currents that cannot return."""
        found = {k: a for k, electrode in enumerate(self.all) if (a := electrode.amplitude(t, dt))}
        currents = [a for k, a in found.items() if self.all[k].kind == "current"]
        if currents and abs(sum(currents)) > BALANCE * max(map(abs, currents)) and not self.holding(t, dt):
            raise InputError(
                f"electrode: at t = {t:g} ms the currents sum to {sum(currents):g} uA, and no electrode holds a "
                "potential through which they could leave: balance them, or add one of kind ground"
            )
        return found

    def fixed(self, holding: Sequence[int]) -> np.ndarray:
        """(n_local,) bool: nodes of the electrodes ``holding``."""
        result = np.zeros(self.whole.n_local, bool)
        for k in holding:
            result |= self._members[k] > 0
        return result

    def unit(self, k: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        """(values, load) of electrode ``k`` at strength 1: potential (n_local,) it holds, current (n_owned,) it gives.

        The current's density is the interpolation of one value at its nodes and 0 at the others.
        """
        member = self._members[k]
        if self.all[k].kind != "current":
            return member, None
        load = self._volume.rows @ member
        return None, load / sum_over(self.whole.comm, float(load.sum()))
