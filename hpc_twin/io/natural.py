"""Between the ranks' owned values and the mesh's original order, so that files of 1, 2 or 1000 ranks are alike."""

import numpy as np
from petsc4py import PETSc


class NaturalOrder:
    """Moves one value per owned node (or element) to the order of the mesh as it was read ("natural"), and back.

    The natural order 0..n_total-1 is cut into contiguous blocks and block r lives on rank r: values ``start`` to
    ``stop`` (exclusive) of this rank. The communication is set up once; a move allocates nothing.

    ids (n_owned,) holds the original index of each owned value; over all ranks every index occurs once, or not at all
    where the values live on a part of the mesh: there the natural order holds NaN. Blocks begin at multiples of
    ``grain``, so that no chunk of a file is two ranks'.
    """

    def __init__(self, comm, ids: np.ndarray, n_total: int, grain: int = 1):
        n_grains = -(-n_total // grain)
        start, stop = (min(n_grains * rank // comm.size * grain, n_total) for rank in (comm.rank, comm.rank + 1))
        self._owned = PETSc.Vec().createMPI((len(ids), PETSc.DECIDE), comm=comm)
        self._block = PETSc.Vec().createMPI((stop - start, n_total), comm=comm)
        target = PETSc.IS().createGeneral(np.asarray(ids, dtype=PETSc.IntType), comm=comm)
        self._scatter = PETSc.Scatter().create(self._owned, None, self._block, target)
        self.start, self.stop = self._block.getOwnershipRange()

    @property
    def n_block(self) -> int:
        """Values in this rank's block."""
        return self.stop - self.start

    def move(self, values: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Fill ``out`` (n_block,), of any number type, from ``values`` (n_owned,); collective.

        Integers survive up to 2^53, since values travel as float64.
        """
        self._owned.array[:] = values
        self._block.set(np.nan)
        self._scatter.scatter(self._owned, self._block, addv=PETSc.InsertMode.INSERT_VALUES)
        np.copyto(out, self._block.array_r, casting="unsafe")
        return out

    def back(self, block: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Fill ``out`` (n_owned,) from this rank's values ``block`` (n_block,) of the natural order; collective."""
        self._block.array[:] = block
        mode = PETSc.ScatterMode.REVERSE
        self._scatter.scatter(self._block, self._owned, addv=PETSc.InsertMode.INSERT_VALUES, mode=mode)
        np.copyto(out, self._owned.array_r, casting="unsafe")
        return out
