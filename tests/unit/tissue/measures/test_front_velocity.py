import numpy as np
import pytest

from hpc_twin.mesh.generate import sheet
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import alone
from hpc_twin.tissue.measures import front_velocity


@pytest.mark.parametrize("direction", [(1, 0, 0), (3, 4, 0), (1, 2, 2)])
def test_plane_waves_are_exact(wall, direction):
    unit = np.array(direction) / np.linalg.norm(direction)
    found = front_velocity(wall, wall.points @ unit / 0.6 + 5)
    assert np.abs(found - 0.6 * unit).max() < 1e-10


def test_plane_waves_on_elements_of_second_order(second):
    """At midpoints too."""
    found = front_velocity(second, second.points @ (0.6, 0.8, 0.0) / 0.5)
    assert np.abs(found - (0.3, 0.4, 0.0)).max() < 1e-10


def circular_error(h: float) -> float:
    """Largest relative error of speed and direction farther than 3 mm from the source and 1 mm inside the edge."""
    part = distribute(sheet((20.0, 20.0), h), alone())
    away = part.points - (10.0, 10.0, 0.0)
    r = np.linalg.norm(away, axis=1)
    found = front_velocity(part, r / 0.5)
    inner = (r > 3) & (np.abs(away[:, :2]).max(axis=1) < 9)
    return np.linalg.norm(found[inner] - 0.5 * away[inner] / r[inner, None], axis=1).max() / 0.5


def test_circular_waves_at_second_order():
    coarse, fine = circular_error(0.5), circular_error(0.25)
    assert fine < 0.003 and 1.8 < np.log2(coarse / fine) < 2.2


def test_nothing_where_fronts_collide(flat):
    """Two plane waves that meet at x = 9.8 mm: right up to the elements before it, masked there."""
    x = flat.points[:, 0]
    found = front_velocity(flat, np.minimum(x, 19.6 - x) / 0.5)
    met = np.abs(x - 9.8) < 0.5
    assert np.isnan(found[met]).all()
    assert np.abs(found[~met] - np.sign(9.8 - x[~met])[:, None] * (0.5, 0, 0)).max() < 1e-10


def test_a_line_of_block_and_what_was_never_activated_do_not_count(flat):
    """The upper half comes 100 ms later, the right third never."""
    x, y, _ = flat.points.T
    times = np.where(y > 10.2, 100.0, 0.0) + x / 0.5
    times[x > 14] = np.nan
    found = front_velocity(flat, times)
    assert np.isnan(found[x > 14]).all()
    assert np.abs(found[x <= 14] - (0.5, 0, 0)).max() < 1e-10


def test_all_at_once_is_no_wave(flat):
    assert np.isnan(front_velocity(flat, np.full(flat.n_owned, 3.0))).all()
