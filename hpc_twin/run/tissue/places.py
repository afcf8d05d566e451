"""The nodes of a place that a case names."""

import numpy as np

from hpc_twin.case import Place
from hpc_twin.mesh.part import Part
from hpc_twin.tissue.conductivity import region_tags
from hpc_twin.tissue.stimulus import in_box, in_node_set, in_regions, in_sphere, require_hits


def nodes_of(part: Part, place: Place, key: str) -> np.ndarray:
    """Owned nodes of ``place``. Raises InputError, on all ranks, when no rank has any; ``key`` is for the message."""
    if place.box is not None:
        nodes = in_box(part, place.box.min, place.box.max)
    elif place.sphere is not None:
        nodes = in_sphere(part, place.sphere.centre, place.sphere.radius)
    elif place.region is not None:
        nodes = in_regions(part, region_tags(part, place.region, key))
    else:
        nodes = in_node_set(part, str(place.node_set), key)
    return require_hits(part, nodes, key)
