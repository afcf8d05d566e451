import numpy as np

from hpc_twin.fem import Field, Subdomain, mass, measures, stiffness, subdomain
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import sum_over, world


def whole():
    comm = world()
    return distribute(slab((4, 2, 1), 0.5) if comm.rank == 0 else None, comm)


def left(part) -> np.ndarray:
    return part.points[part.elements].mean(axis=1)[:, 0] < 2


def test_all_of_it_is_the_mesh_itself():
    part = whole()
    domain = subdomain(part, np.ones(len(part.elements), bool))
    assert domain.part is part and domain.everything and np.array_equal(domain.nodes, np.arange(part.n_local))


def test_a_half_has_half_the_volume_and_nodes_of_its_own():
    part = whole()
    domain = subdomain(part, left(part))
    half = domain.part
    volume = measures(half.points, half.elements)[: half.n_owned_elements].sum()
    assert np.isclose(sum_over(part.comm, volume), 4.0) and not domain.everything
    assert half.n_nodes == 5 * 5 * 3 and half.points[:, 0].max() <= 2
    assert np.array_equal(half.points, part.points[domain.nodes])
    assert sorted(np.concatenate(part.comm.allgather(half.global_ids[: half.n_owned]))) == list(range(half.n_nodes))


def test_fields_and_matrices_live_on_it():
    part = whole()
    domain = subdomain(part, left(part))
    x = Field(domain.part, "x", "mm")
    x.owned[:] = domain.part.points[: domain.part.n_owned, 0]
    x.update_ghosts()
    assert np.array_equal(x.local, domain.part.points[:, 0])
    result = x.vector.duplicate()
    sigma = np.broadcast_to(np.eye(3), (len(domain.elements), 3, 3))
    stiffness(domain.part, sigma).apply(x, result)
    assert np.isclose(x.vector.dot(result), 4.0)  # int |grad x|^2 over the half
    mass(domain.part).apply(x, result)
    assert np.isclose(result.sum(), 4.0)  # int x
    spread = domain.spread(x.owned, np.full(part.n_owned, np.nan))
    inside = part.points[: part.n_owned, 0] <= 2
    assert np.array_equal(np.isfinite(spread), inside) and np.array_equal(
        spread[inside], part.points[: part.n_owned, 0][inside]
    )


def test_directions_of_a_part_are_those_of_the_mesh_there():
    part = whole()
    domain = subdomain(part, left(part))
    fibres = np.tile((0.0, 1.0, 0.0), (len(domain.elements), 1))
    directed = domain.directed(fibres, None)
    assert directed.part.fibres is fibres and directed.whole.sheets is None
    assert np.array_equal(directed.whole.fibres[:, 1], left(part).astype(float))
    everywhere = Subdomain.all_of(part).directed(None, None)
    assert everywhere.everything and everywhere.part.fibres is None
