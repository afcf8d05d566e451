import numpy as np
import pytest

from hpc_twin.fem import Field, LinearSolver, mass, stiffness
from hpc_twin.fem.solve import NATURAL
from hpc_twin.mesh.generate import sheet
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, RunError, world


@pytest.fixture(scope="module")
def matrix():
    part = distribute(sheet((2.0, 2.0), 0.1), world())
    return mass(part).add(0.5, stiffness(part, np.tile(np.eye(3), (len(part.elements), 1, 1))))


def solve(matrix, **words):
    solver = LinearSolver(matrix, "test", **{"rtol": 1e-10, "atol": 0.0, **words})
    right, solution = Field(matrix.part, "b", "mV"), Field(matrix.part, "x", "mV")
    right.owned[:] = np.cos(matrix.part.points[:, 0])
    solver.solve(right.vector, solution.vector)
    return solver, solution.owned, np.abs(matrix.rows @ solution.local - right.owned).max()


def test_solves(matrix):
    solver, _, residual = solve(matrix)
    assert residual < 1e-9 and solver.solves == 1 and 5 < solver.iterations < 200


def test_tolerance_is_the_error_of_a_mass_dominated_system():
    part = distribute(sheet((2.0, 2.0), 0.1), world())
    matrix = mass(part)
    exact = np.linalg.solve(matrix.rows.toarray(), np.cos(part.points[:, 0]))
    for atol in (1e-1, 1e-3):
        _, x, _ = solve(matrix, rtol=1e-30, atol=atol)
        assert 1e-3 * atol < np.sqrt(np.mean((x - exact) ** 2)) < 5 * atol


@pytest.mark.parametrize("method", [*NATURAL, "cg, one reduction", "cr", "gmres", "chebyshev"])
def test_one_tolerance_for_all_methods(matrix, method):
    """The error is that of the tolerance, whichever norm the method has at hand: natural ones and |B r| are in mV."""
    options = {"ksp_type": method.partition(",")[0]}
    options |= {"ksp_cg_single_reduction": "true"} if "," in method else {}
    step = mass(matrix.part).add(1e-3, matrix)
    _, exact, _ = solve(step, rtol=1e-13)
    for atol in (1e-1, 1e-3):
        solver, x, _ = solve(step, rtol=0.0, atol=atol, options=options)
        assert 1e-3 * atol < np.sqrt(np.mean((x - exact) ** 2)) < 5 * atol
        assert (solver.ksp.getNormType() == solver.ksp.NormType.NATURAL) == (options["ksp_type"] in NATURAL)


def test_rtol_is_of_the_right_hand_side_and_0_is_none(matrix):
    """A guess that is good already: nothing is left to do for rtol; without rtol the tolerance alone counts."""
    good = solve(matrix, rtol=1e-9)[1]

    def again(**words):
        solver = LinearSolver(matrix, "test", guess=True, **words)
        right, x = Field(matrix.part, "b", "mV"), Field(matrix.part, "x", "mV")
        right.owned[:], x.owned[:] = np.cos(matrix.part.points[:, 0]), good
        solver.solve(right.vector, x.vector)
        return solver.iterations

    assert again(rtol=1e-6, atol=0.0) == 0 and again(rtol=0.0, atol=1e-6) == 0
    assert again(rtol=0.0, atol=1e-12) > 0 and again(rtol=1e-6, atol=1e-12) == 0
    assert again(rtol=0.0, atol=0.0, options={"ksp_rtol": "1e-6"}) == 0  # PETSc's own: of the right-hand side, too


def test_options_are_obeyed_and_forgotten(matrix):
    from petsc4py import PETSc

    options = {"ksp_type": "gmres", "pc_type": "bjacobi", "ksp_gmres_restart": "17"}
    solver, _, residual = solve(matrix, options=options)
    assert (solver.ksp.getType(), solver.ksp.getPC().getType()) == ("gmres", "bjacobi") and residual < 1e-8
    assert not PETSc.Options("test_").getAll()
    assert solve(matrix)[0].ksp.getType() == "cg"


def test_petscs_own_options_come_first(matrix):
    from petsc4py import PETSc

    PETSc.Options("test_").setValue("ksp_type", "cr")
    try:
        assert solve(matrix, options={"ksp_type": "gmres"})[0].ksp.getType() == "cr"
    finally:
        PETSc.Options("test_").delValue("ksp_type")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ksp_typ": "gmres"}, "found ksp_typ, which cg with jacobi does not know"),
        ({"ksp_gmres_restart": "10"}, "found ksp_gmres_restart"),
        ({"ksp_type": "gmrs"}, "PETSc refuses ksp_type = gmrs"),
        ({"pc_type": "nothing"}, "PETSc refuses .*pc_type = nothing"),
        ({"ksp_max_it": "many"}, "ksp_max_it = many.*no integer"),
    ],
)
def test_no_option_is_ignored(matrix, options, words):
    with pytest.raises(InputError, match=words):
        solve(matrix, options=options)
    assert solve(matrix)[2] < 1e-9  # and what was refused is gone


def test_too_few_iterations(matrix):
    with pytest.raises(RunError, match=r"'test' \(cg \+ jacobi\) stopped after 3 iterations: DIVERGED_MAX_IT"):
        solve(matrix, options={"ksp_max_it": "3"})


def test_matrix_that_is_not_definite(matrix):
    with pytest.raises(RunError, match="DIVERGED_INDEFINITE_MAT"):
        solve(matrix.scaled(1.0).add(-5.0, mass(matrix.part)), options={"pc_type": "none"})


def test_a_failure_tells_how_the_residual_went_and_what_to_try(matrix):
    with pytest.raises(RunError, match=r"residual norm .* \(0\), .* \(8\); the tolerance may lie below .* try pc_type"):
        solve(matrix, options={"ksp_max_it": "8"})


def test_singular_without_ground_is_told(matrix):
    part = matrix.part
    singular = stiffness(part, np.tile(np.eye(3), (len(part.elements), 1, 1)))
    with pytest.raises(RunError, match=r"singular, since a constant .* needs a ground"):
        solve(singular, options={"ksp_max_it": "400"})


def test_kernel(matrix):
    """The same system, its kernel told: the right-hand side loses its mean, the solution has none."""
    part = matrix.part
    singular = stiffness(part, np.tile(np.eye(3), (len(part.elements), 1, 1)))
    solver = LinearSolver(singular, "test", 1e-12, 0.0, kernel=Field(part, "1", "1", 1.0).vector)
    right, x = Field(part, "b", "mV"), Field(part, "x", "mV")
    right.owned[:] = np.cos(part.points[:, 0])
    right.touched()
    solver.solve(right.vector, x.vector)
    assert abs(right.owned.sum()) < 1e-10 and abs(x.owned.sum()) < 1e-9
    assert np.allclose(singular.rows @ x.owned, right.owned, atol=1e-9) and np.ptp(x.owned) > 0.1


def test_matrix_of_an_element_without_volume(matrix):
    with pytest.raises(RunError, match="an element has no volume"):
        solve(matrix.scaled(1.0).add(np.inf, mass(matrix.part)))


def test_not_a_number(matrix):
    solver = LinearSolver(matrix, "test", 1e-5, 0.0)
    right, solution = Field(matrix.part, "b", "mV", np.nan), Field(matrix.part, "x", "mV")
    with pytest.raises(RunError, match="DIVERGED_NANORINF"):
        solver.solve(right.vector, solution.vector)


def test_guess_that_dwarfs_the_right_hand_side(matrix):
    """As when V has become flat: the guess is that of a moving front, the right-hand side rounding errors."""
    solver = LinearSolver(matrix, "test", 1e-5, 1e-4, guess=True)
    right, solution = Field(matrix.part, "b", "mV", 1e-12), Field(matrix.part, "x", "mV", 1.0)
    solver.solve(right.vector, solution.vector)
    assert np.abs(solution.owned).max() < 1e-2
