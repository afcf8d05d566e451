"""The mesh of a case: read, generated or split beforehand, with its regions and conduction system, on the ranks."""

from hpc_twin.run.meshes.conduction import case_mesh, tell_loose
from hpc_twin.run.meshes.domain import distributed, tissue
from hpc_twin.run.meshes.presplit import presplit_case, presplit_mesh
from hpc_twin.run.meshes.whole import generated

__all__ = ["case_mesh", "distributed", "generated", "presplit_case", "presplit_mesh", "tell_loose", "tissue"]
