"""Stimuli: a current per tissue volume at the nodes of a place, in rectangular pulses."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hpc_twin.mesh.part import Part
from hpc_twin.mesh.reach import reach
from hpc_twin.parallel import InputError, nearest, sum_over
from hpc_twin.stepping import Pulses


@dataclass(frozen=True)
class Stimulus:
    """Local owned nodes and the rate [mV/ms] = strength / (chi Cm), one or (n,), at which pulses depolarise them."""

    nodes: np.ndarray
    rate: float | np.ndarray
    pulses: Pulses


class Currents(Protocol):
    """What drives the cells from outside."""

    def at(self, t: float, dt: float) -> np.ndarray | None:
        """(n_owned,) mean rate [mV/ms] over [t, t + dt], valid until the next call, or None while there is none."""
        ...


class Stimuli:
    """All stimuli of a run; ``at(t, dt)`` gives the owned nodes' mean rate over the step, or None while all are off."""

    def __init__(self, n_owned: int, stimuli: Iterable[Stimulus]):
        self.stimuli = tuple(stimuli)
        self._rate = np.zeros(n_owned)

    def at(self, t: float, dt: float) -> np.ndarray | None:
        """(n_owned,) mV/ms, valid until the next call, or None."""
        shares = [s.pulses.share(t, dt) for s in self.stimuli]
        if not any(shares):
            return None
        self._rate[:] = 0.0
        for stimulus, share in zip(self.stimuli, shares, strict=True):
            self._rate[stimulus.nodes] += share * stimulus.rate
        return self._rate


def in_box(part: Part, low, high) -> np.ndarray:
    """Owned nodes inside the box, faces included (to 1e-6 of its size)."""
    low, high = np.asarray(low), np.asarray(high)
    margin = 1e-6 * np.abs(high - low).max()
    points = part.points[: part.n_owned]
    return np.flatnonzero(((points >= low - margin) & (points <= high + margin)).all(axis=1))


def in_sphere(part: Part, centre, radius: float) -> np.ndarray:
    """Owned nodes inside the ball, surface included."""
    distance = np.linalg.norm(part.points[: part.n_owned] - np.asarray(centre), axis=1)
    return np.flatnonzero(distance <= radius * (1 + 1e-6))


def in_regions(part: Part, tags: Iterable[int]) -> np.ndarray:
    """Owned nodes of the elements with one of the region tags."""
    nodes = np.unique(part.element_nodes[np.isin(part.regions, list(tags))])
    return nodes[(nodes >= 0) & (nodes < part.n_owned)]


def in_node_set(part: Part, name: str, key: str) -> np.ndarray:
    """Owned nodes of a node set of the mesh. Raises InputError when there is none of that name."""
    if name not in part.node_sets:
        known = ", ".join(part.node_sets) or "none"
        raise InputError(f"{key}: no node set '{name}'{nearest(name, part.node_sets)} (the mesh has {known})")
    nodes = part.node_sets[name]
    return nodes[nodes < part.n_owned]


def require_hits(part: Part, nodes: np.ndarray, key: str) -> np.ndarray:
    """Return ``nodes``; raise InputError on all ranks when no rank has any. Says where the mesh is."""
    if sum_over(part.comm, len(nodes)) == 0:
        raise InputError(f"{key}: hits no node; the mesh reaches {reach(part)}")
    return nodes
