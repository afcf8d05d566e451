import numpy as np

from hpc_twin.io.natural import NaturalOrder
from hpc_twin.parallel import world


def test_values_come_in_the_original_order():
    ids = np.random.default_rng(0).permutation(50)
    order = NaturalOrder(world(), ids, 50)
    assert (order.start, order.stop) == (0, 50)
    out = order.move(ids * 1.5, np.empty(50, np.float32))
    assert out.dtype == np.float32 and np.array_equal(out, 1.5 * np.arange(50))


def test_values_come_back_from_the_original_order():
    ids = np.random.default_rng(1).permutation(50)
    order = NaturalOrder(world(), ids, 50)
    assert np.array_equal(order.back(1.5 * np.arange(50), np.empty(50)), 1.5 * ids)
    assert np.array_equal(order.move(ids * 2.0, np.empty(50)), 2.0 * np.arange(50))


def test_what_nobody_owns_is_nan():
    order = NaturalOrder(world(), np.array([4, 1]), 6)
    order.back(np.arange(6.0), np.empty(2))
    assert np.array_equal(order.move(np.array([40.0, 10.0]), np.empty(6)), [np.nan, 10, np.nan, np.nan, 40, np.nan],
                          equal_nan=True)  # fmt: skip
