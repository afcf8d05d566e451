"""SBML levels 1 to 3 core to Equations."""

from hpc_twin.cellmodels.reading.sbml.door import read_sbml

__all__ = ["read_sbml"]
