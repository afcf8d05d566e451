"""The conduction system of a case, from its keys to elements with membranes, extents and directions of their own."""

from dataclasses import replace

import meshio
import numpy as np
import pytest
from tools import case_text, mesh_text, tissue_text

from hpc_twin.case import load_case
from hpc_twin.fem.elements import edge_vectors
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world
from hpc_twin.run.meshes import case_mesh, distributed, tissue
from hpc_twin.run.meshes.conduction import with_purkinje
from hpc_twin.run.report import Timer
from hpc_twin.run.tissue import extent, membrane, stimuli
from hpc_twin.run.tissue.directions import directions

HEART = case_text(
    '[mesh]\ngenerate = "left_ventricle"\nshape = { scale = 0.3, h = "1.5 mm" }\n',
    stimulus='[[stimulus]]\nnode_set = "his"\n',
    more='[fibres]\nrule = "bayer2012"\n',
)
SLAB = case_text(
    mesh_text("slab", (4, 4, 2), 1), tissue=tissue_text(2, 'without = ["scar"]\n', effective=(0.13,)), stimulus=""
)


def load(tmp_path, text):
    path = tmp_path / "case.toml"
    path.write_text(text)
    return load_case(path).case


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    text = HEART + '[purkinje]\nbranch_length = "3 mm"\nsurface_to_volume = "70 /mm"\ncross_section = "0.2 mm^2"\n'
    case = load(tmp_path_factory.mktemp("grown"), text)
    mesh, _ = case_mesh(case, tmp_path_factory.getbasetemp())
    return case, mesh, distribute(mesh, world())


def of(part, name: str) -> np.ndarray:
    return part.regions == next(tag for tag, known in part.region_names.items() if known == name)


def test_cables_and_junctions_have_membranes_and_extents_of_their_own(grown):
    case, mesh, part = grown
    cables, junctions, wall = of(part, "purkinje"), of(part, "purkinje_junction"), part.sizes == 4
    chi_cm, extents = membrane(case, part), extent(case, part)
    np.testing.assert_allclose(chi_cm, 1.4 * wall + 0.7 * cables)
    assert not chi_cm[junctions].any()
    assert set(extents[wall]) == {1.0} and set(extents[cables]) == {0.2} and (extents[junctions] > 0).all()
    assert "terminals" in mesh.notes[-1] and cables.sum() + junctions.sum() + wall.sum() == part.n_elements


def test_stimuli_know_the_membrane_they_meet(grown):
    case, _, part = grown
    only = stimuli(part, case, membrane(case, part)).stimuli[0]
    assert len(only.nodes) == len(part.node_sets["his"]) > 2
    np.testing.assert_allclose(only.rate, 50.0 / 0.7)


def test_fibres_of_the_wall_do_not_feel_the_cables(grown, tmp_path):
    case, _, part = grown
    fibres, sheets = directions(part, case.fibres)
    bare, _ = case_mesh(load(tmp_path, HEART.replace('node_set = "his"', "sphere = {centre = ['0 mm','0 mm','0 mm'], "
                                                     "radius = '9 mm'}")), tmp_path)  # fmt: skip
    wall = distribute(bare, world())
    plain, _ = directions(wall, case.fibres)
    ours = np.argsort(part.element_ids)[: bare.n_elements]
    np.testing.assert_allclose(fibres[ours], plain[np.argsort(wall.element_ids)], atol=1e-9)
    lines = np.flatnonzero(part.sizes == 2)
    along = edge_vectors(part.points, part.elements[lines, :2])[:, 0]
    cosine = (fibres[lines] * along).sum(axis=1) / np.linalg.norm(along, axis=1)
    np.testing.assert_allclose(cosine, 1.0)
    assert len(sheets) == len(fibres)


def test_what_has_no_cells_gets_no_junctions(tmp_path):
    """The nearest nodes belong to the scar; the junctions go past it."""
    points = np.array([(1.0, 2, -0.2), (1.0, 2, -3.0)])[::-1]
    meshio.Mesh(points, [("line", np.array([(0, 1)]))]).write(tmp_path / "line.vtu", binary=False)
    case = load(tmp_path, SLAB + '[purkinje]\nfile = ["line.vtu"]\njunction_radius = "1.5 mm"\n')
    mesh = slab((4.0, 4.0, 2.0), 1.0)
    scar = mesh.points[mesh.elements].mean(axis=1)[:, 0] < 2
    mesh = replace(mesh, regions=scar.astype(np.int32) + 1, region_names={1: "wall", 2: "scar"})
    joined, _ = with_purkinje(case, mesh, tmp_path)
    met = joined.elements[(joined.sizes == 2) & (joined.elements[:, 1] < mesh.n_nodes), 1]
    assert len(met) and (mesh.points[met, 0] >= 2).all()


def test_a_scar_of_the_case_loses_its_junctions(tmp_path):
    """Regions of a case are made after the mesh is joined."""
    points = np.array([(1.0, 2, -0.2), (1.0, 2, -3.0)])[::-1]
    meshio.Mesh(points, [("line", np.array([(0, 1)]))]).write(tmp_path / "line.vtu", binary=False)
    scar = '[[region]]\nname = "scar"\nbox = {min = ["0 mm", "0 mm", "0 mm"], max = ["2 mm", "4 mm", "2 mm"]}\n'
    case = load(tmp_path, SLAB + scar + '[purkinje]\nfile = ["line.vtu"]\njunction_radius = "1.5 mm"\n')
    whole = distributed(case, tmp_path, world(), Timer())
    part = tissue(case, whole).part
    before, after = of(whole, "purkinje_junction"), of(part, "purkinje_junction")
    assert 0 < after.sum() < before.sum()
    wall = np.unique(part.elements[part.sizes == 4])
    assert np.isin(part.elements[after, 1], wall).all(), "no cell hangs on a junction alone"


def test_messages_name_the_section(tmp_path):
    case = load(tmp_path, SLAB + '[purkinje]\nfile = ["none.vtu"]\n')
    with pytest.raises(InputError, match=r"purkinje: .*none.vtu: no such file"):
        with_purkinje(case, slab((4.0, 4.0, 2.0), 1.0), tmp_path)
    case = load(tmp_path, HEART.replace("bayer2012", "none").replace('"0.13 S/m", ', "") + "[purkinje]\n")
    with pytest.raises(InputError, match="growth needs the node sets base and lv"):
        with_purkinje(case, slab((4.0, 4.0, 2.0), 1.0), tmp_path)
    with pytest.raises(InputError, match="one cavity only"):
        wanted = case.model_copy(update={"purkinje": case.purkinje.model_copy(update={"right": (0.0, 0.0, 0.0)})})
        case_mesh(wanted, tmp_path)
