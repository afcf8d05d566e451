"""Floor 1: cell models, from text to compiled kernels: read -> equations -> scheme -> passes -> C text -> library."""

from hpc_twin.cellmodels.kernels.kernel import Kernel, load, load_all
from hpc_twin.cellmodels.registry import names

__all__ = ["Kernel", "load", "load_all", "names"]
