"""What every model of the library must have: units, labels, a source, finite rates, a resting state or a rhythm."""

import re
from functools import cache

import myokit
import numpy as np
import pytest

from hpc_twin.cellmodels import load
from hpc_twin.cellmodels.reading.reader import read, tomllib
from hpc_twin.cellmodels.registry import FOLDER, INITIAL_STATES, LIBRARY

FILES = sorted(path.name for path in FOLDER.glob("*.mmt"))
BY_FILE = {entry.file: name for name, entry in LIBRARY.items()}
RHYTHMIC = {name for name, entry in LIBRARY.items() if "drives itself" in entry.tissue}
WITHOUT_CALCIUM = {  # models of V and gates, and of scaled variables
    "aliev_panfilov_1996.mmt",
    "bueno_orovio_2008.mmt",
    "fitzhugh_nagumo_1961.mmt",
    "hodgkin_huxley_1952.mmt",
    "mitchell_schaeffer_2003.mmt",
    "noble_1962.mmt",
}


@cache
def _model(file: str) -> myokit.Model:
    return myokit.load_model(str(FOLDER / file))


def test_files_and_registry_agree():
    assert sorted(BY_FILE) == FILES


@pytest.mark.parametrize("file", FILES)
def test_units_are_consistent(file):
    """Strictly: what has no unit is dimensionless, so that a forgotten unit is an error."""
    _model(file).check_units(myokit.UNIT_STRICT)
    assert _model(file).time().unit() == myokit.units.ms
    assert _model(file).label("membrane_potential").unit() == myokit.units.mV


def test_a_forgotten_unit_is_noticed():
    text = (FOLDER / "mitchell_schaeffer_2003.mmt").read_text().replace("tau = 6 [ms]\n    in [ms]", "tau = 6")
    with pytest.raises(myokit.IncompatibleUnitError):
        myokit.parse(text)[0].check_units(myokit.UNIT_STRICT)


@pytest.mark.parametrize("file", FILES)
def test_labels(file):
    labels = {label for label, _ in _model(file).labels()}
    wanted = {"membrane_potential"}
    wanted |= set() if file in WITHOUT_CALCIUM else {"intracellular_calcium"}
    wanted |= set() if BY_FILE[file] in RHYTHMIC else {"stimulus_current"}
    assert labels == wanted
    own = read(BY_FILE[file]).own_stimulus
    assert own is None if BY_FILE[file] in RHYTHMIC else own.amplitude > 0


@pytest.mark.parametrize("file", FILES)
def test_the_description_names_the_paper(file):
    """Name of the file = first author and year, both in the description with volume and pages."""
    text = " ".join(_model(file).meta["desc"].split())
    author, year = file.split("_")[0], re.search(r"\d{4}", file).group()
    assert author[:4] in re.sub(r"[^a-z]", "", text.lower())
    assert re.search(r"\d+(\(\d+\))?:e?H?\d+", text), "journal volume and pages"
    assert f"({year})" in text or "Li Z et al. (2017)" in text
    assert _model(file).name() == file.removesuffix(".mmt")


@pytest.mark.parametrize("name", LIBRARY)
def test_metadata(name):
    entry = LIBRARY[name]
    assert all((entry.species, entry.tissue, entry.licence))
    source = r"^.*[A-Z].* \d{4}, doi:10\.\d{4,5}/\S+$"
    assert re.match(source, entry.source)
    assert re.search(r"\d{4}", name).group() in entry.source
    constants = {v.qname() for v in _model(entry.file).variables(const=True)}
    assert set(entry.parameters) <= constants


def test_initial_states_are_of_the_library():
    for name, states in tomllib.loads(INITIAL_STATES.read_text()).items():
        assert set(states) == {s.qname() for s in _model(LIBRARY[name].file).states()}


@pytest.mark.parametrize("file", FILES)
def test_rates_are_finite_at_all_voltages(file):
    """From -100 to 60 mV in steps of 0.01 mV, on which the singular points of the papers' formulas lie."""
    equations = read(BY_FILE[file])
    V = np.round(np.arange(-10000, 6001) / 100, 2)
    dV, dy = equations.rhs(V, np.array(equations.initial)[:, None])
    assert all(np.isfinite(rate).all() for rate in (dV, *dy))


@pytest.mark.parametrize("name", LIBRARY)
def test_rests_or_beats(name):
    """Left alone, V moves by less than 10 mV in 0.4 s, or by more than 50 mV in 2 s in a cell that drives itself."""
    kernel, dt = load(name, scheme="auto"), 0.02
    V, y = np.array([kernel.v_initial]), kernel.new_states(1)
    path = []
    for t in range(0, 2000 if name in RHYTHMIC else 400, 10):
        kernel.advance(V, y, None, t, 10.0, round(10 / dt))
        path.append(V[0])
    assert np.isfinite(y).all()
    assert np.ptp(path) > 50 if name in RHYTHMIC else np.ptp(path) < 10


@pytest.mark.parametrize("name", ["tentusscher_2006_m", "ohara_rudy_2011_epi", "mahajan_shiferaw_2008_slow_ito"])
def test_a_factor_is_one_of_the_variant(name):
    """Once a constant is what it is in this variant, whether folded or varying."""
    plain = read(name)
    constants = list(plain.parameters)
    V, states = plain.v_initial + 30, plain.initial
    expected = [float(x) for x in (plain.rhs(V, states)[0], *plain.rhs(V, states)[1])]
    for changed in (read(name, dict.fromkeys(constants, "1x")), read(name, varying=constants[-5:])):
        v_rate, rates = changed.rhs(V, states)
        np.testing.assert_allclose([float(v_rate), *map(float, rates)], expected, rtol=1e-12, atol=1e-15)


def test_factors_meet_the_other_changes():
    values = read("tentusscher_2006_epi", {"cell.type": 2, "iks.g": "0.5x"}).parameters
    assert values["iks.g"].value == pytest.approx(0.049)
