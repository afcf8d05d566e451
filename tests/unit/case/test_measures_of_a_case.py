import pytest
from tools import case_text

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError


def load(folder, output: str):
    path = folder / "case.toml"
    path.write_text(case_text(more=f"[output]\nevery = '1 ms'\n{output}"))
    return load_case(path).case


def test_defaults(tmp_path):
    case = load(tmp_path, "")
    assert case.output.measures == ("activation", "repolarisation", "apd") and case.output.shown == ("V",)


def test_phase_is_a_field_of_every_frame(tmp_path):
    assert load(tmp_path, "measures = ['phase']").output.shown == ("V", "phase")


WRONG = [
    ("measures = ['activations']", r"output\.measures\.0: found 'activations'; .*'activation'"),
    ("fields = ['V', 'phase']", r'output\.fields: "phase" needs output\.measures to hold it too'),
    ("[output.phase]\norigin = '-30 mV'", r'output\.phase: output\.measures holds neither "phase" nor "singularities"'),
    ("[output.frequency]\nlow = '2 Hz'", r'output\.frequency: output\.measures does not hold "dominant_frequency"'),
    ("measures = ['phase']\n[output.phase]\nevery = '0.25 ms'", r"output\.phase\.every: found 0\.25 ms, .*tissue\.dt"),
    (
        "measures = ['phase']\n[output.phase]\ndelay = '2.5 ms'",
        r"output\.phase\.delay: .* multiple of output\.phase\.ev",
    ),
    ("measures = ['phase']\n[output.phase]\nevery = '0.3 ms'\ndelay = '3 ms'", r"output\.every: found 1 ms, .*0\.3 ms"),
    ("measures = ['phase']\n[output.phase]\ntip = 'isoline'", r'tip: output\.measures does not hold "singularities"'),
    (
        "measures = ['singularities']\n[output.phase]\ntip = 'isoline'\ndelay = '5 ms'",
        r'delay: tip = "isoline" has none',
    ),
    ("measures = ['phase']\n[output.phase]\ntips = 'isoline'", r"unknown key output\.phase\.tips; did you mean 'tip'"),
    ("measures = ['dominant_frequency']", r"fewer than 2 cycles of low = 1 Hz: let tissue\.until be at least 2000 ms"),
    (
        "measures = ['dominant_frequency']\n[output.frequency]\nlow = '20 Hz'\nhigh = '10 Hz'",
        r"output\.frequency: found low 20 Hz and high 10 Hz",
    ),
    (
        "measures = ['dominant_frequency']\n[output.frequency]\nlow = '1000 Hz'\nhigh = '9 kHz'\nstep = '3 kHz'",
        r"step: found 3000 Hz, too coarse for the peaks of 0\.002 s: at most 2e\+03 Hz",
    ),
    (
        "measures = ['phase']\n[output.phase]\ndelay = '50 ms'",
        r"output\.phase\.delay: found 50 ms, after tissue\.until = 2 ms",
    ),
    (
        "measures = ['singularities']\n[output.phase]\nevery = '5 ms'\ndelay = '5 ms'",
        r"output\.phase\.every: found 5 ms",
    ),
    (
        "measures = ['phase']\nactivation_threshold = '-20 mV'",
        r"output\.activation_threshold: output\.measures holds none",
    ),
    ("measures = ['velocity']\nrepolarisation = 0.8", r"output\.repolarisation: output\.measures holds none of repol"),
    ("repolarisation = 0", r"output\.repolarisation: found 0; input should be greater than 0"),
    ("measures = ['dominant_frequency']\n[output.frequency]\nstep = '1 ms'", r'found "1 ms", which is not a frequency'),
]


@pytest.mark.parametrize(("output", "words"), WRONG)
def test_wrong_or_contradictory(tmp_path, output, words):
    with pytest.raises(InputError, match=words):
        load(tmp_path, output)
