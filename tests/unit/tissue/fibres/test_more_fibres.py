"""Fibres with outflow tracts, and between two places."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from hpc_twin.mesh.generate import biventricle, biventricle_outflow, sheet, slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world
from hpc_twin.tissue.fibres.between import fibres_between
from hpc_twin.tissue.fibres.doste import OutflowAngles, outflow_fibres
from hpc_twin.tissue.fibres.ventricles import FibreAngles
from hpc_twin.tissue.stimulus import in_box


@pytest.fixture(scope="module")
def heart():
    return distribute(biventricle_outflow(h=4.0), world())


@pytest.fixture(scope="module")
def directions(heart):
    return outflow_fibres(heart)


def on_surface(part, name: str) -> np.ndarray:
    """Elements with a face on a node set, the valves' and the other surfaces' edges left out."""
    mine = np.isin(part.elements, part.node_sets[name]).sum(axis=1) == 3
    others = [nodes for key, nodes in part.node_sets.items() if key in {"lv", "rv", "epi", "base"} - {name}]
    return mine & ~np.isin(part.elements, np.concatenate(others)).any(axis=1)


def helix(part, fibres: np.ndarray) -> np.ndarray:
    """Angle to the horizontal [degrees], without sign."""
    return np.degrees(np.arcsin(np.clip(np.abs(fibres[:, 2]), 0, 1)))


def test_surfaces_of_the_heart_with_outflow(heart):
    sets, z = heart.node_sets, heart.points[:, 2]
    assert {"lv", "rv", "epi", "base", "mv", "av", "tv", "pv"} == set(sets)
    assert np.allclose(z[sets["pv"]], 38) and np.allclose(z[np.concatenate([sets[k] for k in ("mv", "av", "tv")])], 18)
    valves = np.concatenate([sets[k] for k in ("mv", "av", "tv", "pv")])
    assert len(valves) == len(np.unique(valves)) and set(valves) == set(sets["base"])


def test_frames_are_orthonormal_and_continuous(heart, directions):
    fibres, sheets = directions
    assert np.allclose(np.linalg.norm(fibres, axis=1), 1) and np.abs((fibres * sheets).sum(axis=1)).max() < 1e-9
    centres = heart.points[heart.elements].mean(axis=1)
    _, near = cKDTree(centres).query(centres, k=2)
    turn = np.degrees(np.arccos(np.clip(np.abs((fibres * fibres[near[:, 1]]).sum(axis=1)), 0, 1)))
    assert np.median(turn) < 12 and np.percentile(turn, 90) < 35


def test_angles_differ_between_ventricles_and_in_the_tract(heart, directions):
    """The left wall as in Bayer's rule, the right one steep inside; around the tract's outside fibres are circular."""
    angle = helix(heart, directions[0])
    z = heart.points[heart.elements].mean(axis=1)[:, 2]
    middle = (z > -35) & (z < 5)
    assert np.median(angle[on_surface(heart, "lv") & middle]) == pytest.approx(54, abs=8)
    assert np.median(angle[on_surface(heart, "rv") & middle]) > 58
    outside, inside = (np.isin(heart.elements, heart.node_sets[k]).sum(axis=1) == 3 for k in ("epi", "rv"))
    assert np.median(angle[outside & (z > 24)]) < 25 < np.median(angle[inside & (z > 24)])


def test_equal_angles_everywhere_are_the_truncated_rule(heart):
    """With the left ventricle's angles for all, inside and outside turn alike in both ventricles."""
    same = FibreAngles(40.0, -40.0, 0.0, 0.0)
    angle = helix(heart, outflow_fibres(heart, OutflowAngles(same, same, same))[0])
    z = heart.points[heart.elements].mean(axis=1)[:, 2]
    middle = (z > -35) & (z < 5)
    left, right = (np.median(angle[on_surface(heart, name) & middle]) for name in ("lv", "rv"))
    assert left == pytest.approx(right, abs=10)


def test_valves_are_needed():
    part = distribute(biventricle(scale=0.5, h=2.0), world())
    with pytest.raises(InputError, match="no node set 'mv'"):
        outflow_fibres(part)


def test_along_and_around_in_a_sheet():
    part = distribute(sheet((4, 2), 0.5), world())
    left, right = in_box(part, (0, 0, 0), (0, 2, 0)), in_box(part, (4, 0, 0), (4, 2, 0))
    along = fibres_between(part, left, right, around=False)
    around = fibres_between(part, left, right, around=True)
    assert np.allclose(np.abs(along), (1, 0, 0), atol=1e-8) and np.allclose(np.abs(around), (0, 1, 0), atol=1e-8)


def test_around_needs_a_surface():
    part = distribute(slab((2, 1, 1), 0.5), world())
    left, right = in_box(part, (0, 0, 0), (0, 1, 1)), in_box(part, (2, 0, 0), (2, 1, 1))
    assert np.allclose(fibres_between(part, left, right, around=False), (1, 0, 0), atol=1e-8)
    with pytest.raises(InputError, match="needs a surface"):
        fibres_between(part, left, right, around=True)
