import pytest
from tools import CELLS, STIMULUS, TISSUE, case_text

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError


def load(folder, text=None, overrides=()):
    path = folder / "case.toml"
    path.write_text(case_text() if text is None else text)
    return load_case(path, overrides)


def test_values_are_in_house_units(tmp_path):
    case = load(tmp_path).case
    assert case.tissue.dt == 0.1 and case.tissue.conductivity.effective == (0.13, 0.02)
    assert case.stimulus[0].box.max == (1, 3, 2) and case.stimulus[0].strength == 50
    assert case.tissue.surface_to_volume * case.tissue.capacitance == pytest.approx(1.4)


def test_folder_stands_for_its_case(tmp_path):
    load(tmp_path)
    loaded = load_case(tmp_path)
    assert loaded.folder == tmp_path and loaded.source == str(tmp_path / "case.toml")


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ('tissue.dt="0.05 ms"', lambda c: c.tissue.dt == 0.05),
        ("tissue.dt=0.05 ms", lambda c: c.tissue.dt == 0.05),
        ("cells.substeps=3", lambda c: c.cells.substeps == 3),
        ("output.fields=['V']", lambda c: c.output.fields == ("V",)),
        ('cells.parameters."a.b"=0.5x', lambda c: c.cells.parameters == {"a.b": "0.5x"}),
        ("solver.options.ksp_type=cr", lambda c: c.solver.options == {"ksp_type": "cr"}),
        ("title=a=b", lambda c: c.title == "a=b"),
    ],
)
def test_overrides(tmp_path, override, found):
    loaded = load(tmp_path, overrides=[override])
    assert found(loaded.case) and loaded.text.endswith(f"# --set {override}")


@pytest.mark.parametrize(
    "override", ["", "tissue.dt", "=1", "tissue..dt=1", "cells.model.x=1", "a b=1", "tissue.dtt=1 ms"]
)
def test_wrong_overrides(tmp_path, override):
    with pytest.raises(InputError, match=r"--set|unknown key"):
        load(tmp_path, overrides=[override])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[cells]", "[cels]"), r"unknown key cels; did you mean 'cells'\?"),
        (("dt = ", "dtt = "), r"unknown key tissue\.dtt; did you mean 'dt'\? \(known here: model, order,"),
        (("max = ", "maxx = "), r"stimulus\.0\.box\.maxx; did you mean 'max'\?"),
        (('"0.1 ms"', '"0.1 mm"'), r'tissue\.dt: found "0\.1 mm", which is not a time'),
        (('"0.1 ms"', "0.1"), r"tissue\.dt: found 0\.1, a time needs a unit"),
        (('"0.1 ms"', '"0 ms"'), r"tissue\.dt: found 0, it must be greater than 0"),
        (('"0.1 ms"', '"-1 ms"'), r"tissue\.dt: found -1"),
        (('"0.1 ms"', '"0.3 ms"'), r"tissue\.until: found 2 ms, it must be a multiple of tissue\.dt"),
        (('"0.13 S/m", "0.02 S/m"', ""), "found 0 conductivities"),
        (('"0.13 S/m"', '"-1 S/m"'), r"effective\.0: found -1, it must not be negative"),
        (("effective", "intracellular"), "give effective, or both"),
        (('[mesh]\ngenerate = "slab"\n', "[mesh]\n"), "either mesh.file or mesh.generate"),
        (("[mesh]\n", '[mesh]\nfile = "a.vtu"\n'), "either mesh.file or mesh.generate"),
        (('max = ["1 mm", "3 mm", "2 mm"]', 'max = ["1 mm"]'), r"stimulus\.0\.box\.max"),
        (("[[stimulus]]\n", '[[stimulus]]\nregion = "a"\n'), "found box and region"),
        (("[[stimulus]]\n", "[[stimulus]]\ncount = 2\n"), "count needs a period"),
        (("[[stimulus]]\n", '[[stimulus]]\nperiod = "1 ms"\n'), "period is shorter"),
        (("[cells]\n", "[cells]\nsubsteps = 0\n"), r"cells\.substeps: found 0; input should be greater"),
        (("[cells]\n", "[cells]\nlayers.top.model = 'x'\n"), "found top, allowed are endo, mid, epi"),
        (("[cells]\n", "[cells]\nlayer_depths = [0.2, 0.8]\n"), "layer_depths belongs to layers"),
        (
            ("[cells]\n", "[cells]\nlayers.mid.model = 'x'\nlayer_depths = [0.8, 0.2]\n"),
            "layer_depths: found 0.8 and 0.2",
        ),
        ((TISSUE, ""), "tissue is missing"),
        ((CELLS, ""), "cells is missing"),
        ((STIMULUS, "[fibres]\nrule = 'constant'\n"), "direction"),
        ((STIMULUS, "[fibres]\nrule = 'constant'\ndirection = [0, 0, 0]\n"), "length zero"),
        (
            (STIMULUS, "[fibres]\nrule = 'constant'\ndirection = [nan, 0, 0]\n"),
            "found nan; input should be a finite number",
        ),
        ((STIMULUS, "[partition]\nmethod = 'meti'\n"), "partition.method: found 'meti'.*did you mean 'metis'"),
        ((STIMULUS, "[a"), "not valid TOML"),
    ],
)
def test_what_is_refused(tmp_path, change, words):
    assert change[0] in case_text()
    with pytest.raises(InputError, match=words) as caught:
        load(tmp_path, case_text().replace(*change))
    assert str(tmp_path / "case.toml") in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path):
    text = case_text().replace("dt =", "dtt =").replace("[cells]\n", "[cells]\nschema = 1\n")
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert "tissue.dtt" in str(caught.value) and "cells.schema" in str(caught.value)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("output.state=['x']", 'output.state.0: found "x", cannot read it as a time: '),
        ("output.state=x", "output.state: found 'x', allowed are \"end\", or times"),
        ("solver.options.a=[1]", "solver.options.a: found [1]; input should be a valid string or a valid integer or"),
        ("tissue.mass=7", "tissue.mass: found 7; input should be 'lumped' or 'consistent' or less than or equal to 1"),
        ("probes.int=1", "probes.int: found 1; input should be a valid tuple"),
    ],
)
def test_what_may_be_this_or_that_is_told_in_one_line(tmp_path, override, words):
    with pytest.raises(InputError) as caught:
        load(tmp_path, overrides=[override])
    assert str(caught.value).startswith(f"{tmp_path / 'case.toml'}: {words}") and "\n" not in str(caught.value)


def test_missing_and_unreadable_files(tmp_path):
    load(tmp_path)
    with pytest.raises(InputError, match=r"no such case file; did you mean 'case\.toml'\?"):
        load_case(tmp_path / "cas.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not UTF-8"):
        load_case(tmp_path / "binary.toml")
