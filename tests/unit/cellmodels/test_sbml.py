"""SBML: the meaning of species, compartments, rules and functions; units; parameters; what is refused."""

import math

import numpy as np
import pytest

from hpc_twin.cellmodels.equations import TIME
from hpc_twin.cellmodels.expressions.algebra import sub
from hpc_twin.cellmodels.expressions.ir import evaluate, num, var
from hpc_twin.cellmodels.kernels.kernel import compiled
from hpc_twin.cellmodels.reading import reader
from hpc_twin.cellmodels.reading.sbml import read_sbml
from hpc_twin.cellmodels.reading.sbml.fast import solved
from hpc_twin.parallel import InputError

MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>'
CSYMBOL = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/{0}">{0}</csymbol>'
L3 = '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model {}>{}</model></sbml>'
L2 = '<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model>{}</model></sbml>'
MINUTE = (
    '<listOfUnitDefinitions><unitDefinition id="{}"><listOfUnits>'
    '<unit kind="second" exponent="1" scale="0" multiplier="60"/></listOfUnits></unitDefinition>'
    "</listOfUnitDefinitions>"
)
DECAY = """<listOfCompartments><compartment id="c" size="2" constant="true"/></listOfCompartments>
<listOfSpecies><species id="S" compartment="c" initialAmount="6" boundaryCondition="false" constant="false"
 hasOnlySubstanceUnits="{}"/></listOfSpecies>
<listOfParameters><parameter id="k" value="0.5" constant="true"/></listOfParameters>
<listOfReactions><reaction id="r" reversible="false"><listOfReactants><speciesReference species="S" stoichiometry="1"
 {}/></listOfReactants><kineticLaw>{}</kineticLaw></reaction></listOfReactions>"""
LAW = MATH.format("<apply><times/><ci>k</ci><ci>S</ci><ci>c</ci></apply>")
REF = 'constant="true"'


def parameters(**values: float | None) -> str:
    """Parameters that may change; None gives no value."""
    given = {name: "" if value is None else f'value="{value}"' for name, value in values.items()}
    texts = [f'<parameter id="{name}" {value} constant="false"/>' for name, value in given.items()]
    return f"<listOfParameters>{''.join(texts)}</listOfParameters>"


def rules(**formulas: str) -> str:
    """Assignment rules; those whose name begins with d_ are rate rules."""
    texts = [
        f'<rateRule variable="{name[2:]}">{MATH.format(formula)}</rateRule>'
        if name.startswith("d_")
        else f'<assignmentRule variable="{name}">{MATH.format(formula)}</assignmentRule>'
        for name, formula in formulas.items()
    ]
    return f"<listOfRules>{''.join(texts)}</listOfRules>"


@pytest.fixture
def read(tmp_path):
    def read(text, **options):
        path = tmp_path / "model.xml"
        path.write_text(text)
        return read_sbml(path, **options)

    return read


def rates(equations, states=None, t=0.0, **values):
    """Rates per unit of the file's time, by state."""
    ms = float(equations.units[TIME].split()[0])
    found = equations.rhs(None, equations.initial if states is None else states, t, parameters=values)[1]
    return {name: float(rate) * ms for name, rate in zip(equations.states, found, strict=True)}


def value(equations, name, t=0.0):
    """A variable at the initial state."""
    known = {TIME: t, **dict(zip(equations.states, equations.initial, strict=True))}
    return float(evaluate([equations.variables[name]], known)[0])


def test_a_species_is_a_concentration_or_an_amount(read):
    concentration = read(L3.format("", DECAY.format("false", REF, LAW)))
    assert concentration.initial == (3.0,)
    assert rates(concentration) == {"S": pytest.approx(-0.5 * 3)}
    assert value(concentration, "S.amount") == 6 and value(concentration, "r") == pytest.approx(3)
    amount = read(L3.format("", DECAY.format("true", REF, LAW)))
    assert amount.initial == (6.0,)
    assert rates(amount) == {"S": pytest.approx(-0.5 * 6 * 2)}
    assert value(amount, "S.concentration") == 3


def test_levels_mean_the_same(read):
    old = """<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model>
    <listOfCompartments><compartment name="c" volume="2"/></listOfCompartments>
    <listOfSpecies><species name="S" compartment="c" initialAmount="6"/></listOfSpecies>
    <listOfParameters><parameter name="k" value="0.5"/></listOfParameters>
    <listOfReactions><reaction name="r"><listOfReactants><speciesReference species="S"/></listOfReactants>
    <kineticLaw formula="k*S*c"/></reaction></listOfReactions></model></sbml>"""
    for text in (old, L2.format(DECAY.format("false", "", LAW)), L3.format("", DECAY.format("false", REF, LAW))):
        assert rates(read(text)) == {"S": pytest.approx(-1.5)}


def test_time_is_rescaled(read):
    text = L3.format('timeUnits="minute"', MINUTE.format("minute") + DECAY.format("false", REF, LAW))
    assert read(text).units[TIME] == "60000.0 ms"
    assert read(L2.format(MINUTE.format("time") + DECAY.format("false", "", LAW))).units[TIME] == "60000.0 ms"
    undeclared = read(L3.format("", DECAY.format("false", REF, LAW)))
    assert undeclared.units[TIME] == "1000.0 ms" and "seconds" in undeclared.notes[-1]
    clock = parameters(x=0) + rules(d_x=CSYMBOL.format("time"))
    equations = read(L3.format('timeUnits="minute"', MINUTE.format("minute") + clock))
    assert rates(equations, t=120_000.0) == {"x": pytest.approx(2)}


def test_a_growing_compartment_dilutes(read):
    growing = DECAY.replace('size="2" constant="true"', 'size="2" constant="false"')
    text = L3.format("", growing.format("false", REF, LAW) + rules(d_c="<cn>1</cn>"))
    equations = read(text)
    assert dict(zip(equations.states, equations.initial, strict=True)) == {"c": 2.0, "S.amount": 6.0}
    assert rates(equations, [4.0, 6.0]) == {"c": 1.0, "S.amount": pytest.approx(-0.5 * 1.5 * 4)}
    assert value(equations, "S") == 3


def test_parameters_replace_vary_and_feed_initial_values(read):
    start = '<listOfInitialAssignments><initialAssignment symbol="x">{}</initialAssignment></listOfInitialAssignments>'
    start = start.format(MATH.format("<apply><plus/><ci>k</ci><cn>1</cn></apply>"))
    text = L3.format("", parameters(k=2, x=0) + start + rules(d_x="<apply><times/><ci>k</ci><ci>x</ci></apply>"))
    assert read(text).initial == (3.0,)
    halved = read(text, parameters={"k": "0.5x"})
    assert halved.initial == (2.0,) and rates(halved) == {"x": 2.0} and halved.parameters["k"].value == 1
    open_ = read(text, parameters={"k": 4}, varying=["k"])
    assert open_.initial == (5.0,)
    assert rates(open_) == {"x": 20.0} and rates(open_, k=10.0) == {"x": 50.0}
    with pytest.raises(InputError, match="no parameter 'kk'; did you mean 'k'"):
        read(text, parameters={"kk": 1})
    missing = text.replace('value="2"', "")
    with pytest.raises(InputError, match="parameter k has no value"):
        read(missing)
    assert read(missing, parameters={"k": 2}).initial == (3.0,)


ONE = {
    "exp": math.exp,
    "ln": math.log,
    "factorial": lambda x: math.gamma(x + 1),
    **{name: getattr(math, name) for name in ("floor", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "abs": abs,
    "ceiling": math.ceil,
    "minus": lambda x: -x,
    "root": math.sqrt,
    "log": math.log10,
    "arctan": math.atan,
    "arcsinh": math.asinh,
    **{f"arc{name}": lambda x, f=f: f(1 / x) for name, f in (("sec", math.acos), ("csc", math.asin))},
    **{name: lambda x, f=f: 1 / f(x) for name, f in (("sec", math.cos), ("csc", math.sin), ("cot", math.tan))},
    **{name: lambda x, f=f: 1 / f(x) for name, f in (("sech", math.cosh), ("csch", math.sinh), ("coth", math.tanh))},
    "arccosh": math.acosh,
    "arccot": lambda x: math.atan(1 / x),
    "arccoth": lambda x: math.atanh(1 / x),
    "arccsch": lambda x: math.asinh(1 / x),
    "not": lambda x: 0.0,
}


def formula_value(read, formula: str, x: float) -> float:
    """A formula of a state x."""
    return value(read(L3.format("", parameters(x=x, y=0) + rules(d_x="<cn>0</cn>", y=formula))), "y")


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_argument(read, name):
    assert formula_value(read, f"<apply><{name}/><ci>x</ci></apply>", 1.7) == pytest.approx(ONE[name](1.7), rel=1e-12)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("<apply><plus/></apply>", 0),
        ("<apply><times/></apply>", 1),
        ("<apply><lt/><cn>1</cn><ci>x</ci><cn>3</cn><cn>2</cn></apply>", 0),
        ("<apply><lt/><cn>1</cn><ci>x</ci><cn>3</cn></apply>", 1),
        ("<apply><xor/><true/><apply><gt/><ci>x</ci><cn>0</cn></apply><true/></apply>", 1),
        ("<apply><implies/><apply><gt/><ci>x</ci><cn>0</cn></apply><false/></apply>", 0),
        ("<apply><max/><ci>x</ci><cn>-3</cn><cn>5</cn></apply>", 5),
        ("<apply><min/><ci>x</ci><cn>-3</cn><cn>5</cn></apply>", -3),
        ("<apply><quotient/><apply><minus/><ci>x</ci></apply><cn>1</cn></apply>", -1),
        ("<apply><rem/><apply><minus/><ci>x</ci></apply><cn>1</cn></apply>", -0.7),
        ("<apply><root/><degree><cn>3</cn></degree><cn>8</cn></apply>", 2),
        ("<apply><log/><logbase><cn>2</cn></logbase><cn>8</cn></apply>", 3),
        ("<piecewise><piece><cn>7</cn><apply><gt/><ci>x</ci><cn>1</cn></apply></piece></piecewise>", 7),
        ("<piecewise><piece><cn>7</cn><apply><lt/><ci>x</ci><cn>1</cn></apply></piece></piecewise>", math.nan),
        ('<cn type="e-notation">2<sep/>-3</cn>', 2e-3),
        ('<cn type="rational">1<sep/>4</cn>', 0.25),
    ],
)
def test_other_functions(read, formula, expected):
    assert formula_value(read, formula, 1.7) == pytest.approx(expected, nan_ok=True)


def test_rates_of_other_symbols(read):
    rate = "<apply>" + CSYMBOL.format("rateOf") + "{}</apply>"
    square = "<apply><times/><ci>x</ci><ci>x</ci></apply>"
    model = parameters(x=3, y=0, z=0) + rules(d_x="<cn>2</cn>", y=square, z=rate.format("<ci>y</ci>"))
    assert value(read(L3.format("", model)), "z") == pytest.approx(2 * 3 * 2)
    clock = parameters(t=0, z=0) + rules(t=CSYMBOL.format("time"), z="<apply><ci>f0</ci><ci>t</ci></apply>")
    text = functions(rate.format("<ci>x</ci>")) + clock
    assert value(read(L3.format("", text)), "z") == 1


def test_a_fast_reaction_stays_in_equilibrium(read):
    """A = B at once: half of the total each, while a rule feeds nothing and C decays A."""
    text = """<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model>
    <listOfCompartments><compartment id="c" size="1"/></listOfCompartments><listOfSpecies>
    <species id="A" compartment="c" initialAmount="4"/><species id="B" compartment="c" initialAmount="0"/>
    </listOfSpecies><listOfReactions>
    <reaction id="f" fast="true"><listOfReactants><speciesReference species="A"/></listOfReactants><listOfProducts>
    <speciesReference species="B"/></listOfProducts><kineticLaw>{}</kineticLaw></reaction>
    <reaction id="s"><listOfReactants><speciesReference species="A"/></listOfReactants><kineticLaw>{}</kineticLaw>
    </reaction></listOfReactions></model></sbml>"""
    equal = MATH.format("<apply><minus/><ci>A</ci><ci>B</ci></apply>")
    equations = read(text.format(equal, MATH.format("<ci>A</ci>")))
    assert equations.initial == pytest.approx((2, 2))
    assert rates(equations) == {"A": pytest.approx(-1), "B": pytest.approx(-1)}


def test_fluxes_are_solved_for_whatever_the_pivots():
    x, zero = var("x"), num(0)
    matrix, right = [[zero, x, num(2)], [num(3), zero, x], [x, num(1), zero]], [num(16), num(15), num(12)]
    found = [float(value) for value in evaluate(solved(matrix, right), {"x": 5.0})]
    assert np.allclose(np.array([[0, 5, 2], [3, 0, 5], [5, 1, 0]]) @ found, [16, 15, 12])
    assert evaluate(solved([[sub(x, x)]], [num(1)]), {"x": 5.0}) == [0]  # nothing determines it


VOLT = """<listOfUnitDefinitions><unitDefinition id="mV"><listOfUnits>
<unit kind="volt" exponent="1" scale="-3" multiplier="1"/></listOfUnits></unitDefinition></listOfUnitDefinitions>"""


@pytest.mark.parametrize(("unit", "in_mv"), [("volt", 1000.0), ("mV", 1.0)])
def test_a_potential_is_found_by_its_unit(read, unit, in_mv):
    model = parameters(u=2, w=1).replace('id="u"', f'id="u" units="{unit}"')
    falls = rules(d_u="<apply><minus/><ci>u</ci></apply>", d_w="<ci>u</ci>")
    text = L3.format('timeUnits="second"', VOLT + model + falls)
    equations = read(text)
    assert (equations.v, equations.v_initial, equations.states) == ("u", 2 * in_mv, ("w",))
    v_rate, (w_rate,) = equations.rhs(3 * in_mv, [1.0], stimulus=7.0)
    assert v_rate == pytest.approx(-3 * in_mv / 1000 + 7) and w_rate == pytest.approx(3 / 1000)
    assert read(text, labels={"v": "none"}).v is None
    assert read(text, labels={"v": "w"}).v == "w"
    with pytest.raises(InputError, match="label membrane_potential: no state 'x'"):
        read(text, labels={"v": "x"})


def test_a_bare_v_is_a_potential_beside_conductances_only(read):
    cell = parameters(V=-65, gNa=120, gK=36) + rules(d_V="<apply><minus/><ci>gK</ci></apply>")
    assert read(model(cell)).v == "V"
    assert read(model(cell.replace("gNa", "kNa"))).v is None  # a volume, a velocity


def test_calcium_is_found_by_id_or_name_and_a_stimulus_of_the_file_is_said(read):
    sine = f"<apply><sin/>{CSYMBOL.format('time')}</apply>"
    cell = parameters(Vm=-65, Ca_i=1, X=2) + rules(d_Vm=sine, d_Ca_i="<cn>1</cn>", d_X="<cn>1</cn>")
    found = read(model(cell))
    assert found.labels == {"membrane_potential": "Vm", "intracellular_calcium": "Ca_i"}
    assert any("flows on beside the stimulus" in note for note in found.notes)
    named = cell.replace("Ca_i", "Z").replace('id="X"', 'id="X" name="Cytoplasmic Calcium"')
    assert read(model(named)).labels["intracellular_calcium"] == "X"
    assert "intracellular_calcium" not in read(model(cell), labels={"cai": "none"}).labels


def test_the_door_refuses_what_has_no_states(tmp_path):
    path = tmp_path / "still.xml"
    path.write_text(model(parameters(a=1)))
    with pytest.raises(InputError, match="it has no states"):
        reader.read(path)


def test_names_of_c_and_of_the_house_are_names_like_others(read):
    model = parameters(int=1, double=2, time=3) + rules(d_int="<ci>double</ci>", d_time="<ci>int</ci>")
    equations = read(L3.format('timeUnits="second"', model))
    assert equations.states == ("int", "time_")
    kernel = compiled(equations, "forward_euler")
    states = kernel.new_states(2)
    kernel.advance(None, states, None, 0.0, 1000.0)
    assert np.allclose(states, [[3, 3], [4, 4]])


def model(inside: str) -> str:
    return L3.format("", inside)


def functions(*bodies: str) -> str:
    """Functions f0, f1, ... of x."""
    one = MATH.format("<lambda><bvar><ci>x</ci></bvar>{}</lambda>")
    texts = [f'<functionDefinition id="f{k}">{one.format(body)}</functionDefinition>' for k, body in enumerate(bodies)]
    return f"<listOfFunctionDefinitions>{''.join(texts)}</listOfFunctionDefinitions>"


CALL = parameters(x=1) + rules(d_x="<apply><ci>f0</ci><ci>x</ci></apply>")
SELF = "<apply><ci>f0</ci><ci>x</ci></apply>"
TWICE = """<apply><plus/><apply><ci>f{0}</ci><apply><times/><ci>x</ci><cn>{0}</cn></apply></apply>
<apply><ci>f{0}</ci><ci>x</ci></apply></apply>"""
BOMB = functions(*(TWICE.format(k) for k in range(1, 41)), "<ci>x</ci>")
CYCLE = parameters(a=None, b=None) + rules(a="<ci>b</ci>", b="<apply><sin/><ci>a</ci></apply>")
EVENT = f"""<listOfEvents><event id="e" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">
{MATH.format("<true/>")}</trigger></event></listOfEvents>"""
DELAY = f"<apply>{CSYMBOL.format('delay')}<ci>x</ci><cn>1</cn></apply>"
PACKAGE = 'xmlns:p="http://www.sbml.org/sbml/level3/version1/comp/version1" p:required="true" level'
DEEP = "<apply><minus/>" * 3000 + "<cn>1</cn>" + "</apply>" * 3000
REACTION = model(DECAY.format("false", REF, LAW))
UNSOLVED = f"""<listOfRules><algebraicRule>{MATH.format("<apply><exp/><ci>x</ci></apply>")}</algebraicRule>
</listOfRules>"""
REFUSED = {
    "events (1: e)": model(EVENT),
    "'delay'": model(parameters(x=1) + rules(d_x=DELAY)),
    "package 'comp'": model("").replace('level="3"', f'{PACKAGE}="3"'),
    "level '4'": model("").replace('level="3"', 'level="4"'),
    "no <model>": model("").replace("<model ></model>", ""),
    "document type": "<!DOCTYPE sbml [<!ENTITY a 'b'>]>" + model(""),
    "well-formed": model("<listOf"),
    "nested more than": model(parameters(x=1) + rules(d_x=DEEP)),
    "in a circle: ": model(CYCLE),
    "call each other": model(functions(SELF) + CALL),
    "too many operations": model(BOMB + CALL),
    "is given to a": model(parameters(x=1).replace("</list", '<parameter id="x" constant="true"/></list')),
    "no symbol of the model; did you mean 'speed'": model(parameters(speed=1, y=1) + rules(d_y="<ci>sped</ci>")),
    "no kineticLaw": REACTION.replace(f"<kineticLaw>{LAW}</kineticLaw>", ""),
    "no compartment": REACTION.replace('compartment="c"', 'compartment="d"'),
    "initial value of S is inf": REACTION.replace('size="2"', 'size="0"'),
    "cannot be solved": model(parameters(x=1) + UNSOLVED),
    "two rules": model(parameters(x=1) + rules(x="<cn>1</cn>", d_x="<cn>1</cn>")),
}


@pytest.mark.parametrize("words", REFUSED)
def test_refused_in_one_message(read, words):
    with pytest.raises(InputError) as error:
        read(REFUSED[words])
    assert words in str(error.value) and "model.xml" in str(error.value) and "\n" not in str(error.value)
