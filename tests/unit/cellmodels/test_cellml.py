"""CellML of all versions, with the oddities of files in the wild."""

import gzip
import sys
from pathlib import Path

import pytest

from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.parallel import InputError

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "verify"))
from small_models import CELLML_1, CELLML_2, MMT

CELLML_11 = CELLML_1.replace("1.0#", "1.1#")


def _read(tmp_path, text, name="m.cellml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


@pytest.mark.parametrize("text", [CELLML_1, CELLML_11, CELLML_2], ids=["1.0", "1.1", "2.0"])
def test_every_version_is_the_same_model(tmp_path, text):
    """V in volts, time in seconds, currents in nA: dV/dt = -g (V - E)/C, and a pulse of 3 nA into 0.1 nF."""
    found = _read(tmp_path, text)
    assert (found.v, found.v_initial, found.states) == ("membrane.V", -80.0, ())
    # the file writes uS * V into a variable in nA: the numbers are taken as they are
    assert found.rhs(-60.0, [])[0] == pytest.approx(-0.01 * (-0.06 + 0.07) / 0.1)
    assert found.rhs(-60.0, [], stimulus=3.0)[0] - found.rhs(-60.0, [])[0] == pytest.approx(3.0)
    own = found.own_stimulus
    assert (own.amplitude, own.start, own.duration, own.period) == (pytest.approx(30.0), 100.0, 2.0, None)


def test_annotations_name_v(tmp_path):
    odd = CELLML_1.replace(">V<", ">psi<").replace('name="V"', 'name="psi"')
    assert _read(tmp_path, odd).v == "membrane.psi"
    assert not any("potential: " in note and "by its" in note for note in _read(tmp_path, odd).notes)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (CELLML_1, "m.mmt"),
        (CELLML_1, "m.xml"),
        (CELLML_1, "m"),
        (MMT, "m.cellml"),
        (b"\xef\xbb\xbf" + CELLML_1.encode(), "m.cellml"),
        (CELLML_1.replace('"1.0"?>', '"1.0" encoding="UTF-16"?>').encode("utf-16"), "m.cellml"),
    ],
)
def test_content_tells_the_format_not_the_name(tmp_path, text, name):
    assert _read(tmp_path, text, name).v == "membrane.V"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("i_leak", "_leak"),
        ("i_leak", "in"),
        ('name="C"', 'name="C" cmeta:id="the_C"'),
        ('<variable name="C"', '<variable name="zz" units="nF"/><variable name="C"'),
        ('<variable name="C"', '<variable name="zz" units="nF" public_interface="in"/><variable name="C"'),
        ("<component name", '<note xmlns="http://example.org">x</note><component name'),
        ('<unit units="siemens" prefix="micro"/>', '<unit units="celsius"/>'),
    ],
)
def test_what_does_not_matter_is_read_over(tmp_path, old, new):
    found = _read(tmp_path, CELLML_1.replace(old, new))
    assert found.rhs(-60.0, [])[0] == pytest.approx(-0.001)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (' initial_value="0.1"', "", "membrane.C, it has no value"),
        (' initial_value="-0.08"', "", "no initial value"),
        ('<variable name="C"', '<reaction/><variable name="C"', "Reactions are not supported"),
        ("<ci>C</ci></apply></apply>", "<ci>none</ci></apply></apply>", "must name a variable"),
        ('initial_value="0.1"', 'initial_value="1e999"', "m.cellml"),
        ("<divide/>", "<factorial/>", "factorial"),
        (">V</ci><ci>E<", ">i_leak</ci><ci>E<", "circle: membrane.i_leak"),
        ("cellml.org/cellml/1.0#", "example.org#", "CellML 1.0, 1.1 or 2.0"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, old, new, words):
    if "1e999" in new:  # no current flows into an infinite capacitance: a number all the same
        assert _read(tmp_path, CELLML_1.replace(old, new)).notes
        return
    with pytest.raises(InputError) as error:
        _read(tmp_path, CELLML_1.replace(old, new))
    assert words in str(error.value)


CLOCKS = """<model xmlns="http://www.cellml.org/cellml/{v}#" xmlns:cellml="http://www.cellml.org/cellml/{v}#" name="m">
<units name="ms"><unit units="second" prefix="milli"/></units>
<component name="environment"><variable name="t" units="ms" {out}/></component>
<component name="slow"><variable name="t" units="second" {into}/><variable name="x" units="metre" initial_value=" 2 "/>
<math xmlns="http://www.w3.org/1998/Math/MathML"><apply><eq/><apply><diff/><bvar><ci>t</ci></bvar><ci>x</ci></apply>
<cn cellml:units="metre">9</cn></apply></math></component>
<connection {pair}>{inside}<map_variables variable_1="t" variable_2="t"/></connection></model>"""
PAIR = 'component_1="environment" component_2="slow"'


@pytest.mark.parametrize(
    "text",
    [
        CLOCKS.format(
            v="1.0",
            out='public_interface="out"',
            into='public_interface="in"',
            pair="",
            inside=f"<map_components {PAIR}/>",
        ),
        CLOCKS.format(v="2.0", out='interface="public"', into='interface="public"', pair=PAIR, inside=""),
    ],
    ids=["1.0", "2.0"],
)
def test_a_component_may_count_time_in_its_own_unit(tmp_path, text):
    """9 m/s in a component whose time is in seconds, in a model whose time is in ms."""
    found = _read(tmp_path, text)
    assert found.initial == (2.0,)
    assert found.rhs(None, found.initial)[1][0] == pytest.approx(0.009)
    again = text.replace('units="metre">9</cn>', 'units="metre">9</cn></apply><apply><eq/><ci>y</ci>{}')
    again = again.format("<apply><diff/><bvar><ci>t</ci></bvar><ci>x</ci></apply>")
    again = again.replace('<variable name="x"', '<variable name="y" units="metre"/><variable name="x"')
    with pytest.raises(InputError, match="component slow takes derivatives by time in another unit"):
        _read(tmp_path, again)


ELSEWHERE = """<model xmlns="http://www.cellml.org/cellml/2.0#" name="m">
<units name="mm"><unit units="metre" prefix="milli"/></units>
<component name="constants"><variable name="c" units="mm" initial_value="5" interface="public"/></component>
<component name="states"><variable name="c" units="metre" interface="public"/>
<variable name="x" units="metre" initial_value="c" interface="public"/></component>
<component name="main"><variable name="t" units="second"/><variable name="x" units="mm" interface="public"/>
<math xmlns="http://www.w3.org/1998/Math/MathML"><apply><eq/><apply><diff/><bvar><ci>t</ci></bvar><ci>x</ci></apply>
<ci>x</ci></apply></math></component>
<connection component_1="constants" component_2="states"><map_variables variable_1="c" variable_2="c"/></connection>
<connection component_1="states" component_2="main"><map_variables variable_1="x" variable_2="x"/></connection>
</model>"""


def test_a_state_may_start_at_a_variable_of_another_component(tmp_path):
    """CellML 2.0: 5 mm, on their way through a component in metres."""
    assert _read(tmp_path, ELSEWHERE).initial == (pytest.approx(5.0),)


def test_an_encapsulation_of_nothing_is_read_over(tmp_path):
    group = '<group><relationship_ref relationship="encapsulation"/><component_ref component="membrane"/></group>'
    found = _read(tmp_path, CELLML_1.replace("</model>", group + "</model>"))
    assert found.rhs(-60.0, [])[0] == pytest.approx(-0.001)


def test_numbers_without_units_count_as_they_are(tmp_path):
    bare = CELLML_1.replace("<cn cellml:units=", "<cn id=", 1)
    assert bare != CELLML_1
    found = _read(tmp_path, bare)
    assert any("1 numbers in equations have no units" in note for note in found.notes)
    assert found.rhs(-60.0, [])[0] == pytest.approx(-0.001)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(CELLML_1.encode()), "is compressed by gzip: unpack it"),
        (b"PK\x03\x04....", "is a zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a pointer of git LFS"),
        (b" \n", "is empty"),
    ],
)
def test_what_often_stands_in_the_place_of_a_model_is_named(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        _read(tmp_path, content)


def test_blank_lines_before_the_declaration_and_utf16_are_read(tmp_path):
    assert _read(tmp_path, "\n\n" + CELLML_1).v == "membrane.V"
    assert _read(tmp_path, MMT.encode("utf-16"), "m.mmt").v == "membrane.V"


def test_time_may_be_given_the_initial_value_0(tmp_path):
    timed = CELLML_2.replace('name="time"', 'name="time" initial_value="0"')
    assert _read(tmp_path, timed).v == "membrane.V"
