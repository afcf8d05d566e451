"""What a wave is measured by, gathered while running: no history of V is kept."""

from hpc_twin.tissue.measures.activation import Activation
from hpc_twin.tissue.measures.phase import Delay, phase
from hpc_twin.tissue.measures.repolarisation import Repolarisation
from hpc_twin.tissue.measures.singularities import Singularities, Tips
from hpc_twin.tissue.measures.spectrum import Spectrum, hertz
from hpc_twin.tissue.measures.velocity import front_velocity

__all__ = [
    "Activation",
    "Delay",
    "Repolarisation",
    "Singularities",
    "Spectrum",
    "Tips",
    "front_velocity",
    "hertz",
    "phase",
]
