"""The eikonal solver against exact arrival times, its order pinned from both sides.

A point source costs a factor log(1/h) in any first-order method: T is not smooth there. With the times around the
source given, the order is 1; a plane wave is exact.
"""

import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world
from hpc_twin.run.velocities import plane_wave
from hpc_twin.tissue.conductivity import harmonic, tensors
from hpc_twin.tissue.eikonal.solver import arrival
from hpc_twin.tissue.stimulus import in_box
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


CAPACITY, UPSTROKE = 140 * 0.01, 1.25  # uF/mm^3; ms from the stimulus to V = 0 in the cells that it fires
CONVERGED = (42.5, 43.0)  # ms, the last corner: three codes at 0.05 mm and 0.001 ms (shared/reference/README.md)


@pytest.mark.parametrize("h", [0.5, 0.25])
def test_slab_of_niederer(h):
    """The diagonal of the slab from nothing but a cable of the same cells: 3 % from the converged monodomain."""
    wave = plane_wave(load("tentusscher_2006_epi", comm=world()), CAPACITY, world())
    part = distribute(slab(h=h), world())
    squared = [wave.rate * s / CAPACITY for s in harmonic((0.17, 0.019), (0.62, 0.24))]
    assert np.sqrt(squared) == pytest.approx((0.612, 0.2226), rel=5e-3)
    nodes = in_box(part, (0, 0, 0), (1.5, 1.5, 1.5))
    T = arrival(part, tensors(part, squared, {}, part.fibres, None), nodes, np.zeros(len(nodes)))
    last = float(T.local[np.linalg.norm(part.points - [20.0, 7.0, 3.0], axis=1) < 1e-9][0])
    assert last == T.local.max()
    assert last + UPSTROKE == pytest.approx(np.mean(CONVERGED), rel=0.03)
