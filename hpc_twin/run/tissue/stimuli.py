"""The stimuli of a case."""

import numpy as np

from hpc_twin.case import Case, StimulusCase
from hpc_twin.mesh.part import Part
from hpc_twin.run.tissue.places import nodes_of
from hpc_twin.stepping import Pulses
from hpc_twin.tissue.organ.laplace import patch_mean
from hpc_twin.tissue.stimulus import Stimuli, Stimulus


def stimuli(part: Part, case: Case, membrane: np.ndarray) -> Stimuli:
    """All stimuli; ``membrane`` chi Cm of the elements in uF/mm^3. Raises InputError for one that hits nothing."""
    total, share = patch_mean(part, np.column_stack((membrane, membrane > 0)))[: part.n_owned].T
    capacity = total / np.maximum(share, 1e-300)  # of the elements that have a membrane
    return Stimuli(part.n_owned, [_stimulus(part, s, i, capacity) for i, s in enumerate(case.stimulus)])


def _stimulus(part: Part, wanted: StimulusCase, number: int, capacity: np.ndarray) -> Stimulus:
    nodes = nodes_of(part, wanted, f"stimulus.{number} ('{wanted.name}')")
    return Stimulus(nodes, wanted.strength / capacity[nodes], pulses(wanted))


def pulses(wanted: StimulusCase) -> Pulses:
    """When a stimulus is on."""
    if wanted.times is not None:
        return Pulses.at(wanted.times, wanted.duration)
    if wanted.coupling:
        return Pulses.coupled(wanted.start, wanted.duration, wanted.period, wanted.count or 1, wanted.coupling)
    return Pulses(wanted.start, wanted.duration, wanted.period, wanted.count)
