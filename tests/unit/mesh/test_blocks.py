import numpy as np
import pytest

from hpc_twin.mesh.block import Found, integer, numbered
from hpc_twin.mesh.generate.boxes import box_block, slab
from hpc_twin.mesh.partition import block_checksum, distribute, part_of
from hpc_twin.mesh.partitioners import BITS, along_curve
from hpc_twin.mesh.share import gathered
from hpc_twin.parallel import world


@pytest.mark.parametrize("spread", [1, 1000])
def test_numbers_that_occur_and_where_they_stand(spread):
    nodes = spread * np.random.default_rng(0).integers(5, 60, (200, 4)).astype(np.int32)
    nodes[::7, 3] = -1
    numbers, position = numbered(nodes)
    assert np.array_equal(numbers, np.unique(nodes[nodes >= 0])) and position.dtype == np.int32
    assert np.array_equal(np.append(numbers, -1)[position], nodes)
    assert (Found.among(nodes).places is None) == (spread > 1)


def test_numbers_of_32_bits_where_they_suffice():
    assert [integer(n) for n in (5, 2**31 - 1, 2**31)] == [np.int32, np.int32, np.int64]


def test_rows_that_are_the_same_for_all_elements_take_no_memory():
    block, _ = box_block("slab", (4, 2, 1), 0.25, world())
    assert set(block.elements) == {"ids", "nodes"} and {a.itemsize for a in block.elements.values()} == {4}
    part, mesh = part_of(gathered(block, np.zeros(block.whole.n_elements, np.int32), world())), slab((4, 2, 1), 0.25)
    assert part.checksum == block_checksum(block, world()) == mesh.checksum()
    assert np.array_equal(part.fibres, mesh.fibres) and np.array_equal(part.regions, mesh.regions)
    assert part.fibres.strides[0] == part.regions.strides[0] == 0


def cut_one_by_one(keys: np.ndarray, weights: np.ndarray, n_parts: int) -> np.ndarray:
    """In the order of keys, then rows: what is left of a cut when its middle is."""
    order, owner = np.argsort(keys, kind="stable"), np.empty(len(keys), int)
    until, total = 0, int(weights.sum())
    for row in order:
        cuts = [-(-part * total // n_parts) for part in range(1, n_parts)]
        owner[row] = sum(2 * cut <= 2 * until + int(weights[row]) for cut in cuts)
        until += int(weights[row])
    return owner


@pytest.mark.parametrize("n_parts", [1, 2, 7, 300])
@pytest.mark.parametrize("places", [3, 40, 1 << (3 * BITS - 1)])
def test_pieces_of_a_curve_on_which_many_share_a_place(places, n_parts):
    rng = np.random.default_rng(3)
    keys, weights = rng.integers(0, places, 500) << 1, rng.integers(1, 1 << 18, 500).astype(np.int32)
    assert np.array_equal(along_curve(keys, weights, n_parts, world()), cut_one_by_one(keys, weights, n_parts))


def test_tables_of_elements_that_were_let_go_are_not_there_silently():
    part = distribute(slab((3, 2, 1), 0.5), world())
    kept = part.points
    part.let_go()
    assert part.points is kept and part.n_local == 7 * 5 * 3
    for ask in (lambda: part.elements, lambda: part.sizes, lambda: part.regions, lambda: part.element_ids):
        with pytest.raises(AttributeError, match="not any more"):
            ask()
