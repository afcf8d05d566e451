"""What the door finds in a model, in which order it looks, and what it says of its guesses."""

import numpy as np
import pytest

from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.parallel import InputError

HEAD = "[[model]]\n{starts}\n[e]\nt = 0 {t} bind time\n    in {t}\n[cell]\n"


@pytest.fixture
def model(tmp_path):
    """Write an .mmt with these start values and this body (of the component ``cell``); return what is read."""

    def write(starts, body, labels=None, t="[ms]"):
        path = tmp_path / "m.mmt"
        lines = "\n".join(f"cell.{name} = {value}" for name, value in starts.items())
        path.write_text(HEAD.format(starts=lines, t=t) + body)
        return read(path, labels=labels)

    return write


PASSIVE = "dot({v}) = -0.1 [1/ms] * {v}\n    in {unit}\n"


@pytest.mark.parametrize("name", ["V", "v", "Vm", "V_m", "E", "Em", "membrane_potential", "voltage", "V_ode"])
def test_v_by_name_and_unit(model, name):
    found = model({"x": 1, name: -80}, "dot(x) = -x\n" + PASSIVE.format(v=name, unit="[mV]"))
    assert found.v == f"cell.{name}" and found.states == ("cell.x",)
    assert f"membrane potential: cell.{name}, by its name and unit" in found.notes


def test_annotation_beats_name_and_name_beats_unit(model):
    both = PASSIVE.format(v="V", unit="[mV]") + PASSIVE.format(v="psi", unit="[mV]")
    assert model({"V": -80, "psi": -150}, both).v == "cell.V"
    assert model({"V": -80, "psi": -150}, both.replace("* psi", "* psi label membrane_potential")).v == "cell.psi"
    assert model({"V": -80, "psi": -150}, both, {"v": "cell.psi"}).v == "cell.psi"
    assert model({"psi": -150}, PASSIVE.format(v="psi", unit="[mV]")).v == "cell.psi"


def test_v_without_unit_in_what_looks_electrical(model):
    fitzhugh = "dot(v) = v - v^3 / 3 - w + i_stim\ni_stim = 0\ndot(w) = 0.08 * (v + 0.7 - 0.8 * w)\n"
    found = model({"v": -1, "w": 1}, fitzhugh)
    assert found.v == "cell.v" and found.labels["stimulus_current"] == "cell.i_stim"
    assert any("no unit" in note for note in found.notes)
    aliev = "dot(u) = -8 * u * (u - 0.15) * (u - 1) - u * v\ndot(v) = 0.01 * (-v - 8 * u * (u - 1.15))\n"
    assert model({"u": 0, "v": 0}, aliev).v == "cell.u"


def test_models_without_v(model):
    volume = model({"x": 1, "V": 2}, "dot(x) = -x\ndot(V) = -V\n    in [L]\n")
    assert volume.v is None and any("no unit of potential" in note for note in volume.notes)
    assert model({"x": 1}, "dot(x) = -x\n").v is None
    body = PASSIVE.format(v="V", unit="[mV]")
    assert model({"V": -80}, body, {"membrane_potential": "none"}).v is None


@pytest.mark.parametrize(
    ("v", "t", "to_mv", "to_ms"),
    [
        ("[mV]", "[ms]", 1, 1),
        ("[V]", "[s]", 1e3, 1e3),
        ("[mV]", "[s]", 1, 1e3),
        ("[V]", "[s (60)]", 1e3, 6e4),
        ("[uV]", "[us]", 1e-3, 1e-3),
    ],
)
def test_v_in_mv_and_time_in_ms(model, v, t, to_mv, to_ms):
    """dV/dt = a V + b t and dx/dt = -x + V, in whatever units, are the same equations in mV and ms."""
    body = f"dot(V) = -2 * V + 3 * e.t\n    in {v}\ndot(x) = V - x\n"
    found = model({"V": -5, "x": 0.5}, body, t=t)
    assert found.v_initial == pytest.approx(-5 * to_mv) and found.units["cell.V"] == "mV"
    V, now = np.array([7.0, -30.0]), 4.0
    v_rate, (x_rate,) = found.rhs(V, [0.5], now, stimulus=2.5)
    np.testing.assert_allclose(v_rate, (-2 * V / to_mv + 3 * now / to_ms) * to_mv / to_ms + 2.5, rtol=1e-12)
    np.testing.assert_allclose(x_rate, (V / to_mv - 0.5) / to_ms, rtol=1e-12)


def test_units_of_other_quantities_are_refused(model):
    with pytest.raises(InputError, match=r"membrane potential \(cell.V\) is in \[A\]"):
        model({"V": 1}, "dot(V) = -V label membrane_potential\n    in [A]\n")
    with pytest.raises(InputError, match=r"time \(e.t\) is in \[m\]"):
        model({"V": 1}, "dot(V) = -V\n    in [mV]\n", t="[m]")


@pytest.mark.parametrize("name", ["Cai", "Ca_i", "cai", "Ca_cyt", "cytosolic_calcium"])
def test_calcium_and_force(model, name):
    body = (
        f"dot({name}) = -{name}\n    in [mM]\nTension = 20 [Pa] * {name}\n    in [Pa]\nCa_o = {name} * 2\n    in [mM]\n"
    )
    found = model({name: 1e-4}, body)
    assert found.labels["intracellular_calcium"] == f"cell.{name}"
    assert found.labels["contraction_force"] == "cell.Tension"
    assert found.units[f"cell.{name}"] == "mM" and found.units["cell.Tension"] == "Pa"


def test_wrong_labels_are_named(model):
    body = PASSIVE.format(v="V", unit="[mV]") + "x = V\n"
    for labels, words in (
        ({"membrane_potental": "cell.V"}, "did you mean 'membrane_potential'"),
        ({"v": "cell.VV"}, "did you mean 'cell.V'"),
        ({"v": "cell.x"}, "no state"),
    ):
        with pytest.raises(InputError, match=words):
            model({"V": -80}, body, labels)


def test_variables_and_parameters_have_units_and_values(model):
    body = "g = 2 [mS/cm^2]\n    in [mS/cm^2]\ni = g * V\n    in [uA/cm^2]\ndot(V) = -i\n    in [mV]\n"
    found = model({"V": -80}, body)
    assert found.parameters["cell.g"].value == 2 and found.parameters["cell.g"].unit == "mS/cm^2"
    assert set(found.variables) == {"cell.i"} and found.units["cell.i"] == "uA/cm^2"
