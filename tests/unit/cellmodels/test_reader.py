"""Model files of strangers: each ends in a model or in one message, and nothing of it is executed."""

import pytest

from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.parallel import InputError

GOOD = "[[model]]\nm.V = -80\n[m]\ntime = 0 bind time\ndot(V) = {} label membrane_potential\n"

BAD = {
    "line 5": GOOD.format("1 +"),
    "m.nothing": GOOD.format("m.nothing"),
    "[mV]": GOOD.format("1") + "    in [A]\n",
    "has no states": "[[model]]\n[m]\ntime = 0 bind time\nx = time\n",
    "no [[model]]": "[[protocol]]\n1 0 1 0 0\n",
    "line 1": "\x00\x01 hello",
    "too deeply": GOOD.format("(" * 3000 + "1" + ")" * 3000),
    "partial": GOOD.format("diff(m.x, m.V)") + "x = m.V * 2\n",
}


@pytest.mark.parametrize("words", BAD)
def test_bad_files_are_named(tmp_path, words):
    path = tmp_path / "bad.mmt"
    path.write_text(BAD[words])
    with pytest.raises(InputError) as error:
        read(path)
    assert str(path) in str(error.value)
    assert words in str(error.value) or words == "partial"


def test_files_that_are_no_text(tmp_path):
    path = tmp_path / "binary.mmt"
    path.write_bytes(b"\xfe\x00\x80\xff" * 100)
    with pytest.raises(InputError, match="UTF-8"):
        read(path)
    with pytest.raises(InputError, match="directory"):
        (tmp_path / "folder.mmt").mkdir()
        read(tmp_path / "folder.mmt")


def test_scripts_are_not_executed(tmp_path):
    path = tmp_path / "hostile.mmt"
    victim = tmp_path / "written"
    path.write_text(GOOD.format("1") + f"\n[[script]]\nopen({str(victim)!r}, 'w').write('x')\n")
    assert read(path).v_initial == -80
    assert not victim.exists()


def test_names_do_not_reach_the_c_text(tmp_path):
    from hpc_twin.cellmodels.kernels.pipeline import lower

    path = tmp_path / "names.mmt"
    path.write_text(
        GOOD.format("-system * V").replace("V = -80", "V = -80\nm.int = 1") + "system = 2\ndot(int) = -int\n"
    )
    text, methods = lower(read(path), "rush_larsen")
    assert [m.method for m in methods if m.state == "m.int"] == ["rush_larsen"]
    assert "system" not in text and "m.int" not in text


def test_the_corpus_of_strangers_ends_in_a_model_or_a_message(reference):
    for path in sorted((reference / "import_corpus").glob("*.mmt")):
        try:
            assert read(path).states
        except InputError as error:
            assert str(path) in str(error)
