"""CellML of all versions, with the oddities of files in the wild."""

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
