"""Keys of pacing protocols, prepacing, saved states and rotors: what is contradictory is refused in the case."""

import pytest
from tools import CELLS, STIMULUS, TISSUE, case_text

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError
from hpc_twin.run.tissue.stimuli import pulses


def load(folder, **sections):
    (folder / "case.toml").write_text(case_text(**sections))
    return load_case(folder / "case.toml").case


@pytest.mark.parametrize(
    ("keys", "begins"),
    [
        ('start = "5 ms"', [5]),
        ('period = "300 ms"\ncount = 3\ncoupling = ["250 ms", "200 ms"]', [0, 300, 600, 850, 1050]),
        ('start = "10 ms"\ncoupling = ["250 ms"]', [10, 260]),
        ('times = ["0 ms", "0.4 s", "410 ms"]', [0, 400, 410]),
    ],
)
def test_pulses_of_a_stimulus(tmp_path, keys, begins):
    case = load(tmp_path, stimulus=STIMULUS + keys)
    assert [on for on, _ in pulses(case.stimulus[0]).between(0, 1e4)] == pytest.approx(begins)


def prepace(words: str) -> dict[str, str]:
    return {"cells": f"{CELLS}prepace = {{ {words} }}\n"}


ROTOR = '[initial.rotor]\ncentre = ["0 mm", "0 mm", "0 mm"]\ncycle_length = "300 ms"\n'
STATE = '[initial]\nstate = "state.nc"\n'
EIKONAL = TISSUE.replace("[tissue]", '[tissue]\nmodel = "eikonal"', 1)
BEATS = 'cycle_length = "500 ms", beats = 3'


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"stimulus": STIMULUS + 'period = "9 ms"\ncoupling = ["8 ms"]'}, "coupling needs a count"),
        ({"stimulus": STIMULUS + 'coupling = ["1 ms"]'}, "found 1 ms, shorter than duration"),
        ({"stimulus": STIMULUS + 'coupling = ["0 ms"]'}, "it must be greater than 0"),
        ({"stimulus": STIMULUS + "coupling = [3.0]"}, "a time needs a unit"),
        ({"stimulus": STIMULUS + 'times = ["1 ms"]\nstart = "1 ms"'}, "give times or start, not both"),
        ({"stimulus": STIMULUS + 'times = ["1 ms"]\ncoupling = ["9 ms"]'}, "give times or coupling, not both"),
        ({"stimulus": STIMULUS + "times = []"}, "times: found none"),
        ({"stimulus": STIMULUS + 'times = ["9 ms", "1 ms"]'}, "times: they must follow each other"),
        ({"stimulus": STIMULUS + 'times = ["1 ms", "2 ms"]'}, "at least duration apart"),
        ({"stimulus": STIMULUS + 'timse = ["1 ms"]'}, "did you mean 'times'"),
        (prepace("beats = 3"), r"cells\.prepace\.cycle_length is missing"),
        (prepace('cycle_length = "500 ms", beats = 0'), r"cells\.prepace\.beats: found 0"),
        (prepace('cycle_length = "500.03 ms"'), "must be a multiple of the step of the cells, 0.1 ms"),
        (prepace('cycle_length = "5 ms", duration = "5 ms"'), "shorter than cycle_length"),
        ({"cells": CELLS + f'initial = "a.nc"\nprepace = {{ {BEATS} }}\n'}, "give initial or prepace, not both"),
        ({**prepace(BEATS), "more": STATE}, r"give initial\.state or cells\.prepace, not both"),
        ({"cells": CELLS + 'initial = "a.nc"\n', "more": ROTOR}, r"give initial\.rotor or cells\.initial, not both"),
        ({"more": "[initial]\n"}, r"give either initial\.state or initial\.rotor"),
        ({"more": STATE + ROTOR}, r"give either initial\.state or initial\.rotor"),
        ({"more": '[initial]\nclock = "continue"\n' + ROTOR}, r"clock belongs to initial\.state"),
        ({"more": STATE + 'clock = "on"\n'}, r"initial\.clock: found 'on'"),
        ({"more": ROTOR + "axis = [0, 0, 0]\n"}, "axis: found length 0"),
        ({"more": ROTOR + "axis = [nan, 0, 1]\n"}, r"axis\.0: found nan; input should be a finite number"),
        ({"more": ROTOR + "axis = [1.7e308, 1.7e308, 1.7e308]\n"}, r"axis: found length inf, it must be a direction"),
        ({"more": ROTOR + 'chirality = "left"\n'}, r"initial\.rotor\.chirality: found 'left'"),
        ({"more": ROTOR.replace("300 ms", "300.05 ms")}, r"initial\.rotor\.cycle_length: found 300\.05 ms"),
        ({"more": ROTOR + 'wavelength = "0 mm"\n'}, "it must be greater than 0"),
        ({"more": '[output]\nstate = ["1.05 ms"]\n'}, r"output\.state: found 1\.05 ms, it must be a multiple"),
        ({"more": '[output]\nstate = ["3 ms"]\n'}, r"output\.state: found 3 ms, which is after tissue\.until = 2 ms"),
        ({"more": '[output]\nstate = "and"\n'}, r'output\.state: found .and., allowed are "end", or times as in'),
        ({"tissue": EIKONAL, "more": '[output]\nstate = "end"\n'}, r"output\.state: .*has no state of cells"),
        ({"tissue": EIKONAL, "more": STATE}, r"initial\.state: .*begins with its stimuli"),
    ],
)
def test_refused(tmp_path, sections, words):
    with pytest.raises(InputError, match=words):
        load(tmp_path, **sections)


def test_a_region_has_its_own_beginning(tmp_path):
    region = '[cells.regions.1]\nmodel = "mitchell_schaeffer_2003"\ninitial = "a.nc"\n'
    case = load(tmp_path, cells=prepace(BEATS)["cells"] + region)
    assert list(case.cells.models) == ["cells", "cells.regions.1"]
    assert case.cells.prepace.beats == 3 and case.cells.prepace.duration == 1.0


def test_steps_of_cells_count(tmp_path):
    cells = prepace('cycle_length = "500.05 ms"')["cells"] + "substeps = 2\n"
    assert load(tmp_path, cells=cells).cells.prepace.cycle_length == 500.05
    assert load(tmp_path, tissue=TISSUE, more=ROTOR).initial.rotor.beats == 20
