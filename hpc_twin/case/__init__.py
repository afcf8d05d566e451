"""Floor 0: a simulation as plain data: TOML -> checked sections in house units."""

from hpc_twin.case.load import load_case
from hpc_twin.case.schema import Case, CellCase, CellModelCase, ConductivityCase, FibreCase, MeshCase, StimulusCase

__all__ = [
    "Case",
    "CellCase",
    "CellModelCase",
    "ConductivityCase",
    "FibreCase",
    "MeshCase",
    "StimulusCase",
    "load_case",
]
