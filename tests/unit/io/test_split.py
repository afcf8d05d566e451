"""Split meshes: what is written is read, and nothing else is."""

import json
from dataclasses import replace

import netCDF4
import numpy as np
import pytest

from hpc_twin.io.split import FILE, open_split, read_split, write_split
from hpc_twin.mesh.block import block_of
from hpc_twin.mesh.generate import sheet, slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.partition import block_checksum, part_of
from hpc_twin.mesh.partitioners import metis
from hpc_twin.mesh.presplit import arranged
from hpc_twin.mesh.share import gathered
from hpc_twin.parallel import InputError, world


def meshes() -> dict[str, Mesh]:
    block = slab((3.0, 2.0, 1.0), 0.5)
    n = block.n_nodes
    lines = np.array([(0, n, -1, -1), (n, n + 1, -1, -1)])
    many = replace(
        block,
        points=np.vstack((block.points, [(0, 0, -1), (0, 0, -2)])),
        elements=np.vstack((lines[:1], block.elements, lines[1:])),
        regions=np.arange(block.n_elements + 2, dtype=np.int32) % 3,
        fibres=np.tile((0.0, 1.0, 0.0), (block.n_elements + 2, 1)),
        sheets=np.tile((0.0, 0.0, 1.0), (block.n_elements + 2, 1)),
        extents=np.linspace(1, 2, block.n_elements + 2),
        region_names={1: "one", 2: "two, ü"},
    )
    return {"many": many, "bare": replace(sheet((2.0, 1.0), 0.5), fibres=None, node_sets={})}


def split(mesh: Mesh, folder, n_parts: int = 4):
    parts = arranged(block_of(mesh, world()), metis(mesh, n_parts).astype(np.int64), n_parts, world())
    write_split(folder, parts, {"of": "a test"}, mesh.checksum(), world())
    return parts


@pytest.mark.parametrize("name", ["many", "bare"])
@pytest.mark.parametrize("n_parts", [1, 4, 9])
def test_what_is_written_is_read(name, n_parts, tmp_path):
    mesh = meshes()[name]
    parts = split(mesh, tmp_path, n_parts)
    known = open_split(tmp_path, world())
    assert (known.n_parts, known.checksum, known.source) == (n_parts, mesh.checksum(), {"of": "a test"})
    assert known.whole == parts.block.whole
    block = read_split(known, world())
    assert block_checksum(block, world()) == mesh.checksum()
    for written, read in ((parts.block.elements, block.elements), (parts.block.nodes, block.nodes)):
        assert set(written) == set(read) and all(np.array_equal(written[key], read[key]) for key in written)
    part = part_of(gathered(block, np.zeros(mesh.n_elements, int), world()))
    assert np.array_equal(part.node_ids[part.elements][part.elements >= 0], mesh.elements[mesh.elements >= 0])
    assert {key: sorted(part.node_ids[nodes]) for key, nodes in part.node_sets.items()} == {
        key: sorted(nodes) for key, nodes in mesh.node_sets.items()
    }


def test_parts_lie_together_and_hold_their_nodes(tmp_path):
    mesh = slab((8.0, 1.0, 1.0), 0.5)
    parts = split(mesh, tmp_path, 8)
    centres = [
        parts.block.nodes["points"][parts.block.elements["nodes"][a:b]].mean(axis=(0, 1))[0]
        for a, b in zip(parts.first_element[:-1], parts.first_element[1:], strict=True)
    ]
    assert max(centres[:4]) < 4 < min(centres[4:])  # so that any number of ranks gets parts that lie side by side
    for a, b, first, last in zip(parts.first_element[:-1], parts.first_element[1:], parts.first_node[:-1],
                                 parts.first_node[1:], strict=True):  # fmt: skip
        nodes = parts.block.elements["nodes"][a:b]
        assert np.isin(np.arange(first, last), nodes).all() and last - first < 1.3 * mesh.n_nodes / 8
        assert (np.diff(parts.block.elements["ids"][a:b]) > 0).all()


def test_nodes_without_elements_are_refused(tmp_path):
    mesh = slab((1.0, 1.0, 1.0), 0.5)
    lonely = replace(mesh, points=np.vstack((mesh.points, [9.0, 9.0, 9.0])))
    with pytest.raises(InputError, match="1 nodes belong to no element"):
        arranged(block_of(lonely, world()), np.zeros(mesh.n_elements, np.int64), 1, world())


def damaged(path, place: bytes) -> None:
    """Change the byte at ``place`` of the coordinates where they lie in the file."""
    content = path.read_bytes()
    assert content.count(place) == 1
    path.write_bytes(content.replace(place, bytes([place[0] ^ 1]) + place[1:]))


def test_damage_is_told(tmp_path):
    parts = split(meshes()["many"], tmp_path)
    damaged(tmp_path / FILE, parts.block.nodes["points"][:20].tobytes())
    with pytest.raises(InputError, match="node points of part 0 is damaged"):
        read_split(open_split(tmp_path, world()), world())


def attribute(name, value):
    return lambda data: data.setncattr(name, value)


def entry(name, place, value):
    return lambda data: data[name].__setitem__(place, value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (attribute("kind", "a cake"), "no split mesh of this version"),
        (attribute("version", 9), "no split mesh of this version"),
        (attribute("complete", 0), "not written to its end"),
        (attribute("sets", json.dumps(["a"])), "contradict"),
        (attribute("width", 7), "contradict"),
        (attribute("region_names", "{"), "damaged or truncated"),
        (entry("first_element", 1, 10**15), "contradict"),
        (entry("first_node", -1, 5), "contradict"),
        (entry("first_node", 0, 1), "contradict"),
    ],
)
def test_tables_that_cannot_be_are_refused(change, words, tmp_path):
    split(meshes()["many"], tmp_path)
    with netCDF4.Dataset(tmp_path / FILE, "r+") as data:
        change(data)
    with pytest.raises(InputError, match=words):
        open_split(tmp_path, world())


def test_nodes_beyond_the_mesh_are_refused_though_the_checksum_is_right(tmp_path):
    parts = split(meshes()["bare"], tmp_path, 2)
    parts.block.elements["nodes"][0, 0] = 10**9
    write_split(tmp_path, parts, {}, "", world())
    with pytest.raises(InputError, match="nodes that the mesh has not"):
        read_split(open_split(tmp_path, world()), world())


def test_sizes_beyond_the_file_are_refused(tmp_path):
    """Arrays that were never written take no room, and would ask for memory."""
    with netCDF4.Dataset(tmp_path / FILE, "w") as data:
        for name, size in {"part": 1, "begin": 2, "element": 10**13, "node": 10**13, "column": 3}.items():
            data.createDimension(name, size)
        for name, code, axes in (
            ("element_ids", "i8", ("element",)), ("element_nodes", "i8", ("element", "column")),
            ("element_regions", "i4", ("element",)), ("node_ids", "i8", ("node",)),
            ("node_points", "f8", ("node", "column")), ("first_element", "i8", ("begin",)),
            ("first_node", "i8", ("begin",)),
        ):  # fmt: skip
            data.createVariable(name, code, axes, fill_value=False)
        data["first_element"][:], data["first_node"][:] = (0, 10**13), (0, 10**13)
        data.setncatts({"kind": "hpc_twin split mesh", "version": 1, "width": 3, "complete": 1, "checksum": "",
                        "source": "{}", "sets": "[]", "region_names": "{}"})  # fmt: skip
    with pytest.raises(InputError, match="truncated"):
        open_split(tmp_path, world())


@pytest.mark.parametrize("bytes_left", [0, 100, 3000])
def test_truncated_files_and_empty_folders_are_refused(bytes_left, tmp_path):
    with pytest.raises(InputError, match="holds no split mesh"):
        open_split(tmp_path, world())
    split(meshes()["many"], tmp_path)
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:bytes_left])
    with pytest.raises(InputError, match=r"cannot be read|truncated"):
        open_split(tmp_path, world())
