"""Sums over the elements around each node."""

import numpy as np
import pytest

from hpc_twin.fem import add_at

NODES = np.array([[4, 1, 1], [1, 0, 4]])


@pytest.mark.parametrize("shape", [(2, 3), (2, 1), ()])
def test_values_of_one_row(shape):
    values = np.arange(1.0, 1.0 + np.prod(shape, dtype=int)).reshape(shape)
    total = np.full(6, 0.5)
    expected = total.copy()
    np.add.at(expected, NODES, np.broadcast_to(values, NODES.shape))
    add_at(total, NODES, values)
    assert np.array_equal(total, expected)


def test_several_rows():
    values = np.random.default_rng(1).normal(size=(3, 2, 3))
    total, expected = np.zeros((3, 6)), np.zeros((3, 6))
    for row, some in zip(expected, values, strict=True):
        np.add.at(row, NODES, some)
    add_at(total, NODES, values)
    assert total == pytest.approx(expected, abs=1e-15)


def test_no_elements():
    total = np.ones((2, 4))
    add_at(total, np.empty((0, 3), int), np.empty((2, 0, 3)))
    assert np.array_equal(total, np.ones((2, 4)))
