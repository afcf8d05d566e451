"""All cases of the SBML test suite that are at hand are right or refused with the right word; damaged ones end well.

The same as a table, for any folder of cases: python tests/verify/sbml_suite.py [PATH] [NUMBER ...]
"""

import random

import numpy as np
import pytest
from mutations import mutated
from sbml_suite import ARCHIVE, PASSED, REFUSED, outcome, unpacked, values

from hpc_twin.cellmodels.equations import TIME
from hpc_twin.cellmodels.expressions.ir import var
from hpc_twin.cellmodels.kernels.kernel import compiled
from hpc_twin.cellmodels.reading.sbml import read_sbml
from hpc_twin.parallel import InputError

DAMAGED = 400
STEPS = 20_000  # of forward Euler
KERNELS = {"00001": 1e-3, "00173": 1e-2, "00191": 1e-3, "00051": 1e-3, "00871": 1e-3}  # case -> largest relative error

pytestmark = pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"no SBML test suite at {ARCHIVE}")


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return unpacked(ARCHIVE, tmp_path_factory.mktemp("sbml"))


def listed(cases, name):
    return [cases / number for number in (cases / name).read_text().split()]


def test_core_cases_give_the_expected_results(cases):
    found = {case.name: outcome(case) for case in listed(cases, "subset_core_ode_no_events.txt")}
    failed = {number: result for number, result in found.items() if result.what != PASSED}
    assert len(found) > 500 and not failed


def test_cases_with_events_are_refused_as_such(cases):
    for case in listed(cases, "subset_core_with_events.txt"):
        result = outcome(case)
        assert result.what == REFUSED and "events" in result.why, f"{case.name}: {result}"


def test_all_others_are_right_or_refused(cases):
    lists = ("subset_core_ode_no_events.txt", "subset_core_with_events.txt")
    known = {case.name for name in lists for case in listed(cases, name)}
    others = [case for case in sorted(cases.glob("[0-9]*")) if case.name not in known]
    found = {case.name: outcome(case) for case in others}
    passed = {number for number, result in found.items() if result.what == PASSED}
    words = ("events", "delay", "package 'comp'", "no kineticLaw")
    for number in found.keys() - passed:
        assert found[number].what == REFUSED and any(w in found[number].why for w in words), (
            f"{number}: {found[number]}"
        )
    assert len(passed) > 45  # those with algebraic rules


@pytest.mark.parametrize("number", KERNELS)
def test_compiled_kernels_agree_with_cvode(cases, number):
    equations = read_sbml(next((cases / number).glob("*-sbml-*.xml")))
    end = float(equations.units[TIME].split()[0])
    kernel = compiled(equations, "forward_euler")
    states = kernel.new_states(2)
    kernel.advance(None, states, None, 0.0, end, substeps=STEPS)
    expected = values(equations, [var(name) for name in equations.states], np.array([0.0, end]))[1]
    assert states[:, 1] == pytest.approx(expected, rel=KERNELS[number], abs=1e-9)


def test_damaged_files_are_models_or_one_message(cases, tmp_path):
    sources = sorted(cases.glob("[0-9]*/*.xml"))
    dice, path, ends = random.Random(3), tmp_path / "damaged.xml", {"read": 0, "refused": 0}
    for seed in range(DAMAGED):
        path.write_bytes(mutated(dice.choice(sources).read_bytes(), seed))
        try:
            read_sbml(path)
            ends["read"] += 1
        except InputError as error:
            assert str(path) in str(error) and len(str(error)) < 3000
            ends["refused"] += 1
    assert min(ends.values()) > DAMAGED // 20
