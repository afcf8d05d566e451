"""The numbers of a case at the nodes and elements of its tissue: conductivities, fibres, populations, stimuli."""

from hpc_twin.run.tissue.directions import tissue_directions
from hpc_twin.run.tissue.materials import capacity, conductivity, discretisation, extent, membrane
from hpc_twin.run.tissue.places import nodes_of
from hpc_twin.run.tissue.populations import populations
from hpc_twin.run.tissue.stimuli import stimuli

__all__ = [
    "capacity",
    "conductivity",
    "discretisation",
    "extent",
    "membrane",
    "nodes_of",
    "populations",
    "stimuli",
    "tissue_directions",
]
