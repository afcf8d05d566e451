import numpy as np

from hpc_twin.io.natural import NaturalOrder
from hpc_twin.parallel import world


def test_values_come_in_the_original_order():
    ids = np.random.default_rng(0).permutation(50)
    order = NaturalOrder(world(), ids, 50)
    assert (order.start, order.stop) == (0, 50)
    out = order.move(ids * 1.5, np.empty(50, np.float32))
    assert out.dtype == np.float32 and np.array_equal(out, 1.5 * np.arange(50))


def test_columns_keep_their_type():
    ids = np.array([2, 0, 1])
    big = np.array([[2**40, 2], [0, 0], [1, 1]])
    moved = NaturalOrder(world(), ids, 3).move_columns(big)
    assert moved.dtype == big.dtype and moved.tolist() == [[0, 0], [1, 1], [2**40, 2]]
