import numpy as np
import pytest

from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world
from hpc_twin.tissue.fibres.continuity import deviation, percentiles


@pytest.fixture(scope="module")
def part():
    return distribute(slab((6, 6, 3), 0.5) if world().rank == 0 else None, world())


def turning(part, degrees_per_mm: float) -> np.ndarray:
    """Fibres in the x-y plane that turn along z."""
    angle = np.radians(degrees_per_mm) * part.points[part.elements].mean(axis=1)[:, 2]
    return np.column_stack((np.cos(angle), np.sin(angle), np.zeros_like(angle)))


def test_signs_do_not_matter(part):
    fibres = turning(part, 0.0) * np.where(part.element_ids % 2, 1.0, -1.0)[:, None]
    assert np.allclose(deviation(part, fibres), 0.0, atol=1e-5)


def test_deviation_grows_with_the_turn(part):
    """A quarter of the fibre's turn over one element's height, a half of it at the faces where one side is missing."""
    slow, fast = (percentiles(part, deviation(part, turning(part, rate)), (0.5, 0.99)) for rate in (20, 40))
    assert 0.5 <= slow[0] <= 4 and slow[1] <= 8
    assert fast[0] == pytest.approx(2 * slow[0], abs=1.0) and fast[1] > slow[1]


def test_random_directions_are_told_from_fibres(part):
    noise = np.random.default_rng(1).normal(size=(part.n_elements, 3))[part.element_ids]
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    assert percentiles(part, deviation(part, noise), (0.5,))[0] == pytest.approx(42, abs=3)


def test_elements_without_fibres_do_not_count(part):
    fibres = turning(part, 0.0)
    fibres[part.points[part.elements].mean(axis=1)[:, 0] > 3] = 0.0
    found = deviation(part, fibres)
    assert np.isnan(found).any() and np.nanmax(found) < 1e-5
    assert np.isnan(percentiles(part, np.full(len(fibres), np.nan), (0.5,))[0])
