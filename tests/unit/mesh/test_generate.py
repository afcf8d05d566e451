"""Generated meshes have the volumes that their formulas say, and names for their surfaces."""

import inspect
import math
import signal

import numpy as np
import pytest

from hpc_twin.mesh.checks import problems
from hpc_twin.mesh.generate import (
    GENERATORS,
    biventricle,
    biventricle_outflow,
    cable,
    left_ventricle,
    right_atrium,
    sheet,
    slab,
)
from hpc_twin.mesh.quality import edge_lengths, edges, mean_ratio, measures
from hpc_twin.mesh.surfaces import boundary
from hpc_twin.parallel import InputError


def truncated(radius: float, depth: float, base: float) -> float:
    """Volume of the ellipsoid (radius, radius, depth) from its lower end up to z = base."""
    return math.pi * radius**2 * ((base - base**3 / (3 * depth**2)) + 2 / 3 * depth)


@pytest.mark.parametrize(("h", "nodes"), [(0.5, 41 * 15 * 7), (0.2, 101 * 36 * 16)])
def test_slab(h, nodes):
    mesh = slab(h=h)
    assert mesh.n_nodes == nodes and problems(mesh) == []
    volume = measures(mesh)
    np.testing.assert_allclose(volume, h**3 / 6)
    assert volume.sum() == pytest.approx(420)
    np.testing.assert_array_equal(mesh.fibres, np.tile([1.0, 0, 0], (mesh.n_elements, 1)))
    np.testing.assert_array_equal(mesh.node_sets["y1"], np.flatnonzero(mesh.points[:, 1] == 7))
    assert mesh.notes == ()


def test_slab_conforms():
    """Euler's formula holds only where all faces fit: V - E + F - T = 1 for a ball."""
    mesh = slab((3, 2, 2), 1.0)
    assert mesh.n_nodes - len(edges(mesh)) + len(np.unique(faces(mesh), axis=0)) - mesh.n_elements == 1


def test_sheet_and_cable():
    flat = sheet((3, 2), 0.5)
    assert (flat.n_nodes, flat.n_elements, flat.width) == (35, 48, 3)
    assert measures(flat).sum() == pytest.approx(6) and problems(flat) == []
    line = cable(2.0, 0.1)
    assert (line.n_nodes, line.n_elements, line.width) == (21, 20, 2)
    assert measures(line).sum() == pytest.approx(2) and line.node_sets["x1"].tolist() == [20]


def test_h_that_does_not_divide_is_told():
    assert "does not divide" in slab((1, 1, 1), 0.3).notes[0]


def test_left_ventricle():
    mesh = left_ventricle(h=4.0)
    exact = truncated(33, 70, 18) - truncated(23, 62, 18)
    assert measures(mesh).sum() == pytest.approx(exact, rel=0.01)
    assert problems(mesh) == [] and mean_ratio(mesh).min() > 0.2
    x, y, z = mesh.points.T
    for name, radius, depth in (("endo", 23, 62), ("epi", 33, 70)):
        nodes = mesh.node_sets[name]
        np.testing.assert_allclose(((x**2 + y**2) / radius**2 + z**2 / depth**2)[nodes], 1, atol=1e-3)
    np.testing.assert_allclose(z[mesh.node_sets["base"]], 18)
    assert np.median(edge_lengths(mesh)) == pytest.approx(4, rel=0.15)


def test_biventricle():
    mesh = biventricle(scale=0.3, h=1.0)
    assert problems(mesh) == [] and mean_ratio(mesh).min() > 0.1
    assert mesh.region_names == {1: "lv wall", 2: "rv wall"} and set(mesh.node_sets) == {"base", "epi", "lv", "rv"}
    volume = measures(mesh)
    left = 0.3**3 * (truncated(33, 70, 18) - truncated(23, 62, 18))
    assert volume[mesh.regions == 1].sum() == pytest.approx(left, rel=0.03)
    assert 0.15 < volume[mesh.regions == 2].sum() / left < 0.5
    surface = boundary_nodes(mesh)
    np.testing.assert_array_equal(np.unique(np.concatenate(list(mesh.node_sets.values()))), surface)
    assert len(np.intersect1d(mesh.node_sets["lv"], mesh.node_sets["rv"])) == 0
    centre = mesh.points[mesh.node_sets["rv"]].mean(axis=0)
    assert centre[0] > 0.3 * 23


def faces(mesh) -> np.ndarray:
    return np.sort(mesh.elements[:, [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]], axis=2).reshape(-1, 3)


def boundary_nodes(mesh) -> np.ndarray:
    unique, count = np.unique(faces(mesh), axis=0, return_counts=True)
    return np.unique(unique[count == 1])


def test_outflow_tract():
    """The tube adds about its own wall, and every node of the boundary is in a set."""
    whole, plain = biventricle_outflow(h=4.0), biventricle(h=4.0)
    tube = math.pi * (12**2 - 8**2) * 20
    assert measures(whole).sum() - measures(plain).sum() == pytest.approx(tube, rel=0.15)
    assert problems(whole) == []
    outside = np.unique(boundary(whole).nodes)
    assert set(outside) == set(np.unique(np.concatenate(list(whole.node_sets.values()))))


def test_right_atrium():
    """A surface of genus 0 with three rims: V - E + F = 2 - 3."""
    mesh = right_atrium(h=2.0)
    assert mesh.width == 3 and problems(mesh) == [] and set(mesh.node_sets) == {"tv", "svc", "ivc"}
    assert mesh.n_nodes - len(edges(mesh)) + mesh.n_elements == -1
    assert np.abs(np.linalg.norm(mesh.points / (24, 20, 28), axis=1) - 1).max() < 1e-3
    valve, upper, lower = (mesh.points[mesh.node_sets[name]].mean(axis=0) for name in ("tv", "svc", "ivc"))
    assert valve[0] > 10 and upper[2] > 20 and lower[2] < -20


def test_hearts_are_the_same_every_time_and_leave_signals_alone():
    before = signal.getsignal(signal.SIGINT)
    first, second = (biventricle(scale=0.3, h=1.2).checksum() for _ in range(2))
    assert first == second and signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: slab((20, 7), 0.5), "size has 2 lengths, expected 3"),
        (lambda: slab((20, -7, 3), 0.5), r"found size \[20.0, -7.0, 3.0\], lengths must be above 0"),
        (lambda: slab(h=0), "found h = 0, allowed is above 0 up to the shortest side, 3 mm"),
        (lambda: slab(h=math.nan), "found h = nan"),
        (lambda: sheet((1, 1), 2), "found h = 2"),
        (lambda: cable(math.inf), "found size"),
        (lambda: biventricle(h=5), "found h = 5 mm, allowed is at most the thinnest wall, rv_wall = 4 mm"),
        (lambda: biventricle(scale=-1), "found scale = -1, allowed is above 0"),
        (lambda: biventricle(rv_reach=30), "allowed is below rv_reach = 30"),
        (lambda: biventricle(rv_depth=80), "allowed is below lv_depth"),
        (lambda: left_ventricle(base=62), "found base = 62, allowed is below depth = 62"),
        (lambda: left_ventricle(wall=0), "found wall = 0"),
    ],
)
def test_bad_parameters(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_every_generator_has_defaults_and_words():
    for name, make in GENERATORS.items():
        assert make.__name__ == name and inspect.getdoc(make)
        assert all(p.default is not p.empty for p in inspect.signature(make).parameters.values())
