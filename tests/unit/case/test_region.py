"""[[region]] and gradients: what is contradictory is refused before the mesh is read."""

import pytest
from tools import CELLS, case_text

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError


def load(folder, text):
    (folder / "case.toml").write_text(text)
    return load_case(folder).case


def region(words: str) -> str:
    return case_text(more=f"[[region]]\nname = 'scar'\n{words}")


SPHERE = 'sphere = { centre = ["0 mm", "0 mm", "0 mm"], radius = "1 mm" }\n'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "found no place, give one of box, sphere, ellipsoid, cylinder, coordinates, around, within, fraction"),
        (SPHERE + 'box = { min = ["0 mm", "0 mm", "0 mm"], max = ["1 mm", "1 mm", "1 mm"] }', "found box and sphere"),
        ("around = 'lv'", "around and width go together"),
        ("width = '3 mm'\n" + SPHERE, "around and width go together"),
        ("around = 'scar'\nwidth = '1 mm'", "around: 'scar' is the region itself"),
        ("within = 'scar'", "within: 'scar' is the region itself"),
        (SPHERE + "seed = 3", "seed belongs to fraction"),
        (SPHERE + "length = '1 mm'", "length belongs to fraction"),
        ("fraction = 0", "greater than 0"),
        ("fraction = 1.5", "less than or equal to 1"),
        ("coordinates = { transmural = [0.8, 0.2] }", "coordinates.transmural: found 0.8 to 0.2"),
        ("coordinates = { x = [nan, 1] }", "coordinates.x.0: found nan; input should be a finite number"),
        ("coordinates = { transmurl = [0, 1] }", "transmurl"),
        ("radius = '1 mm'", "unknown key region.0.radius"),
        (
            'cylinder = { start = ["0 mm", "0 mm", "0 mm"], end = ["0 mm", "0 mm", "0 mm"], radius = "1 mm" }',
            "same point",
        ),
    ],
)
def test_contradictory_regions(tmp_path, words, message):
    with pytest.raises(InputError, match="region"):
        load(tmp_path, region(words))
    with pytest.raises(InputError) as refused:
        load(tmp_path, region(words))
    assert message in str(refused.value)


@pytest.mark.parametrize("name", ["", "7", "-3", " scar", "a" * 40])
def test_names_that_would_be_taken_for_something_else(tmp_path, name):
    with pytest.raises(InputError, match=r"region\.0"):
        load(tmp_path, case_text(more=f"[[region]]\nname = '{name}'\n{SPHERE}"))


def test_an_angle_may_run_through_its_jump(tmp_path):
    found = load(tmp_path, region("coordinates = { rotational = [2.5, -2.5] }")).region[0]
    assert found.coordinates == {"rotational": (2.5, -2.5)}


def gradient(words: str, parameters: str = "") -> str:
    return case_text(cells=CELLS + f"parameters = {{ {parameters} }}\n[cells.gradients.'gate.tau_close']\n{words}")


@pytest.mark.parametrize(
    ("words", "parameters", "message"),
    [
        ("", "", "found nothing that varies"),
        ("seed = 2\nx = [1, 2]", "", "seed belongs to spread"),
        ("x = [1]", "", "at least 2"),
        ("x = ['1x', 2]", "", "give all numbers or all multiples"),
        ("x = ['1 x', '2y']", "", "give all numbers or all multiples"),
        ("x = ['fast', 'slow']", "", "give all numbers or all multiples"),
        ("x = ['nanx', '2x']", "", "finite ones"),
        ("x = [1.0, inf]", "", "finite number"),
        ("x = [100, 200]\ny = ['1x', '2x']", "", "values along several coordinates must be multiples"),
        ("x = [100, 200]", "'gate.tau_close' = 150", "found a value in parameters and others in gradients"),
        ("x = ['1x', '-1x']", "", "a multiple must not be negative"),
        ("spread = -0.1", "", "greater than or equal to 0"),
        ("apicobasl = [1, 2]", "", "did you mean 'apicobasal'?"),
    ],
)
def test_contradictory_gradients(tmp_path, words, parameters, message):
    with pytest.raises(InputError) as refused:
        load(tmp_path, gradient(words, parameters))
    assert message in str(refused.value)


def test_gradients_of_the_cells_hold_in_layers_but_not_in_regions(tmp_path):
    text = gradient("x = ['1x', '2x']\nspread = 0.1", "'gate.tau_close' = 150")
    text += "\n[cells.layers.epi]\nmodel = 'mitchell_schaeffer_2003'\n[cells.regions.lv]\nmodel = 'luo_rudy_1991'\n"
    cells = load(tmp_path, text).cells
    found = {key: list(gradients) for key, gradients in cells.gradients_by_model.items()}
    assert found == {"cells": ["gate.tau_close"], "cells.layers.epi": ["gate.tau_close"], "cells.regions.lv": []}
    assert cells.gradients["gate.tau_close"].numbers("x") == (True, (1.0, 2.0))
