"""Floor 0: a simulation as plain data: TOML -> checked sections in house units."""

from hpc_twin.case.cells import LABELS, CellCase, CellModelCase
from hpc_twin.case.conductivity import ConductivityCase
from hpc_twin.case.load import LoadedCase, load_case
from hpc_twin.case.mesh import FibreCase, MeshCase
from hpc_twin.case.places import Place
from hpc_twin.case.schema import Case
from hpc_twin.case.stimulus import StimulusCase

__all__ = [
    "LABELS",
    "Case",
    "CellCase",
    "CellModelCase",
    "ConductivityCase",
    "FibreCase",
    "LoadedCase",
    "MeshCase",
    "Place",
    "StimulusCase",
    "load_case",
]
