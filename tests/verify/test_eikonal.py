"""The eikonal solver against exact arrival times, its order pinned from both sides.

A point source costs a factor log(1/h) in any first-order method: T is not smooth there. With the times around the
source given, the order is 1; a plane wave is exact.
"""

import pytest

from hpc_twin.parallel import world
from hpc_twin.verify.wavefronts import WAVES, error, orders

ORDERS = {  # from the second level to the third, of the largest and of the mean error
    "point, isotropic": (0.55, 0.8),
    "point, anisotropic": (0.55, 0.8),
    "ball, anisotropic": (0.95, 1.3),
    "sphere": (0.45, 0.65),
    "head wave": (0.8, 1.1),
}
MEAN = {"point, isotropic": 0.040, "point, anisotropic": 0.032, "ball, anisotropic": 0.014, "sphere": 0.006,
        "head wave": 0.0012}  # fmt: skip
BY_NAME = {wave.name: wave for wave in WAVES}


def test_plane_wave_is_exact_to_rounding():
    assert error(BY_NAME["plane wave"], 1, world()).largest < 1e-12


@pytest.mark.parametrize("name", ORDERS)
def test_orders(name):
    errors = [error(BY_NAME[name], level, world()) for level in (1, 2)]
    low, high = ORDERS[name]
    for order in orders(errors)[0]:
        assert low < order < high
    assert errors[1].mean < MEAN[name] * errors[1].latest


def test_every_wave_is_tested():
    assert {"plane wave", *ORDERS} == set(BY_NAME)
