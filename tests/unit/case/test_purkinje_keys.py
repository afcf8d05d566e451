"""[purkinje] brings cells and conductivities of its own and refuses what contradicts it."""

import pytest
from tools import case_text, tissue_text

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError

HEART = case_text(
    '[mesh]\ngenerate = "biventricle"\nshape = { scale = 0.3, h = "1 mm" }\n',
    tissue=tissue_text(2, effective=(0.1,)),
    stimulus="",
)


def case_of(tmp_path, purkinje: str, text: str = HEART):
    path = tmp_path / "case.toml"
    path.write_text(text + purkinje)
    return load_case(path).case


def test_a_bare_section_is_enough(tmp_path):
    case = case_of(tmp_path, "[purkinje]\n")
    assert case.cells.regions["purkinje"].model == "stewart_2009"
    assert case.tissue.conductivity.regions["purkinje"].effective == (2.0,)
    assert set(case.tissue.conductivity.regions) == {"purkinje", "purkinje_junction"}
    assert case.purkinje.junction_resistance == 3.0, "kohm, the house's unit"


def test_what_the_case_says_of_the_region_holds(tmp_path):
    own = (
        '[cells.regions.purkinje]\nmodel = "noble_1962"\n[tissue.conductivity.regions.purkinje]\neffective=["3 S/m"]\n'
    )
    case = case_of(tmp_path, "[purkinje]\n" + own)
    assert case.cells.regions["purkinje"].model == "noble_1962" and list(case.cells.regions) == ["purkinje"]
    assert case.tissue.conductivity.regions["purkinje"].effective == (3.0,)


def test_the_chain_before_the_his_bundle(tmp_path):
    case = case_of(tmp_path, '[cells.regions.av_node]\nmodel = "noble_1962"\n[purkinje.sinus]\nav_length = "9 mm"\n')
    models = {name: cells.model for name, cells in case.cells.regions.items()}
    assert models == {
        "purkinje": "stewart_2009", "sinus_node": "fabbri_2017", "atrium": "courtemanche_1998", "av_node": "noble_1962"
    }  # fmt: skip
    assert case.tissue.conductivity.regions["av_node"].effective == (0.01,) and case.purkinje.sinus.av_length == 9.0


def test_a_case_without_it_stays_as_it_is(tmp_path):
    case = case_of(tmp_path, "")
    assert case.purkinje is None and not case.cells.regions and not case.tissue.conductivity.regions


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('file = ["a.vtu"]\nseed = 3', "purkinje.seed is of growth"),
        ('unit = "mm"', "purkinje.unit belongs to purkinje.file"),
        ('segment = "5 mm"\nbranch_length = "3 mm"', "must not be above branch_length"),
        ('junction_resistance = "10 mm"', "not a resistance"),
        ('junction_resistance = "0 kohm"', "greater than 0"),
        ('[cells.regions.av_node]\nmodel = "courtemanche_1998"', r"made by \[purkinje.sinus\]"),
        ('file = ["a.vtu", "b.vtu"]\n[purkinje.sinus]', "one His bundle"),
        ("branch_anlge = 3", "unknown key purkinje.branch_anlge"),
        ('[tissue.conductivity.regions.purkinje_junction]\neffective = ["1 S/m"]', "junction_resistance instead"),
        ('conductivity = "1 S/m"\n[tissue.conductivity.regions.purkinje]\neffective = ["1 S/m"]', "not both"),
    ],
)
def test_contradictions_are_refused_before_the_mesh_is_read(tmp_path, section, words):
    with pytest.raises(InputError, match=words):
        case_of(tmp_path, f"[purkinje]\n{section}\n")


def test_a_slab_has_no_endocardium(tmp_path):
    slab = HEART.replace("biventricle", "slab").replace("scale = 0.3", 'size = ["4 mm", "3 mm", "2 mm"]')
    with pytest.raises(InputError, match="no endocardium to grow on"):
        case_of(tmp_path, "[purkinje]\n", slab)


def test_equations_without_cables(tmp_path):
    text = HEART.replace("[tissue]\n", '[tissue]\nmodel = "bidomain"\n')
    with pytest.raises(InputError, match="no equation for cables"):
        case_of(tmp_path, "[purkinje]\n", text.replace("effective", 'intracellular = ["0.1 S/m"]\nextracellular'))
