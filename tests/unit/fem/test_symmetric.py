"""A symmetric matrix of which half is stored is the same as by rows."""

import numpy as np
import pytest

from hpc_twin.fem import Field, LinearSolver, assembly, mass, stiffness, symmetric_mass, symmetric_stiffness
from hpc_twin.fem.growing import Growing, require_countable
from hpc_twin.parallel import InputError


def tensor(part) -> np.ndarray:
    return np.tile(np.diag((3.0, 2.0, 1.0)), (len(part.elements), 1, 1))


def system(part, lumping=0.5):
    K = symmetric_stiffness(part, tensor(part))
    return K, symmetric_mass(part, lumping, None, K).add(0.3, K)


def wavy(part) -> Field:
    field = Field(part, "u", "mV")
    field.owned[:] = np.sin(part.points[:, 0]) + part.points[:, 1] ** 2
    field.touched()
    return field


@pytest.mark.parametrize("lumping", [0.0, 0.5, 1.0])
def test_entries_are_those_of_the_rows(part, monkeypatch, lumping):
    """In many blocks too."""
    K, A = system(part, lumping)
    rows = stiffness(part, tensor(part)), mass(part, lumping)
    assert abs(K.rows - rows[0].rows).max() < 1e-13 and abs(A.rows - rows[1].add(0.3, rows[0]).rows).max() < 1e-13
    monkeypatch.setattr(assembly, "ROWS", 1)
    assert abs(symmetric_stiffness(part, tensor(part)).rows - rows[0].rows).max() < 1e-12


def test_half_is_stored_and_the_pattern_once(part):
    K, A = system(part)
    assert K.below.nnz == (stiffness(part, tensor(part)).rows.nnz - part.n_owned) / 2 and K.below.indices.itemsize == 4
    assert np.shares_memory(A.below.indices, K.below.indices) and np.shares_memory(A.below.indptr, K.below.indptr)
    assert not np.shares_memory(A.below.data, K.below.data)


def test_product(part):
    """Also the transpose and the diagonal, which some methods ask for; a constant is in the kernel of K."""
    (K, A), u = system(part), wavy(part)
    for matrix in (K, A):
        result, diagonal = matrix.petsc.createVecLeft(), matrix.petsc.createVecLeft()
        result.set(np.nan)  # what was there before does not count
        matrix.apply(u, result)
        assert np.abs(result.array - matrix.rows @ u.local).max() < 1e-13 * np.abs(result.array).max()
        matrix.petsc.multTranspose(u.vector, diagonal)
        assert np.array_equal(diagonal.array, result.array)
        matrix.petsc.getDiagonal(diagonal)
        assert np.array_equal(diagonal.array, matrix.rows.diagonal())
    u.owned[:] = 7.0
    u.touched()
    K.apply(u, result)
    assert np.abs(result.array).max() < 1e-13 * K.diagonal.max()


def test_other_sums_are_refused(part):
    K = symmetric_stiffness(part, tensor(part))
    K.below.data = K.below.data[1:]
    with pytest.raises(ValueError, match="not one pattern"):
        symmetric_mass(part, 0.0, None, None).add(1.0, K)


@pytest.mark.parametrize(
    "options",
    [{}, {"pc_type": "none"}, {"pc_type": "gamg"}, {"pc_type": "icc"}, {"ksp_type": "preonly", "pc_type": "lu"},
     {"ksp_type": "bicg"}, {"ksp_type": "pipecg"}, {"pc_type": "eisenstat"}, {"pc_jacobi_type": "rowmax"}],
    ids=lambda options: "-".join(options.values()) or "default",
)  # fmt: skip
def test_solved_by_any_preconditioner(part, options):
    """Those that need entries get them."""
    (_, A), exact = system(part), wavy(part)
    right, found = A.petsc.createVecLeft(), A.petsc.createVecLeft()
    A.apply(exact, right)
    LinearSolver(A, "symmetric", 1e-12, 1e-12, options).solve(right, found)
    assert np.abs(found.array - exact.owned).max() < 1e-9
    assert (LinearSolver(A, "symmetric", 1e-9, 0.0, options).ksp.getOperators()[1].type == "shell") == (
        options.get("pc_type", "jacobi") in ("jacobi", "none") and "pc_jacobi_type" not in options
    )


def test_more_entries_than_integers_count_are_refused(part):
    """With the ranks that would do: 15 entries a row of 400 million nodes are 6e9, 2^31 - 1 fit on a rank."""
    require_countable(2**31 - 1, 143_000_000, 400_000_000, 2, np.int32)
    require_countable(2**31, 143_000_000, 400_000_000, 2, np.int64)
    with pytest.raises(InputError, match=r"2,147,483,647 entries on one of 2 ranks, .* 32 bits .* at least 4 ranks"):
        require_countable(2**31, 2**31 // 15, 400_000_000, 2, np.int32)
    small = Growing(part, np.int8)
    with pytest.raises(InputError, match=r"more than 127 entries .* 8 bits"):
        for _ in range(100):
            small.put(stiffness(part, tensor(part)).rows[:9])
