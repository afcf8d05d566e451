"""A nodal field: one PETSc vector whose local array holds owned nodes, then ghosts."""

import numpy as np
from petsc4py import PETSc

from hpc_twin.mesh.part import Part


class Field:
    """Nodal values on ``part``. Write through ``owned``; ``update_ghosts`` brings the neighbours' values.

    name, unit  what it is, for output
    local       (n_local,) owned, then ghosts
    owned       (n_owned,) a view of the first
    vector      the PETSc vector that shares this memory
    """

    def __init__(self, part: Part, name: str, unit: str, value: float = 0.0):
        self.part, self.name, self.unit = part, name, unit
        self.local = np.full(part.n_local, value)
        self.owned = self.local[: part.n_owned]
        ghosts = part.global_ids[part.n_owned :].astype(PETSc.IntType)
        self.vector = PETSc.Vec().createGhostWithArray(ghosts, self.local, comm=part.comm)

    def update_ghosts(self) -> None:
        """Copy owned values to the ranks that hold them as ghosts; collective."""
        self.vector.ghostUpdate(PETSc.InsertMode.INSERT, PETSc.ScatterMode.FORWARD)

    def touched(self) -> None:
        """Tell PETSc that ``owned`` was written behind its back, so that no cached norm survives."""
        self.vector.stateIncrease()


def with_ghosts(part: Part, owned: np.ndarray) -> np.ndarray:
    """(n_local,) the values ``owned`` (n_owned,), and those of the ghosts from their owners; collective."""
    field = Field(part, "shared", "1")
    field.owned[:] = owned
    field.update_ghosts()
    return field.local


def indicator(part: Part, nodes: np.ndarray) -> np.ndarray:
    """(n_local,) 1 at the owned ``nodes`` and where they are ghosts, 0 elsewhere; collective."""
    inside = np.zeros(part.n_owned)
    inside[nodes] = 1.0
    return with_ghosts(part, inside)
