"""Floor 0: a simulation as plain data: TOML -> checked sections in house units."""

from hpc_twin.case.cells import LABELS, CellCase, CellModelCase
from hpc_twin.case.conductivity import ConductivityCase
from hpc_twin.case.electrode import ElectrodeCase
from hpc_twin.case.fibres import FibreCase
from hpc_twin.case.gradient import GradientCase
from hpc_twin.case.load import LoadedCase, load_case
from hpc_twin.case.mesh import MeshCase
from hpc_twin.case.places import Place
from hpc_twin.case.purkinje import PurkinjeCase
from hpc_twin.case.region import RegionCase
from hpc_twin.case.schema import Case
from hpc_twin.case.stimulus import StimulusCase

__all__ = [
    "LABELS",
    "Case",
    "CellCase",
    "CellModelCase",
    "ConductivityCase",
    "ElectrodeCase",
    "FibreCase",
    "GradientCase",
    "LoadedCase",
    "MeshCase",
    "Place",
    "PurkinjeCase",
    "RegionCase",
    "StimulusCase",
    "load_case",
]
