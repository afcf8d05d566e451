"""Two fields on a mesh and a part of it, coupled in one symmetric system."""

import numpy as np
from petsc4py import PETSc
from scipy.sparse import csr_array

from hpc_twin.fem.field import Field
from hpc_twin.fem.matrix import Matrix, distributed
from hpc_twin.fem.subdomain import Subdomain


class BlockMatrix:
    """[[A, c B], [c B^T, s D]] for u on domain.part and w on domain.whole, where B couples at the part's own nodes.

    first     A, on the part;  second  D, on the whole mesh
    coupling  B, a symmetric matrix on the part: row a, column b couple w at node b to the equation of u at node a
    free      (whole.n_local,) bool: columns and rows of B at other nodes are left out, where w is 0
    """

    def __init__(
        self,
        domain: Subdomain,
        first: Matrix,
        coupling: Matrix,
        second: Matrix,
        factor: float,
        scale: float,
        free: np.ndarray,
    ):
        part, whole, kept = domain.part, domain.whole, free[domain.nodes]
        both = coupling.rows
        right = csr_array(factor * both * kept)
        right = csr_array((right.data, domain.nodes[right.indices], right.indptr), (part.n_owned, whole.n_local))
        below = csr_array(factor * both * kept[: part.n_owned, None])
        rows = np.zeros(whole.n_owned + 1, int)
        rows[domain.owned + 1] = np.diff(below.indptr)
        below = csr_array((below.data, below.indices, np.cumsum(rows)), (whole.n_owned, part.n_local))
        across, down = distributed(right, part, whole), distributed(below, whole, part)
        self.petsc = PETSc.Mat().createNest(
            [[first.petsc, across], [down, second.scaled(scale).petsc]], comm=whole.comm
        )
        self.petsc.setOption(PETSc.Mat.Option.SPD, True)

    def explicit(self) -> "BlockMatrix":
        """Itself: all entries are there."""
        return self

    def vector(self) -> PETSc.Vec:
        """A vector (u, w): on each rank the owned nodes of the part, then those of the whole mesh."""
        return self.petsc.createVecRight()

    @staticmethod
    def pack(u: np.ndarray, w: np.ndarray, into: PETSc.Vec) -> None:
        """Write owned values to a vector."""
        with into as values:
            values[: len(u)], values[len(u) :] = u, w

    @staticmethod
    def unpack(vector: PETSc.Vec, u: Field, w: Field) -> None:
        """Read owned values from a vector; ghosts follow."""
        values = vector.array_r
        u.owned[:], w.owned[:] = values[: len(u.owned)], values[len(u.owned) :]
        for field in (u, w):
            field.touched()
            field.update_ghosts()
