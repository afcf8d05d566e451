import numpy as np
import pytest
from scipy.sparse import csr_array

from hpc_twin.fem import Matrix, assembly, mass, measures, stiffness
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world


def tensor(part) -> np.ndarray:
    return np.tile(np.diag((3.0, 2.0, 1.0)), (len(part.elements), 1, 1))


def total(part) -> float:
    return float(measures(part.points, part.elements).sum())


def test_stiffness_is_symmetric_and_kills_constants(part):
    K = stiffness(part, tensor(part)).rows.toarray()
    assert np.allclose(K, K.T) and np.allclose(K.sum(axis=1), 0) and np.linalg.eigvalsh(K).min() > -1e-12


def test_energy_of_a_linear_field_is_exact(part):
    """int grad u . sigma grad u = |domain| g . sigma g for u = g . x, with the parts of g that the mesh spans."""
    K, dimension = stiffness(part, tensor(part)).rows, part.elements.shape[1] - 1
    slope = np.array((1.0, -2.0, 0.5)) * (np.arange(3) < dimension)
    u = part.points @ np.array((1.0, -2.0, 0.5))
    assert u @ (K @ u) == pytest.approx(total(part) * (slope @ np.diag((3.0, 2.0, 1.0)) @ slope))


@pytest.mark.parametrize("lumping", [0.0, 0.25, 1.0])
def test_mass_holds_the_volume(part, lumping):
    M = mass(part, lumping).rows.toarray()
    assert M.sum() == pytest.approx(total(part)) and np.allclose(M, M.T)
    x = part.points[:, 0]
    assert np.ones_like(x) @ M @ x == pytest.approx(total(part) * x.max() / 2)  # int x dx, for any lumping
    assert (np.count_nonzero(M - np.diag(np.diag(M))) == 0) == (lumping == 1.0)


def test_consistent_mass_integrates_squares_of_linear_fields(part):
    x = part.points[:, 0]
    assert x @ (mass(part).rows @ x) == pytest.approx(total(part) * x.max() ** 2 / 3)
    assert x @ (mass(part, 1.0).rows @ x) > total(part) * x.max() ** 2 / 3 + 1e-3


@pytest.mark.parametrize(("name", "size"), [("PIECE", 7), ("ROWS", 5), ("BLOCKS", 1000)])
def test_pieces_and_blocks_do_not_change_the_sum(part, monkeypatch, name, size):
    whole = stiffness(part, tensor(part)).rows
    monkeypatch.setattr(assembly, "ROWS", 1)
    monkeypatch.setattr(assembly, name, size)
    assert abs(stiffness(part, tensor(part)).rows - whole).max() < 1e-12


def test_memory_is_shared_and_not_held_twice(part):
    """PETSc works on the arrays that numpy sees."""
    K = stiffness(part, tensor(part))
    before, x = (K.petsc * ones(K)).norm(), K.inner.data
    x *= 2
    assert (K.petsc * ones(K)).norm() == pytest.approx(2 * before) and before > 0
    x /= 2


def ones(matrix):
    u = matrix.petsc.createVecRight()
    u.array[:] = 1.0 + matrix.part.points[: matrix.part.n_owned, 0] ** 2
    return u


def test_sums_of_matrices(part):
    """In pieces too; nothing but one pattern is taken."""
    K, M = stiffness(part, tensor(part)), mass(part)
    both = M.rows + 0.3 * K.rows
    assert abs(M.scaled(1.0).add(0.3, K).rows - both).max() == 0 and abs(M.scaled(2.0).rows - 2 * M.rows).max() == 0
    with pytest.raises(ValueError, match="not one pattern"):
        M.add(1.0, Matrix.of(part, csr_array(np.eye(part.n_owned, part.n_local))))


def test_kinds_mix_with_their_extents():
    """A triangle 2 mm thick and a line of cross-section 3 mm^2 that hangs on it."""
    points = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (5, 0, 0)], float)
    mesh = Mesh(points, np.array([(0, 1, 2), (1, 3, -1)]), np.zeros(2, np.int32))
    part = distribute(mesh, world())
    extent = np.where(part.sizes == 3, 2.0, 3.0)
    order = np.argsort(part.node_ids)
    M = mass(part, 1.0, extent).rows.toarray()[order][:, order]
    assert np.diag(M) == pytest.approx([1 / 3, 1 / 3 + 6, 1 / 3, 6])
    K = stiffness(part, np.tile(np.eye(3), (2, 1, 1)), extent).rows.toarray()[order][:, order]
    assert K[1, 3] == pytest.approx(-3 / 4) and K[1, 0] == pytest.approx(-1.0) and K[0, 3] == 0


def test_petsc_has_the_same_rows(part):
    from hpc_twin.fem import Field

    K, u = stiffness(part, tensor(part)), Field(part, "u", "mV")
    u.owned[:] = np.sin(part.points[:, 0]) + part.points[:, 1] ** 2
    u.touched()
    result = K.petsc.createVecLeft()
    K.apply(u, result)
    assert np.allclose(result.array, K.rows @ u.local)
