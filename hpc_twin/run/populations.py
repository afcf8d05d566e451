"""Who lives where: the cells of a case at the nodes of its tissue."""

from collections.abc import Sequence

import numpy as np

from hpc_twin.case import CellCase
from hpc_twin.cellmodels import Kernel
from hpc_twin.mesh.part import Part
from hpc_twin.tissue.cells import Population, populate
from hpc_twin.tissue.conductivity import region_tags
from hpc_twin.tissue.fibres import transmural
from hpc_twin.tissue.stimulus import in_regions


def populations(part: Part, cells: CellCase, kernels: Sequence[Kernel]) -> list[Population]:
    """Who lives where. A node between regions belongs to the one that the case names last."""
    which = np.zeros(part.n_owned, int)
    for number, name in enumerate(cells.regions, start=1):
        which[in_regions(part, region_tags(part, name, f"cells.regions.{name}"))] = number
    if cells.layers:
        layer = np.digitize(transmural(part)[: part.n_owned], cells.layer_depths)
        for number, name in enumerate(cells.layers, start=1):
            which[layer == ("endo", "mid", "epi").index(name)] = number
    return populate(kernels, which)
