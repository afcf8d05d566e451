"""Where meshes come from: blocks, splits of cases and files, what is refused."""

import os
from dataclasses import replace

import netCDF4
import numpy as np
import pytest
from tools import case_text

from hpc_twin.case import MeshCase, load_case
from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.mesh.generate import cable, slab
from hpc_twin.mesh.order import quadratic
from hpc_twin.mesh.partition import distribute
from hpc_twin.mesh.read import read
from hpc_twin.mesh.refine import refined
from hpc_twin.mesh.write import write
from hpc_twin.parallel import InputError, world
from hpc_twin.run.meshes import case_mesh, distributed, presplit_case, presplit_mesh
from hpc_twin.run.meshes.sources import chosen, uneven
from hpc_twin.run.report import Timer

SLAB = '[mesh]\ngenerate = "slab"\nshape = { size = ["3 mm", "2 mm", "1 mm"], h = "0.5 mm" }\n'
SMALL = slab((3.0, 2.0, 1.0), 0.5)
BLOCKWISE = '[partition]\nmethod = "hilbert"\n'


def loaded(folder, text: str, *words: str):
    (folder / "case.toml").write_text(text)
    return load_case(folder / "case.toml", words)


def part_in(folder, text: str, *words: str):
    known = loaded(folder, text, *words)
    return distributed(known.case, known.folder, world(), Timer())


def same(part, other) -> None:
    assert part.checksum == other.checksum and np.array_equal(part.node_ids, other.node_ids)
    assert np.array_equal(part.element_nodes, other.element_nodes) and part.region_names == other.region_names
    assert {key: nodes.tolist() for key, nodes in part.node_sets.items()} == {
        key: nodes.tolist() for key, nodes in other.node_sets.items()
    }


@pytest.mark.parametrize("more", ["", BLOCKWISE])
@pytest.mark.parametrize(("refine", "order"), [(0, 1), (2, 1), (1, 2)])
def test_refined_on_the_ranks_as_on_one(more, refine, order, tmp_path):
    text = case_text(mesh=f"{SLAB}refine = {refine}\n", more=more).replace("[tissue]", f"[tissue]\norder = {order}")
    mesh = refined(SMALL, refine)
    same(part_in(tmp_path, text), distribute(quadratic(mesh) if order == 2 else mesh, world()))
    known = loaded(tmp_path, text)
    assert case_mesh(known.case, known.folder)[0].checksum() == part_in(tmp_path, text).checksum


@pytest.mark.parametrize("method", ["metis", "hilbert"])
def test_split_of_a_case(method, tmp_path):
    text = case_text(mesh=f"{SLAB}refine = 1\n", more=f'[partition]\nmethod = "{method}"\n')
    known = loaded(tmp_path, text)
    presplit_case(known.case, known.folder, 5, tmp_path / "split", world())
    whole = distribute(refined(SMALL, 1), world())
    same(part_in(tmp_path, text, 'mesh.split="split"'), whole)
    same(part_in(tmp_path, text.replace(SLAB, '[mesh]\nsplit = "split"\n')), whole)


def test_split_of_a_file_and_what_differs_from_it(tmp_path):
    write(SMALL, tmp_path / "slab.vtu")
    presplit_mesh(tmp_path / "slab.vtu", "cm", "metis", 3, tmp_path / "split", world())
    text = case_text(mesh='[mesh]\nfile = "slab.vtu"\nunit = "cm"\nsplit = "split"\n')
    same(part_in(tmp_path, text), distribute(read(tmp_path / "slab.vtu", "cm"), world()))
    os.utime(tmp_path / "slab.vtu", (1, 1))  # the same file with another time
    part_in(tmp_path, text)
    with pytest.raises(InputError, match=r"made of slab.vtu in cm, the case has slab.vtu in mm"):
        part_in(tmp_path, text.replace('unit = "cm"\n', ""))
    with pytest.raises(InputError, match=r"the case has slab with h = 1 mm"):
        part_in(tmp_path, case_text(mesh='[mesh]\ngenerate = "slab"\nshape = { h = "1 mm" }\nsplit = "split"\n'))
    write(replace(SMALL, regions=SMALL.regions + 1), tmp_path / "slab.vtu")
    with pytest.raises(InputError, match="is not the file that"):
        part_in(tmp_path, text)
    (tmp_path / "slab.vtu").unlink()  # what was split need not be there
    part_in(tmp_path, text)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (('mesh.split="nowhere"',), "nowhere: holds no split mesh"),
        (('mesh.split="split"', 'partition.method="ptscotch"'), "ptscotch needs the whole mesh"),
        (('mesh.split="split"', 'fibres.rule="bayer2012"'), "has no named surfaces"),
    ],
)
def test_splits_that_do_not_fit(words, message, tmp_path):
    known = loaded(tmp_path, case_text(mesh=SLAB))
    presplit_case(known.case, known.folder, 2, tmp_path / "split", world())
    with pytest.raises(InputError, match=message):
        part_in(tmp_path, case_text(mesh=SLAB), *words)


def test_ranks_that_do_not_divide_the_parts():
    """As the cut of the parts makes them, for equal parts."""
    for n_parts in range(1, 70):
        for n_ranks in range(1, n_parts + 1):
            counts = np.diff(np.arange(n_ranks + 1) * n_parts // n_ranks)
            assert uneven(n_parts, n_ranks) == pytest.approx(counts.max() / counts.mean() - 1)
    assert uneven(64, 48) == 0.5 and uneven(64, 16) == 0


def test_what_cannot_be_split(tmp_path):
    known, out = loaded(tmp_path, case_text(mesh=SLAB)), tmp_path / "split"
    with pytest.raises(InputError, match="288 elements cannot be split over 289 ranks"):
        presplit_case(known.case, known.folder, 289, out, world())
    presplit_case(known.case, known.folder, 2, out, world())
    with pytest.raises(InputError, match="holds a split mesh already"):
        presplit_case(known.case, known.folder, 2, out, world())
    with pytest.raises(InputError, match="split already"):
        presplit_case(
            loaded(tmp_path, case_text(mesh=SLAB), 'mesh.split="split"').case, tmp_path, 2, out, world(), True
        )
    with pytest.raises(InputError, match="found 'ptscotch', allowed are auto, metis, hilbert"):
        presplit_mesh(tmp_path / "no.exo", None, "ptscotch", 2, tmp_path / "other", world())
    with pytest.raises(InputError, match="did you mean 'metis'"):
        presplit_mesh(tmp_path / "no.exo", None, "meti", 2, tmp_path / "other", world())
    with pytest.raises(InputError, match="found 'inch'"):
        presplit_mesh(tmp_path / "no.exo", "inch", "metis", 2, tmp_path / "other", world())
    with pytest.raises(InputError, match=r"no.exo: no such file"):
        presplit_mesh(tmp_path / "no.exo", None, "hilbert", 2, tmp_path / "other", world())


def test_split_with_its_conduction_system(tmp_path):
    points = "\n".join(f"{x} 1000 -200" for x in range(-2000, 2001, 500))
    (tmp_path / "tree.pkje").write_text(f"1\nCable 0\n-1 -1\n-1 -1\n9\n7.0\n100.0\n0.0006\n{points}\n")
    cables = '[purkinje]\nfile = ["tree.pkje"]\njunction_resistance = "4 kohm"\n'
    text = case_text(mesh=f"{SLAB}refine = 1\n", more=cables)
    known = loaded(tmp_path, text)
    presplit_case(known.case, known.folder, 3, tmp_path / "split", world())
    split = 'mesh.split="split"'
    same(part_in(tmp_path, text, split), part_in(tmp_path, text))
    same(part_in(tmp_path, text, split, 'purkinje.conductivity="1 S/m"'), part_in(tmp_path, text))
    for word, message in {
        'purkinje.junction_resistance="5 kohm"': r"purkinje.junction_resistance was 4.0, is 5.0",
        "mesh.refine=2": "was refined 1 times, with its cables",
    }.items():
        with pytest.raises(InputError, match=message):
            part_in(tmp_path, text, split, word)
    with pytest.raises(InputError, match=r"the case has no \[purkinje\]"):
        part_in(tmp_path, text.replace(cables, ""), split)
    known = loaded(tmp_path, text.replace(cables, ""))
    presplit_case(known.case, known.folder, 3, tmp_path / "split", world(), overwrite=True)
    with pytest.raises(InputError, match="has no conduction system, the case has one"):
        part_in(tmp_path, text, split)


def exodus(mesh, path) -> None:
    """``mesh`` as a result file, with a node set and a side set."""
    part = distribute(mesh, world())
    with ExodusWriter(path, part, {"V": ("mV", "V")}, fibres=mesh.fibres is not None) as file:
        file.write_frame(0.0, {"V": np.zeros(part.n_owned)})
    with netCDF4.Dataset(path, "r+") as data:
        for kind, name in (("node", "some nodes"), ("side", "some sides")):
            data.createDimension(f"num_{kind}_sets", 1)
            data.createVariable(f"{kind[0]}s_names", "S1", (f"num_{kind}_sets", "len_string"))[0] = [
                *name.ljust(33, "\0")
            ]
        for name, values in {"node_ns1": (1, 5, 9), "elem_ss1": (1, 30), "side_ss1": (2, 4)}.items():
            data.createDimension(name, len(values))
            data.createVariable(name, "i4", (name,))[:] = values


@pytest.mark.parametrize("mesh", [replace(SMALL, regions=np.arange(288, dtype=np.int32) % 3), cable(4.0, 0.5)])
def test_exodus_in_blocks(mesh, tmp_path):
    exodus(mesh, tmp_path / "mesh.exo")
    text = case_text(mesh='[mesh]\nfile = "mesh.exo"\nunit = "cm"\n')
    part = part_in(tmp_path, text, 'partition.method="hilbert"')
    same(part, part_in(tmp_path, text))
    assert part.fibres is not None and len(part.node_sets["some nodes"]) == 3


def change(path, name, place, value) -> None:
    with netCDF4.Dataset(path, "r+") as data:
        data[name][place] = value


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("connect1", (0, 0), 10**6, "nodes outside 0 to"),
        ("connect1", (0, 0), 2, "degenerate"),
        ("connect1", 0, [2, 1, 7, 8], r"inverted|degenerate"),
        ("coordx", 0, np.nan, "NaN"),
        ("node_ns1", 0, 10**6, "numbers outside the mesh"),
    ],
)
def test_what_is_wrong_in_blocks_is_refused(name, place, value, message, tmp_path):
    exodus(SMALL, tmp_path / "mesh.exo")
    change(tmp_path / "mesh.exo", name, place, value)
    with pytest.raises(InputError, match=message):
        part_in(tmp_path, case_text(mesh='[mesh]\nfile = "mesh.exo"\n', more=BLOCKWISE))


def test_nodes_without_elements_in_blocks_are_refused_and_mended_by_a_split(tmp_path):
    exodus(SMALL, tmp_path / "mesh.exo")
    with netCDF4.Dataset(tmp_path / "mesh.exo") as data:
        connect = data["connect1"][:]
    lonely = int(np.bincount(connect.ravel())[1:].argmin()) + 1
    for row in np.flatnonzero((connect == lonely).any(axis=1)):
        change(tmp_path / "mesh.exo", "connect1", row, connect[0])
    text = case_text(mesh='[mesh]\nfile = "mesh.exo"\n', more=BLOCKWISE)
    with pytest.raises(InputError, match="repeat an earlier one"):
        part_in(tmp_path, text)
    presplit_mesh(tmp_path / "mesh.exo", None, "metis", 3, tmp_path / "split", world())
    assert part_in(tmp_path, text, 'mesh.split="split"').n_nodes == SMALL.n_nodes - 1


class Two:
    """As rank 0 of two sees them where nothing is exchanged."""

    rank, size = 0, 2

    def bcast(self, found):
        return found

    def allgather(self, found):
        return [found, found]


@pytest.mark.parametrize(
    ("mesh", "method", "why"),
    [
        ({"generate": "slab", "shape": {"h": "0.081 mm"}}, "metis", "as 4,715,724 elements are no more than 5,000,000"),
        ({"generate": "slab", "shape": {"h": "0.07 mm"}}, "hilbert", "as 7,378,800 elements are more than 5,000,000"),
        ({"generate": "left_ventricle"}, "metis", "as left_ventricle comes in one piece"),
        ({"file": "mesh.exo"}, "metis", "as 288 elements are no more than"),
        ({"file": "mesh.vtu"}, "metis", "as mesh.vtu comes in one piece"),
    ],
)
def test_what_auto_takes(mesh, method, why, tmp_path):
    """A large mesh is counted, not made, and read in blocks where it can be."""
    exodus(SMALL, tmp_path / "mesh.exo")
    found, told = chosen(MeshCase(**mesh), "auto", tmp_path, Two(), True)
    assert found == method and told.startswith(method) and why in told
    assert chosen(MeshCase(**mesh), "auto", tmp_path, Two(), False)[0] == "metis"
    assert chosen(MeshCase(**mesh), "hilbert", tmp_path, Two(), True) == ("hilbert", "hilbert")
    assert chosen(MeshCase(**mesh), "auto", tmp_path, world(), True) == ("metis", "metis, as there is one rank")
