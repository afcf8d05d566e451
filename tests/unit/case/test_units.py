import time

import pytest

from hpc_twin.parallel import InputError
from hpc_twin.units import HOUSE, parse


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0.17 S/m", "conductivity", 0.17),
        ("1.7 mS/cm", "conductivity", 0.17),
        ("140 /mm", "inverse length", 140.0),
        ("1400 cm^-1", "inverse length", 140.0),
        ("1400 1/cm", "inverse length", 140.0),
        ("0.17 1/(ohm m)", "conductivity", 0.17),
        ("50000 uA/cm^3", "current per volume", 50.0),
        ("50 mA/(cm^2 cm)", "current per volume", 50.0),
        ("1 uF/cm**2", "capacitance per area", 0.01),
        ("-0.08 V", "voltage", -80.0),
        ("1e-3 s", "time", 1.0),
        ("200µm", "length", 0.2),
        (".5 cm²", "area", 50.0),
        ("1.5707963267948966 rad", "angle", 90.0),
    ],
)
def test_house_units(text, kind, value):
    assert parse(text, kind) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("kind", HOUSE)
def test_the_unit_that_a_message_names_is_one_that_is_read(kind):
    assert parse(f"1 {HOUSE[kind]}", kind) == pytest.approx(1, rel=1e-12)


def test_monodomain_needs_no_factor():
    """Cm dV/dt in uF/mm^2 mV/ms, div(sigma grad V) in mS/mm mV/mm^2 and currents agree without a factor."""
    import pint

    unit = pint.UnitRegistry()
    term = unit(HOUSE["inverse length"]) * unit(HOUSE["capacitance per area"]) * unit("mV/ms")
    flux = unit(HOUSE["conductivity"]) * unit("mV/mm^2")
    assert term.to(HOUSE["current per volume"]).magnitude == pytest.approx(1)
    assert flux.to(HOUSE["current per volume"]).magnitude == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 ms", "not a length"),
        ("1", "not a length"),
        (1, "needs a unit.*1 mm"),
        (None, "needs a unit"),
        (True, "needs a unit"),
        ("1 furlongg", "cannot read"),
        ("", "cannot read"),
        ("mm", "cannot read"),
        ("1 mm; 2", "cannot read"),
        ("1 mm/0", "cannot read"),
        ("nan mm", "cannot read"),
        ("1e999 mm", "finite"),
        ("__import__('os').getcwd() mm", "cannot read"),
    ],
)
def test_what_is_no_length_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        parse(text, "length")


@pytest.mark.parametrize("text", ["9**9**9**9 mm", "1 m**9**9**9", "1 " + "a" * 50_000 + "!", "1 " + "(" * 50_000])
def test_hostile_text_costs_no_time(text):
    begin = time.process_time()
    with pytest.raises(InputError):
        parse(text, "length")
    assert time.process_time() - begin < 2
