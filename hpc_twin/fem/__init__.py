"""Floor 1: simplices of order 1 and 2, nodal fields, assembly of owned rows, and linear solves with PETSc."""

from hpc_twin.fem.assembly import Tensors, mass, stiffness, symmetric_mass, symmetric_stiffness
from hpc_twin.fem.elements import gradients, measures
from hpc_twin.fem.field import Field, indicator, with_ghosts
from hpc_twin.fem.freed import return_freed, sweep
from hpc_twin.fem.matrix import Matrix
from hpc_twin.fem.solve import LinearSolver
from hpc_twin.fem.subdomain import Subdomain, corners, subdomain
from hpc_twin.fem.sums import add_at
from hpc_twin.fem.symmetric import Symmetric
from hpc_twin.fem.waiting import Waiting

__all__ = [
    "Field",
    "LinearSolver",
    "Matrix",
    "Subdomain",
    "Symmetric",
    "Tensors",
    "Waiting",
    "add_at",
    "corners",
    "gradients",
    "indicator",
    "mass",
    "measures",
    "return_freed",
    "stiffness",
    "subdomain",
    "sweep",
    "symmetric_mass",
    "symmetric_stiffness",
    "with_ghosts",
]
