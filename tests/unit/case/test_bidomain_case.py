"""What a case of a bidomain may say, refused before the mesh is read."""

import pytest
from tools import CELLS, MESH, STIMULUS

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError

TISSUE = """[tissue]
model = "{model}"
until = "2 ms"
[tissue.conductivity]
intracellular = ["0.17 S/m", "0.019 S/m"]
extracellular = ["0.62 S/m", "0.24 S/m"]
"""
TIMED = 'kind = "current"\ncurrent = "2 uA"\nstart = "1 ms"\n'
NEGATIVE = 'kind = "current"\ncurrent = "-2 uA"\n'
PLUS = '[[electrode]]\nname = "plus"\nnode_set = "x0"\n'
MINUS = '[[electrode]]\nname = "minus"\nnode_set = "x1"\n'
VOLT = 'kind = "voltage"\nvoltage = "1 V"\n'
TRAIN = 'period = "0.2 ms"\nduration = "0.1 ms"\n'
LATER = VOLT + 'start = "1 ms"\nduration = "0.5 ms"\n'
GROUND = MINUS + 'kind = "ground"\n'

SHORT = 'duration = "1 ms"\n'


def read(tmp_path, more: str, model="bidomain", tissue=TISSUE):
    path = tmp_path / "case.toml"
    path.write_text("\n".join((MESH.replace("slab", "nothing"), CELLS, tissue.format(model=model), STIMULUS, more)))
    return load_case(path).case


def test_electrodes_are_read_in_house_units(tmp_path):
    case = read(tmp_path, PLUS + 'kind = "current"\ncurrent = "2 mA"\n' + GROUND)
    assert (case.electrode[0].current, case.electrode[1].holds) == (2000.0, True)
    case = read(tmp_path, PLUS + 'kind = "voltage"\nvoltage = "1 V"\nbetween = "held"\n' + GROUND)
    assert (case.electrode[0].voltage, case.electrode[0].holds) == (1000.0, True)
    balanced = PLUS + 'kind = "current"\ncurrent = "2 uA"\n' + MINUS + 'kind = "current"\ncurrent = "-2 uA"\n'
    assert len(read(tmp_path, balanced).electrode) == 2
    overlapping = PLUS + LATER + MINUS + VOLT.replace("1 V", "0 V") + 'period = "3 ms"\nduration = "1.1 ms"\n'
    assert len(read(tmp_path, overlapping).electrode) == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (PLUS + 'kind = "current"\ncurrent = "2 uA"\n', "the currents of plus sum to 2 uA and cannot leave"),
        (PLUS + TIMED + MINUS + NEGATIVE, "the currents of plus sum to 2 uA"),
        (PLUS + 'kind = "voltage"\nvoltage = "1 V"\n', "a single voltage drives no current"),
        (PLUS + LATER + MINUS + VOLT.replace("1 V", "0 V") + SHORT, r"electrode.0 .*no other .* while it is on"),
        (PLUS + VOLT + MINUS + VOLT, r"electrode.0 .*no other electrode holds another potential"),
        (PLUS + VOLT + TRAIN + MINUS + VOLT.replace("1 V", "0 V") + TRAIN + 'start = "0.1 ms"\n', "while it is on"),
        (PLUS + 'kind = "voltage"\n', "needs voltage"),
        (PLUS + 'kind = "current"\n', "either current or strength"),
        (PLUS + 'kind = "ground"\nstart = "1 ms"\n', 'start has no meaning with kind = "ground"'),
        (PLUS + 'kind = "voltage"\nvoltage = "1 V"\ncurrent = "1 uA"\n', "current has no meaning"),
        (PLUS + 'kind = "curent"\n', "current"),
        ("[bidomain]\nevery = 2\n", r'bidomain.every: tissue.model = "bidomain" solves for phi_e in every step'),
        ('[bidomain]\nsolve = "blocks"\n', "block"),
        (
            PLUS + 'kind = "voltage"\nvoltage = "1 V"\nduration = "0.01 ms"\n' + GROUND,
            r"electrode.0.duration: found 0.01 ms, less than tissue.dt = 0.05 ms",
        ),
        ('[bidomain.reference]\nnode_set = "x0"\n' + GROUND, "bidomain.reference: an electrode holds the potential"),
        ('[bath.regions.blood]\nconductivity = ["0 S/m"]\n', r"bath.regions.blood.conductivity.* a bath conducts"),
        (
            '[bath.regions.blood]\nconductivity = ["1 S/m", "0 S/m"]\n',
            "found 0: a bath conducts along all axes; what does not stands in tissue.without",
        ),
        ("[bidomain]\nrtol = 1e-7\n", "bidomain.rtol: phi_e is solved for alone only for output.fields, which do not"),
    ],
)
def test_refused(tmp_path, more, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, more)


@pytest.mark.parametrize(
    ("model", "more", "words"),
    [
        ("monodomain", GROUND, r'electrode: tissue.model = "monodomain" has no electrodes, only "bidomain" has'),
        ("pseudo_bidomain", GROUND, r'tissue.model = "pseudo_bidomain" has no electrodes'),
        ("monodomain", '[bidomain]\nsolve = "block"\n', r'bidomain.solve: tissue.model = "monodomain" has no extra'),
        ("pseudo_bidomain", '[bidomain]\nsolve = "block"\n', "bidomain.solve: .* solves for V alone"),
    ],
)
def test_keys_of_other_models_are_refused(tmp_path, model, more, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, more, model)


def test_both_conductivities_are_needed(tmp_path):
    tissue = '[tissue]\nmodel = "{model}"\nuntil = "2 ms"\n[tissue.conductivity]\neffective = ["0.1 S/m"]\n'
    for model in ("bidomain", "pseudo_bidomain"):
        with pytest.raises(InputError, match="needs intracellular and extracellular"):
            read(tmp_path, "", model, tissue)


@pytest.mark.parametrize("model", ["bidomain", "pseudo_bidomain"])
def test_tissue_without_a_way_back_for_the_current_is_refused(tmp_path, model):
    tissue = TISSUE.replace('["0.62 S/m", "0.24 S/m"]', '["0 S/m"]')
    with pytest.raises(InputError, match=r"tissue\.conductivity\.extracellular: found 0, .* tissue\.without"):
        read(tmp_path, "", model, tissue)
    scar = '[tissue.conductivity.regions.scar]\nintracellular = ["0 S/m"]\nextracellular = ["{} S/m"]\n'
    with pytest.raises(InputError, match=r"tissue\.conductivity\.regions\.scar\.extracellular: found 0"):
        read(tmp_path, scar.format(0), model)
    assert read(tmp_path, scar.format(0.2), model)


@pytest.mark.parametrize("model", ["bidomain", "pseudo_bidomain", "monodomain"])
def test_an_axis_along_which_nothing_conducts_is_refused(tmp_path, model):
    """0 + 0 along one axis leaves phi_e undetermined across it; the monodomain needs no phi_e, its lead fields do."""
    values = {"fibre": ("0", "0"), "sheet": ("0.2 S/m", "0"), "sheet normal": ("0.2 S/m", "0.2 S/m", "0")}
    leads = '[ecg]\nmethod = "lead_field"\n[ecg.electrodes]\na = ["1 mm", "1 mm", "1 mm"]\n'
    more = leads if model == "monodomain" else ""
    for axis, found in values.items():
        words = "[" + ", ".join(f'"{value}"'.replace('"0"', '"0 S/m"') for value in found) + "]"
        scar = f"[tissue.conductivity.regions.scar]\nintracellular = {words}\nextracellular = {{}}\n"
        zero = '["0.3 S/m", "0.3 S/m", "0 S/m"]' if axis == "sheet normal" else '["0.3 S/m", "0 S/m"]'
        if axis == "fibre":
            zero = '["0 S/m", "0.3 S/m"]'
        with pytest.raises(InputError, match=rf"regions\.scar: .* both 0 along the {axis}, which"):
            read(tmp_path, more + scar.format(zero), model)
        assert read(tmp_path, more + scar.format('["0.3 S/m"]'), model)
        if model == "monodomain":
            assert read(tmp_path, scar.format(zero), model)


def test_a_clock_that_nobody_reads_need_not_fit(tmp_path):
    """By default traces have a row every 0.5 ms, which is no multiple of 0.2 ms; without probes there are none."""
    tissue = TISSUE.replace("[tissue]\n", '[tissue]\ndt = "0.2 ms"\n')
    assert read(tmp_path, "", tissue=tissue).tissue.dt == 0.2
    for more in ('[probes]\na = ["1 mm", "1 mm", "1 mm"]\n', '[output]\ntrace_every = "0.5 ms"\n'):
        with pytest.raises(InputError, match=r"output.trace_every: found 0.5 ms, it must be a multiple"):
            read(tmp_path, more, tissue=tissue)
