"""Every format comes back as it was written, and damaged files end in one InputError."""

import os
import random
import re
import time

import gmsh
import meshio
import netCDF4
import numpy as np
import pytest

from hpc_twin.mesh.checks import usable
from hpc_twin.mesh.quality import measures
from hpc_twin.mesh.read import read
from hpc_twin.mesh.write import write
from hpc_twin.parallel import InputError

FORMATS = {
    "binary.vtu": ("vtu", {}),
    "text.vtu": ("vtu", {"binary": False}),
    "new.vtk": ("vtk", {}),
    "old.vtk": ("vtk42", {}),
    "old_text.vtk": ("vtk42", {"binary": False}),
    "two.msh": ("gmsh22", {"binary": False}),
    "two_binary.msh": ("gmsh22", {}),
    "four.msh": ("gmsh", {"binary": False}),
    "four_binary.msh": ("gmsh", {}),
    "mesh.xdmf": ("xdmf", {}),
    "mesh.e": ("exodus", {}),
    "mesh.node": ("tetgen", {}),
    "mesh.mesh": ("medit", {}),
}
WITH_FIBRES = ("vtu", "vtk", "vtk42", "xdmf", "gmsh", "gmsh22")


def foreign(block, name: str, folder):
    """Write ``block`` as another program would, with meshio."""
    kind, options = FORMATS[name]
    data = {}
    if kind in WITH_FIBRES:
        data["fiber"] = [20 * block.fibres]
    if kind != "tetgen":
        data["gmsh:physical" if kind.startswith("gmsh") else "region"] = [block.regions.astype(int)]
    if kind.startswith("gmsh"):
        data["gmsh:geometrical"] = data["gmsh:physical"]
    if kind == "exodus":
        data = {}
    mesh = meshio.Mesh(block.points, [("tetra", block.elements)], cell_data=data)
    if kind == "medit":
        mesh.cell_data = {"medit:ref": data["region"]}
    meshio.write(folder / name, mesh, kind, **options)
    return folder / name


@pytest.mark.parametrize("name", FORMATS)
def test_formats_come_back(block, name, tmp_path):
    mesh = read(foreign(block, name, tmp_path))
    kind = FORMATS[name][0]
    np.testing.assert_allclose(mesh.points, block.points)
    np.testing.assert_array_equal(mesh.elements, block.elements)
    if kind not in ("tetgen", "exodus", "gmsh"):  # meshio writes no physical groups to gmsh 4 without their entities
        np.testing.assert_array_equal(mesh.regions, block.regions)
    if kind in WITH_FIBRES:
        np.testing.assert_allclose(mesh.fibres, block.fibres, atol=1e-12)


@pytest.mark.parametrize("name", FORMATS)
def test_truncated_files(block, name, tmp_path):
    path = foreign(block, name, tmp_path)
    whole, mesh = path.read_bytes(), read(path)
    chance = random.Random(1)
    for cut in [0, 1, *(chance.randrange(len(whole) * 95 // 100) for _ in range(12))]:
        path.write_bytes(whole[:cut])
        try:
            assert read(path).checksum() == mesh.checksum(), f"cut at {cut}"  # nothing but an end mark was lost
        except InputError as error:
            assert str(path.parent) in str(error)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files(block, name, tmp_path):
    """Bytes changed anywhere: either a mesh that passes the checks or an InputError."""
    path = foreign(block, name, tmp_path)
    whole = path.read_bytes()
    chance = random.Random(2)
    for _ in range(12):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 3, 20))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            usable(read(path), path)
        except InputError:
            pass


@pytest.mark.parametrize("name", FORMATS)
def test_absurd_counts(block, name, tmp_path):
    """Any of the first numbers, which counts are among, as 2^60: soon a mesh, or an InputError."""
    path = foreign(block, name, tmp_path)
    whole, start = path.read_bytes(), time.perf_counter()
    for number in list(re.finditer(rb"\d+", whole))[:15]:
        path.write_bytes(whole[: number.start()] + b"1152921504606846976" + whole[number.end() :])
        try:
            usable(read(path), path)
        except InputError:
            pass
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("name", ["mesh.ply", "mesh.off"])
def test_files_that_end_in_their_header(name, tmp_path):
    """meshio would look for the rest for ever, and make as many elements as it is told of."""
    mesh = meshio.Mesh(np.eye(3), [("triangle", np.array([[0, 1, 2]]))])
    meshio.write(tmp_path / name, mesh)
    whole = (tmp_path / name).read_bytes()
    assert read(tmp_path / name).n_elements == 1
    absurd = [whole.replace(b"face 1", b"face 99999999")] if name == "mesh.ply" else []
    for text in (whole[:4], whole[:15], whole[:40], *absurd):
        (tmp_path / name).write_bytes(text)
        with pytest.raises(InputError, match=name):
            read(tmp_path / name)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "m.vtu")
    os.mkfifo(tmp_path / "c.pts")
    (tmp_path / "loop.msh").symlink_to(tmp_path / "loop.msh")
    (tmp_path / "zero.vtk").symlink_to("/dev/zero")
    (tmp_path / "folder.exo").mkdir()
    known = {"m.vtu": "a pipe", "c.elem": "a pipe", "loop.msh": "symbolic links", "zero.vtk": "a device",
             "folder.exo": "is a folder", f"{'a' * 300}.vtu": "too long"}  # fmt: skip
    for name, words in known.items():
        with pytest.raises(InputError, match=words):
            read(tmp_path / name)


@pytest.mark.parametrize("version", [2.2, 4.1])
@pytest.mark.parametrize("binary", [0, 1])
def test_gmsh_groups(tmp_path, version, binary):
    """Physical volumes are regions with names; physical surfaces and points are node sets, also where they overlap."""
    path = tmp_path / "box.msh"
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.occ.addBox(0, 0, 0, 2, 1, 1)
    gmsh.model.occ.addBox(2, 0, 0, 1, 1, 1)
    gmsh.model.occ.fragment([(3, 1)], [(3, 2)])
    gmsh.model.occ.synchronize()
    left = gmsh.model.getEntitiesInBoundingBox(-0.1, -0.1, -0.1, 0.1, 1.1, 1.1, 2)[0][1]
    corner = gmsh.model.getEntitiesInBoundingBox(-0.1, -0.1, -0.1, 0.1, 0.1, 0.1, 0)[0][1]
    right = gmsh.model.getEntitiesInBoundingBox(2.9, -0.1, -0.1, 3.1, 1.1, 1.1, 2)[0][1]
    for dim, tags, tag, name in (
        (3, [1], 5, "muscle"),
        (3, [2], 6, "scar"),
        (2, [left], 7, "left"),
        (2, [left, right], 8, "ends"),
        (0, [corner], 9, "origin"),
    ):
        gmsh.model.addPhysicalGroup(dim, tags, tag, name)
    gmsh.option.setNumber("Mesh.MeshSizeMax", 0.5)
    gmsh.model.mesh.generate(3)
    gmsh.option.setNumber("Mesh.MshFileVersion", version)
    gmsh.option.setNumber("Mesh.Binary", binary)
    gmsh.write(str(path))
    gmsh.finalize()
    mesh, words = usable(read(path, unit="cm"), path)
    assert mesh.region_names == {5: "muscle", 6: "scar"} and words == []
    volumes = measures(mesh)
    assert volumes[mesh.regions == 5].sum() == pytest.approx(2000)
    assert volumes[mesh.regions == 6].sum() == pytest.approx(1000)
    x = mesh.points[:, 0]
    np.testing.assert_array_equal(mesh.node_sets["left"], np.flatnonzero(x < 1e-9))
    np.testing.assert_array_equal(mesh.node_sets["ends"], np.flatnonzero((x < 1e-9) | (x > 30 - 1e-9)))
    assert np.abs(mesh.points[mesh.node_sets["origin"]]).max() == 0


def test_exodus_blocks_sets_and_vectors(tmp_path):
    path = tmp_path / "two.exo"
    with netCDF4.Dataset(path, "w") as file:
        sizes = {
            "num_nodes": 5,
            "num_el_blk": 2,
            "num_node_sets": 1,
            "num_side_sets": 1,
            "len_name": 33,
            "time_step": 1,
        }
        sizes |= {"num_elem_var": 3, "n1": 1, "n4": 4, "n3": 3}
        for name, size in sizes.items():
            file.createDimension(name, size)
        points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1.0]])
        for k, axis in enumerate("xyz"):
            file.createVariable(f"coord{axis}", "f8", "num_nodes")[:] = points[:, k]
        file.createVariable("eb_prop1", "i4", "num_el_blk")[:] = (10, 20)
        named(file, "eb_names", "num_el_blk", ["healthy", "scar"])
        named(file, "ns_names", "num_node_sets", ["pace"])
        named(file, "ss_names", "num_side_sets", ["bottom"])
        named(file, "name_elem_var", "num_elem_var", ["fibre_x", "fibre_y", "fibre_z"])
        for block, nodes in ((1, (1, 2, 3, 4)), (2, (2, 3, 4, 5))):
            connect = file.createVariable(f"connect{block}", "i4", ("n1", "n4"))
            connect[:], connect.elem_type = [nodes], "TETRA4"
            for k, part in enumerate((0.0, 3.0, 4.0)):
                file.createVariable(f"vals_elem_var{k + 1}eb{block}", "f8", ("time_step", "n1"))[:] = part
        file.createVariable("node_ns1", "i4", "n3")[:] = (5, 1, 2)
        file.createVariable("elem_ss1", "i4", "n1")[:] = 1
        file.createVariable("side_ss1", "i4", "n1")[:] = 4
    mesh = read(path)
    assert mesh.regions.tolist() == [10, 20] and mesh.region_names == {10: "healthy", 20: "scar"}
    np.testing.assert_allclose(mesh.fibres, [[0, 0.6, 0.8]] * 2)
    assert mesh.node_sets["pace"].tolist() == [0, 1, 4] and mesh.node_sets["bottom"].tolist() == [0, 1, 2]


def named(file, variable, dimension, names):
    rows = np.array([list(name.ljust(33, "\0")) for name in names], dtype="S1")
    file.createVariable(variable, "S1", (dimension, "len_name"))[:] = rows


def test_our_own_files_come_back_whole(block, tmp_path):
    write(block, tmp_path / "block.vtu")
    mesh = read(tmp_path / "block.vtu")
    assert mesh.checksum() == block.checksum()
    assert mesh.region_names == block.region_names
    assert mesh.node_sets.keys() == block.node_sets.keys()
    for name, nodes in block.node_sets.items():
        np.testing.assert_array_equal(mesh.node_sets[name], nodes)
    assert [path.name for path in tmp_path.iterdir()] == ["block.vtu"]


def test_lines_on_triangles_come_back_from_our_files(reference, tmp_path):
    mesh = read(reference("biatrial/Bilayer_Combined_all_Lines_IAC.elem"))
    write(mesh, tmp_path / "atria.vtu")
    assert read(tmp_path / "atria.vtu").checksum() == mesh.checksum()


def test_write_refuses(block, tmp_path):
    with pytest.raises(InputError, match=r"\.vtu"):
        write(block, tmp_path / "block.stl")
    with pytest.raises(InputError, match="cannot be written"):
        write(block, tmp_path / "nowhere" / "block.vtu")


def test_lines_that_connect_are_tissue_and_edges_are_marks(tmp_path):
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1.0]])
    cells = [("triangle", [[0, 1, 2], [3, 4, 5]]), ("line", [[0, 3], [0, 1]])]
    meshio.write(tmp_path / "sheets.vtu", meshio.Mesh(points, cells, cell_data={"region": [[1, 2], [3, 4]]}))
    mesh = read(tmp_path / "sheets.vtu")
    assert mesh.elements.tolist() == [[0, 1, 2], [3, 4, 5], [0, 3, -1]]
    assert mesh.regions.tolist() == [1, 2, 3]
    assert mesh.node_sets["line 4"].tolist() == [0, 1]


def test_second_order_tetrahedra_are_taken_by_their_corners(tmp_path):
    points = np.random.default_rng(0).random((10, 3))
    points[:4] = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    meshio.write(tmp_path / "two.vtu", meshio.Mesh(points, [("tetra10", [range(10)])]))
    mesh, words = usable(read(tmp_path / "two.vtu"), "two.vtu")
    assert mesh.n_nodes == 4 and mesh.elements.tolist() == [[0, 1, 2, 3]]
    assert "second-order" in mesh.notes[0] and "6 nodes belong to no element" in words[0]
    assert mesh.file_ids.tolist() == [0, 1, 2, 3]


def test_hexahedra_are_refused_by_name(tmp_path):
    points = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float)
    meshio.write(tmp_path / "cube.vtu", meshio.Mesh(points, [("hexahedron", [[0, 1, 3, 2, 4, 5, 7, 6]])]))
    with pytest.raises(InputError, match="hexahedron"):
        read(tmp_path / "cube.vtu")


def test_index_out_of_range(tmp_path):
    meshio.write(tmp_path / "far.vtu", meshio.Mesh(np.eye(3), [("triangle", [[0, 1, 2], [0, 1, 7]])]))
    with pytest.raises(InputError, match=r"1 elements have nodes outside 0 to 2.*element 1: "):
        read(tmp_path / "far.vtu")


def test_nodal_fibres_keep_their_direction_whatever_their_sign(block, tmp_path):
    signs = np.where(np.arange(block.n_nodes) % 2, -20.0, 20.0)[:, None]
    data = {"Fiber Direction": signs * np.array([[0.6, 0.8, 0.0]])}
    meshio.write(tmp_path / "nodal.vtu", meshio.Mesh(block.points, [("tetra", block.elements)], point_data=data))
    fibres = read(tmp_path / "nodal.vtu").fibres
    np.testing.assert_allclose(np.abs(fibres @ [0.6, 0.8, 0.0]), 1)


def test_flat_points_and_units(tmp_path):
    meshio.write(tmp_path / "flat.xdmf", meshio.Mesh(np.array([[0, 0], [1, 0], [0, 1.0]]), [("triangle", [[0, 1, 2]])]))
    for unit, factor in ((None, 1), ("mm", 1), ("cm", 10), ("um", 1e-3), ("m", 1000)):
        np.testing.assert_allclose(read(tmp_path / "flat.xdmf", unit).points[1], [factor, 0, 0])


def test_unknown_names(block, tmp_path):
    path = foreign(block, "binary.vtu", tmp_path)
    with pytest.raises(InputError, match=r"found unit 'cmm', allowed are mm, cm, um, m; did you mean '[cm]m'"):
        read(path, "cmm")
    with pytest.raises(InputError, match=r"no such file; did you mean 'binary.vtu'"):
        read(tmp_path / "binari.vtu")
    path.rename(tmp_path / "mesh.vtj")
    with pytest.raises(InputError, match=r"unknown kind of mesh file '.vtj'.*did you mean '.vt"):
        read(tmp_path / "mesh.vtj")
    with pytest.raises(InputError):
        read(tmp_path)


def test_reference_hearts(reference):
    rabbit, words = usable(read(reference("rabbit_ucsd/UCSD_heart_retet.vtu"), "cm"), "rabbit")
    assert (rabbit.n_nodes, rabbit.n_elements, words) == (64930, 343784, [])
    human, words = usable(read(reference("biv_crtdemo/biventricle.vtu")), "human")
    assert (human.n_nodes, human.n_elements, words) == (4569, 17866, [])
    np.testing.assert_allclose(np.linalg.norm(human.fibres, axis=1), 1)
    head = read(reference("brain/ernie.xdmf"))
    assert (head.n_nodes, head.n_elements) == (21556, 76025)
    assert read(reference("tetgen_small/ellipsoid_15811_elements.node")).n_elements == 15811
