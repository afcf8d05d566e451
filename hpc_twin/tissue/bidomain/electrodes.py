"""Electrodes: currents into the extracellular space or the bath, potentials that are held there, and the ground."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hpc_twin.fem import indicator
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, sum_over
from hpc_twin.stepping import Pulses

Kind = Literal["current", "voltage", "ground"]
BALANCE = 1e-9  # of the currents' sum against the largest: rounding, and no more


@dataclass(frozen=True)
class Electrode:
    """One electrode in pulses.

    nodes     (n,) owned nodes of the whole mesh
    strength  current: total [uA] into what lies outside the cells;  voltage: phi_e [mV];  ground: none, it holds 0
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

    def __init__(self, whole: Part, electrodes: Sequence[Electrode], volumes: np.ndarray):
        """``volumes`` (n_owned,) mm^3 that nodes stand for.

        Raises InputError where two electrodes hold the same node, and for currents that cannot leave.
        """
        self.whole, self.all, self._volumes = whole, tuple(electrodes), volumes
        self._require_balance()
        self._members = [indicator(whole, electrode.nodes) for electrode in self.all]
        holders = sum(m for m, e in zip(self._members, self.all, strict=True) if e.kind != "current")
        if sum_over(whole.comm, int(np.sum(np.asarray(holders) > 1))):
            raise InputError("electrode: two electrodes that hold a potential share nodes: move one of them")

    def holding(self, t: float, dt: float) -> tuple[int, ...]:
        """Numbers of those that fix phi_e over the step."""
        return tuple(k for k, electrode in enumerate(self.all) if electrode.fixes(t, dt))

    def amplitudes(self, t: float, dt: float) -> dict[int, float]:
        """Number -> mean strength of those that are on in the step."""
        return {k: a for k, electrode in enumerate(self.all) if (a := electrode.amplitude(t, dt))}

    def loads(self) -> list[np.ndarray]:
        """(n_owned,) current [uA] into nodes, of those electrodes together that pulse together."""
        found: dict[Pulses, np.ndarray] = {}
        for k, electrode in enumerate(self.all):
            if electrode.kind == "current" and electrode.pulses is not None:
                load = found.setdefault(electrode.pulses, np.zeros(self.whole.n_owned))
                load += electrode.strength * self._unit_current(k)
        return list(found.values())

    def _require_balance(self) -> None:
        """What goes in at a time must come out, where nothing holds a potential through which it could."""
        if any(electrode.kind == "ground" or electrode.held for electrode in self.all):
            return
        currents = [electrode for electrode in self.all if electrode.kind == "current"]
        for pulses in dict.fromkeys(electrode.pulses for electrode in currents):
            group = [electrode for electrode in currents if electrode.pulses == pulses]
            total, largest = sum(e.strength for e in group), max(abs(e.strength) for e in group)
            if abs(total) > BALANCE * largest:
                raise InputError(
                    f"electrode: the currents of {', '.join(e.name for e in group)} sum to {total:g} uA and cannot "
                    'leave: give those that pulse together currents of sum 0, or add an electrode of kind "ground"'
                )

    def fixed(self, holding: Sequence[int]) -> np.ndarray:
        """(n_local,) bool: nodes of the electrodes ``holding``."""
        result = np.zeros(self.whole.n_local, bool)
        for k in holding:
            result |= self._members[k] > 0
        return result

    def unit(self, k: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        """(values, load) of electrode ``k`` at strength 1: potential (n_local,) it holds, current (n_owned,) it gives.

        The current is spread over its nodes as their volumes are.
        """
        return (None, self._unit_current(k)) if self.all[k].kind == "current" else (self._members[k], None)

    def _unit_current(self, k: int) -> np.ndarray:
        load = self._volumes * self._members[k][: self.whole.n_owned]
        return load / sum_over(self.whole.comm, float(load.sum()))
