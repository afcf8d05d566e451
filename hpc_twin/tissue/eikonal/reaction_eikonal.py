"""Reaction-eikonal: activation times of the eikonal equation drive the cells (Neic et al. 2017, J Comput Phys 346:191).

    dV/dt = -I_ion/Cm + I_foot(t - T)/(chi Cm) + [ div(sigma grad V)/(chi Cm) ]

with the diffusion term (RE+, eq. 10 there) or without it (RE-). The front moves as fast as the eikonal equation says on
any mesh; repolarisation is the cells' own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpc_twin.fem import Field
from hpc_twin.fem.memory import Memory
from hpc_twin.parallel import max_over
from hpc_twin.stepping import Operator
from hpc_twin.tissue.eikonal.solver import Eikonal
from hpc_twin.tissue.monodomain import Monodomain
from hpc_twin.tissue.stimulus import Stimulus


@dataclass(frozen=True)
class Foot:
    """The charge over chi Cm [mV] that a cell has been given ``times`` (k,) [ms] after the wave's arrival.

    Linear between, 0 before; what it is at the end stays.
    """

    times: np.ndarray
    charge: np.ndarray

    @classmethod
    def pulse(cls, rate: float, duration: float) -> "Foot":
        """A constant current: ``rate`` mV/ms for ``duration`` ms."""
        return cls(np.array([0.0, duration]), np.array([0.0, rate * duration]))

    def given(self, since: np.ndarray) -> np.ndarray:
        """(n,) charge at the times ``since`` (n,) arrival."""
        return np.interp(since, self.times, self.charge, left=0.0)


class Drive:
    """The current of all waves into all cells; what a Monodomain asks its stimuli for.

    feet      one for each population
    arrivals  the waves' activation times (n_owned,) [ms], inf where a wave does not come
    """

    def __init__(self, n_owned: int, nodes: Sequence[np.ndarray], feet: Sequence[Foot], arrivals: Iterable[np.ndarray]):
        self._rate = np.zeros(n_owned)
        self._groups = [self._group(where, foot, T) for T in arrivals for where, foot in zip(nodes, feet, strict=True)]

    def at(self, t: float, dt: float) -> np.ndarray | None:
        """(n_owned,) mean rate [mV/ms] over [t, t + dt], so that the charge is exact; None while no cell is driven."""
        self._rate[:] = 0.0
        driven = False
        for nodes, arrival, foot in self._groups:
            first = np.searchsorted(arrival, t - foot.times[-1])
            last = np.searchsorted(arrival, t + dt)
            if first < last:
                driven, since = True, t - arrival[first:last]
                self._rate[nodes[first:last]] += (foot.given(since + dt) - foot.given(since)) / dt
        return self._rate if driven else None

    @staticmethod
    def _group(nodes: np.ndarray, foot: Foot, T: np.ndarray) -> tuple[np.ndarray, np.ndarray, Foot]:
        """In the order of arrival, so that the driven cells are a slice."""
        order = np.argsort(T[nodes], kind="stable")
        return nodes[order], T[nodes][order], foot


class ReactionEikonal:
    """A Problem: the monodomain's cells and operators, its stimuli a Drive; ``diffusion`` false leaves V uncoupled."""

    def __init__(self, monodomain: Monodomain, diffusion: bool):
        self._monodomain, self._diffusion = monodomain, diffusion
        self.domain, self.part, self.V = monodomain.domain, monodomain.part, monodomain.V
        self.populations, self.fields = monodomain.populations, monodomain.fields
        off = {} if diffusion else {"diffusion": _uncoupled}
        self.operators: Mapping[str, Operator] = {**monodomain.operators, **off}

    @property
    def iterations(self) -> int:
        """Of CG, in all steps so far."""
        return self._monodomain.iterations

    def memory(self) -> Memory:
        """That of the diffusion; the waves are known from the start."""
        return self._monodomain.memory()

    def prepare(self, dt: float) -> None:
        """Build the solver of a diffusion step of ``dt`` ms; collective."""
        if self._diffusion:
            self._monodomain.prepare(dt)


def _uncoupled(state: object, t: float, dt: float) -> None:
    """No current between cells."""


def waves(eikonal: Eikonal, stimuli: Sequence[Stimulus], until: float) -> list[Field]:
    """The activation times of each wave that ``stimuli`` start before ``until``; collective.

    The first pulse starts a wave. Pulses that begin while it is still under way join it: at nodes that it has passed
    they do nothing. The next pulse starts the next wave, in tissue taken as recovered and as fast as at rest.
    """
    found = []
    pulses = sorted((on, n) for n, s in enumerate(stimuli) for on, _ in s.pulses.between(0.0, until))
    while pulses:
        first = eikonal.solve(*_sources(stimuli, pulses[:1]))[0]
        end = latest(first)
        joined = [pulse for pulse in pulses if pulse[0] <= end] or pulses[:1]
        found.append(first if len(joined) == 1 else eikonal.solve(*_sources(stimuli, joined))[0])
        pulses = pulses[len(joined) :]
    return found


def first_pulses(stimuli: Sequence[Stimulus], until: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and start times [ms] of the first pulse before ``until`` of each stimulus."""
    begins = [(s.pulses.between(0.0, until), n) for n, s in enumerate(stimuli)]
    return _sources(stimuli, [(pulses[0][0], n) for pulses, n in begins if pulses])


def _sources(stimuli: Sequence[Stimulus], pulses: Sequence[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    nodes = [stimuli[n].nodes for _, n in pulses]
    times = [np.full(len(stimuli[n].nodes), on) for on, n in pulses]
    return np.concatenate([np.zeros(0, int), *nodes]), np.concatenate([np.zeros(0), *times])


def latest(T: Field) -> float:
    """Latest arrival [ms] anywhere; collective."""
    return max_over(T.part.comm, float(np.max(T.owned, initial=-np.inf, where=np.isfinite(T.owned))))
