"""Whatever is wrong with a mesh is found, mended or refused with a word."""

import time
from dataclasses import replace

import numpy as np
import pytest

from hpc_twin.mesh.checks import problems, repaired, usable
from hpc_twin.mesh.generate import sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.quality import mean_ratio, measures
from hpc_twin.parallel import InputError


def kinds(mesh):
    return [(finding.severity, finding.what) for finding in problems(mesh)]


def changed(array, where, value):
    result = array.copy()
    result[where] = value
    return result


def test_nothing_wrong(block):
    assert problems(block) == [] and repaired(block) is block


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_coordinates(block, value):
    bad = replace(block, points=changed(block.points, (7, 1), value))
    with pytest.raises(InputError, match=r"heart.vtu: 1 nodes have coordinates that are NaN, .*\(node 7,"):
        usable(bad, "heart.vtu")


def test_indices(block):
    bad = replace(block, elements=changed(block.elements, ([3, 8], [0, 1]), 60))
    with pytest.raises(InputError, match=r"2 elements have nodes outside 0 to 59 \(element 3, 8"):
        usable(bad, "heart.vtu")


def test_empty(block):
    assert kinds(replace(block, elements=block.elements[:0], regions=block.regions[:0])) == [("error", "empty")]


def test_flat_tetrahedron(block):
    corners = block.elements[5]
    points = changed(block.points, corners[3], block.points[corners[:3]].mean(axis=0))
    with pytest.raises(InputError, match="degenerate"):
        usable(replace(block, points=points), "heart.vtu")
    repeated = replace(block, elements=changed(block.elements, (5, 3), corners[0]))
    with pytest.raises(InputError, match=r"1 elements \(tetrahedron\) are degenerate.*\(element 5,"):
        usable(repeated, "heart.vtu")


def test_flat_triangle_and_line():
    points = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 0.0]])
    mesh = Mesh(points, np.array([[0, 1, 3], [0, 1, 2], [0, 4, -1], [2, 3, -1]]), np.zeros(4, np.int32))
    with pytest.raises(InputError, match=r"2 elements \(line or triangle\) are degenerate.*\(element 1, 2,"):
        usable(mesh, "sheet")


def test_a_thin_but_real_element_is_not_degenerate():
    mesh = slab((1, 1, 1), 1.0)
    thin = replace(mesh, points=mesh.points * np.array([1, 1, 1e-6]))
    assert problems(thin) == []


def test_inverted_are_turned(block):
    elements = block.elements.copy()
    elements[[2, 9]] = elements[[2, 9]][:, [1, 0, 2, 3]]
    mended, words = usable(replace(block, elements=elements), "heart.vtu")
    assert (measures(mended) > 0).all() and measures(mended).sum() == pytest.approx(24)
    assert words == ["2 tetrahedra are inverted: turned round (element 2, 9, counted from 0)"]
    _, words = usable(replace(block, elements=block.elements[:, [1, 0, 2, 3]]), "heart.vtu")
    assert words == ["all 144 tetrahedra are numbered left-handed: turned round"]


def test_unused_nodes_go_and_the_rest_know_where_they_were(block):
    points = np.insert(block.points, 10, [99, 99, 99], axis=0)
    elements = block.elements + (block.elements >= 10)
    sets = {name: nodes + (nodes >= 10) for name, nodes in block.node_sets.items()} | {"all": np.arange(61)}
    mended, words = usable(replace(block, points=points, elements=elements, node_sets=sets), "heart.vtu")
    assert words == ["1 nodes belong to no element: left out (node 10, counted from 0)"]
    assert mended.checksum() == block.checksum()
    np.testing.assert_array_equal(points[mended.file_ids], mended.points)
    np.testing.assert_array_equal(mended.node_sets["x1"], block.node_sets["x1"])
    assert len(mended.node_sets["all"]) == 60
    again, _ = usable(replace(mended, elements=mended.elements[mended.elements.min(axis=1) > 0]), "heart.vtu")
    np.testing.assert_array_equal(points[again.file_ids], again.points)


def test_duplicates_are_left_out(block):
    again = [3, 140]
    mesh = replace(
        block,
        elements=np.vstack((block.elements, block.elements[again][:, [3, 0, 2, 1]])),
        regions=np.append(block.regions, [5, 5]).astype(np.int32),
        fibres=np.vstack((block.fibres, block.fibres[again])),
        sheets=np.vstack((block.sheets, block.sheets[again])),
    )
    mended, words = usable(mesh, "heart.vtu")
    assert mended.checksum() == block.checksum()
    assert "2 elements repeat an earlier one: left out (element 144, 145" in " ".join(words)


def test_pieces_and_coincident_nodes(block):
    twice = replace(
        block,
        points=np.vstack((block.points, block.points + np.array([4, 0, 0]))),
        elements=np.vstack((block.elements, block.elements + 60)),
        regions=np.tile(block.regions, 2),
        fibres=np.tile(block.fibres, (2, 1)),
        sheets=np.tile(block.sheets, (2, 1)),
    )
    mesh, words = usable(twice, "heart.vtu")
    assert mesh is twice
    assert words[0].startswith("12 nodes lie in the place of another one")
    assert words[1].startswith("the mesh is in 2 pieces that do not touch (60, 60 nodes)")


@pytest.mark.parametrize("value", [0.0, np.nan])
@pytest.mark.parametrize("name", ["fibres", "sheets"])
def test_directions_without_length(block, name, value):
    bad = replace(block, **{name: changed(getattr(block, name), [4, 6], value)})
    with pytest.raises(InputError, match=rf"2 elements have {name} of zero length or NaN \(element 4, 6"):
        usable(bad, "heart.vtu")


def test_all_errors_are_told_at_once(block):
    bad = replace(block, fibres=block.fibres * 0, elements=changed(block.elements, (5, 3), block.elements[5, 0]))
    with pytest.raises(InputError, match=r"degenerate.*fibres of zero"):
        usable(bad, "heart.vtu")


def test_fibres_that_cannot_be_meant():
    flat = sheet((2, 2), 0.5)
    oblique = np.full((flat.n_elements, 3), 3**-0.5)
    assert kinds(replace(flat, fibres=oblique)) == [("warning", "never set"), ("warning", "out of plane")]


def test_mean_ratio_of_known_shapes():
    regular = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1.0]])
    mesh = Mesh(regular, np.array([[0, 1, 2, 3], [0, 1, 2, -1], [0, 1, -1, -1]]), np.zeros(3, np.int32))
    np.testing.assert_allclose(mean_ratio(mesh), 1)
    assert mean_ratio(slab((1, 1, 1), 1.0)).min() == pytest.approx(0.755953, abs=1e-6)


def test_a_million_tetrahedra_fast():
    start = time.process_time()
    mesh, words = usable(slab((20, 7, 3), 0.135), "slab")
    seconds = time.process_time() - start
    assert mesh.n_elements > 1e6 and words == [] and seconds < 10
