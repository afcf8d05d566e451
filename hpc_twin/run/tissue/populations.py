"""Who lives where: the cells of a case at the nodes of its tissue."""

from collections.abc import Mapping, Sequence

import numpy as np

from hpc_twin.case import CellCase, GradientCase
from hpc_twin.cellmodels import Kernel
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, sum_over
from hpc_twin.tissue.cells import Population, populate
from hpc_twin.tissue.conductivity import region_tags
from hpc_twin.tissue.organ.gradients import linear, scatter
from hpc_twin.tissue.stimulus import in_regions

LAYERS = ("endo", "mid", "epi")


def populations(part: Part, cells: CellCase, kernels: Sequence[Kernel]) -> list[Population]:
    """Who lives where, ``kernels`` in the order of ``cells.models``. Regions go before layers, later regions before
    earlier ones, which matters at nodes between them. Collective.
    """
    keys = list(cells.models)
    which = np.zeros(part.n_owned, int)
    if cells.layers:
        layer = np.digitize(part.coordinates["transmural"][: part.n_owned], cells.layer_depths)
        for name in cells.layers:
            which[layer == LAYERS.index(name)] = keys.index(f"cells.layers.{name}")
    for name in cells.regions:
        key = f"cells.regions.{name}"
        which[in_regions(part, region_tags(part, name, key))] = keys.index(key)
    found = populate(kernels, which)
    for population, (key, gradients) in zip(found, cells.gradients_by_model.items(), strict=True):
        if gradients:
            population.parameters = _parameters(part, population, gradients, key)
    return found


def _parameters(part: Part, population: Population, gradients: Mapping[str, GradientCase], key: str) -> np.ndarray:
    """(n_varying, n) parameters of the cells, in the order of ``gradients``."""
    nodes = np.arange(part.n_owned)[population.nodes]
    rows = population.kernel.new_parameters(len(nodes))
    for row, (name, gradient) in zip(rows, gradients.items(), strict=True):
        for coordinate in gradient.along:
            relative, numbers = gradient.numbers(coordinate)
            values = linear(coordinate, numbers, part.coordinates[coordinate][nodes])
            row[:] = row * values if relative else values
        if gradient.spread:
            row *= scatter(part.node_ids[nodes], name, gradient.spread, gradient.seed)
    lost = sum_over(part.comm, int(np.isnan(rows).any(axis=0).sum()))
    if lost:
        raise InputError(f"{key}.gradients: {lost:,} cells are outside the heart's wall and have no coordinates")
    return rows
