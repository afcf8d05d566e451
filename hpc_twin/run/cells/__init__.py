"""The cells of a case: their compiled models, paced beforehand where wanted, and what the tissue begins with."""

from hpc_twin.run.cells.beginning import begin, described
from hpc_twin.run.cells.files import initial_state, save_state, save_traces
from hpc_twin.run.cells.kernels import load_kernels
from hpc_twin.run.cells.prepace import prepaced
from hpc_twin.run.cells.reach import tell_unreachable

__all__ = [
    "begin",
    "described",
    "initial_state",
    "load_kernels",
    "prepaced",
    "save_state",
    "save_traces",
    "tell_unreachable",
]
