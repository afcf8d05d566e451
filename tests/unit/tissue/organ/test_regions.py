"""Regions by place, around others and by chance: counted, and the same for any order of the elements."""

import numpy as np
import pytest

from hpc_twin.mesh.generate import sheet, slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world
from hpc_twin.tissue.organ import regions


@pytest.fixture(scope="module")
def part():
    return distribute(sheet((20, 20), 0.5), world())


def test_shapes():
    points = np.array([(0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 0, 3), (1, 1, 1)], float)
    assert regions.inside_box(points, (0, 0, 0), (1, 1, 1)).tolist() == [True, True, False, False, True]
    assert regions.inside_ellipsoid(points, (0, 0, 0), (1, 2, 2.9)).tolist() == [True, True, True, False, False]
    inside = regions.inside_cylinder(points, (0, 0, 0), (0, 0, 2), 1.2)
    assert inside.tolist() == [True, True, False, False, False]
    assert regions.inside_cylinder(points, (0, 0, 0), (0, 0, 4), 1.5).tolist() == [True, True, False, True, True]


def test_an_angle_may_go_through_its_jump():
    angle = np.array([-3.1, -2, 0, 2, 3.1])
    assert regions.between(angle, 2.5, -2.5).tolist() == [True, False, False, False, True]
    assert regions.between(angle, -2.5, 2.5).tolist() == [False, True, True, True, False]
    assert not regions.between(np.array([np.nan]), 0, 1).any()


def test_a_border_zone_is_a_ring_of_the_wanted_width(part):
    places = regions.centres(part)
    away = np.linalg.norm(places - (10, 10, 0), axis=1)
    ring = regions.around(part, away < 5, 2.0)
    assert not ring[away < 5].any() and ring[(away > 5.5) & (away < 6.5)].all() and not ring[away > 7.5].any()
    assert not regions.around(part, np.zeros(len(places), bool), 2.0).any()
    assert not regions.around(part, np.ones(len(places), bool), 2.0).any()


def test_chance_is_uniform_and_knows_ids_only():
    ids = np.arange(200_000)
    u = regions.uniform(ids, 7)
    assert np.array_equal(u[::-1], regions.uniform(ids[::-1], 7)) and u.min() >= 0 and u.max() < 1
    counts = np.histogram(u, 100, (0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 150  # chi-square of 99 degrees: 0.1 % lie above 149
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.01
    assert abs(np.corrcoef(u, regions.uniform(ids, 8))[0, 1]) < 0.01


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.37, 1.0])
def test_the_share_is_exact(part, fraction):
    chosen = regions.centres(part)[:, 0] < 10
    score = regions.uniform(part.element_ids, 1)
    found = regions.share(part, chosen, score, fraction)
    assert found.sum() == round(fraction * chosen.sum()) and not found[~chosen].any()
    if 0 < fraction < 1:
        assert score[found].max() < score[chosen & ~found].min()


def test_share_of_nothing_and_of_equals(part):
    score = np.zeros(len(part.elements))
    assert not regions.share(part, np.zeros(len(score), bool), score, 0.5).any()
    assert regions.share(part, np.ones(len(score), bool), score, 0.5).sum() in (0, len(score))


def test_patches_have_the_wanted_covariance():
    random = np.random.default_rng(0)
    points = random.uniform(0, 400, (40_000, 3))
    g = regions.patchy(points, 2.0, 5)
    assert abs(g.mean()) < 0.05 and abs(g.var() - 1) < 0.1 and abs((g**3).mean()) < 0.15
    for r in (1.0, 2.0, 4.0):
        direction = random.standard_normal(points.shape)
        direction *= r / np.linalg.norm(direction, axis=1, keepdims=True)
        assert np.mean(g * regions.patchy(points + direction, 2.0, 5)) == pytest.approx(np.exp(-(r**2) / 8), abs=0.1)
    assert np.array_equal(g[:100], regions.patchy(points[:100], 2.0, 5))
    assert not np.allclose(g[:100], regions.patchy(points[:100], 2.0, 6))


def test_new_regions_get_new_tags_and_old_names_theirs(part):
    left = regions.centres(part)[:, 0] < 5
    named = regions.retagged(part, "scar", left)
    assert named.region_names == {1: "scar"} and np.array_equal(named.regions == 1, left)
    more = regions.retagged(regions.retagged(named, "core", ~left), "scar", np.ones(len(left), bool))
    assert more.region_names == {1: "scar", 2: "core"} and (more.regions == 1).all()
    assert (part.regions == 0).all() and more.regions.dtype == part.regions.dtype


def test_border_in_three_dimensions():
    block = distribute(slab((6, 6, 6), 0.5), world())
    places = regions.centres(block)
    ring = regions.around(block, places[:, 2] < 2, 1.0)
    assert (
        places[ring][:, 2].min() > 2
        and places[ring][:, 2].max() <= 3.0
        and ring[(places[:, 2] - 2.4).__abs__() < 0.2].all()
    )
