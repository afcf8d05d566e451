import re

import numpy as np
import pytest
from tools import CELLS, STIMULUS, TISSUE, case_text, results

from hpc_twin.case import load_case
from hpc_twin.io.result import read_result
from hpc_twin.io.traces import read_traces
from hpc_twin.parallel import InputError, world
from hpc_twin.run import simulate
from hpc_twin.run.cells import load_kernels
from hpc_twin.run.meshes import distributed
from hpc_twin.run.report import Progress, Timer
from hpc_twin.run.tissue import populations

SHEET = '[mesh]\ngenerate = "sheet"\nshape = { size = ["4 mm", "2 mm"], h = "0.5 mm" }\n'
EDGE = '[[stimulus]]\nnode_set = "x0"\n'
MORE = '[probes]\nfar = ["4 mm", "1 mm", "0 mm"]\n[output]\nevery = "1 ms"\nfields = ["V", "{}"]\n'


def load(folder, text):
    (folder / "in.toml").write_text(text)
    return load_case(folder / "in.toml")


def test_a_run_leaves_its_files(tmp_path):
    state = load_kernels(load(tmp_path, case_text()).case.cells, tmp_path, world())[0].state_names[0]
    loaded = load(tmp_path, case_text(SHEET, stimulus=EDGE, more=MORE.format(state)))
    report = simulate(loaded, tmp_path / "out", world())
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "case.toml",
        "result.exo",
        "run.json",
        "status.json",
        "traces.nc",
    ]
    assert (report.nodes, report.elements, report.steps, report.ranks) == (45, 64, 20, 1)
    assert report.bytes_written == sum((tmp_path / "out" / n).stat().st_size for n in ("result.exo", "traces.nc"))
    assert load_case(tmp_path / "out" / "case.toml").case == loaded.case
    found = results(tmp_path / "out" / "result.exo")
    assert np.array_equal(found["times"], (0, 1, 2)) and found["V"].shape == (3, 45)
    traces = read_traces(tmp_path / "out" / "traces.nc")
    assert traces.names == ["far"] and len(traces.times) == 5 and traces.coordinates.tolist() == [[4, 1, 0]]
    with read_result(tmp_path / "out" / "result.exo") as result:
        assert result.fields == ["V", state] and result.maps == ["activation", "repolarisation", "APD90"]
        words = result.attributes
    assert words["case_text"] == loaded.text and words["report_steps"] == 20 and words["complete"] == 1
    with pytest.raises(InputError, match="holds a run already"):
        simulate(loaded, tmp_path / "out", world())


def test_regions_and_layers_get_their_cells(tmp_path):
    mesh = '[mesh]\ngenerate = "left_ventricle"\nshape = { h = "6 mm" }\n'
    layers = "".join(
        f'[cells.layers.{k}]\nmodel = "tentusscher_2006_{m}"\n' for k, m in (("endo", "endo"), ("mid", "m"))
    )
    case = load(tmp_path, case_text(mesh, CELLS + layers, TISSUE, EDGE)).case
    part = distributed(case, tmp_path, world(), Timer())
    rest, endo, mid = populations(part, case.cells, load_kernels(case.cells, tmp_path, world()))
    nodes = [np.asarray(p.nodes) for p in (rest, endo, mid)]
    assert np.array_equal(np.sort(np.concatenate(nodes)), np.arange(part.n_owned))
    assert set(part.node_sets["epi"]) - set(part.node_sets["base"]) <= set(nodes[0])
    assert set(part.node_sets["endo"]) - set(part.node_sets["base"]) <= set(nodes[1])
    assert not set(nodes[2]) & (set(part.node_sets["endo"]) - set(part.node_sets["base"]))


def test_progress_prints_plain_lines(capsys):
    progress = Progress(world(), 10.0, every=0.0)
    progress.at(2.5)
    progress.close()
    assert "2.5 of 10 ms" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("strength", "words"),
    [("50000 uA/cm^3", "of 60 nodes were activated, from "), ("1 uA/cm^3", "nothing was activated")],
)
def test_what_was_activated_is_told(tmp_path, capsys, strength, words):
    simulate(load(tmp_path, case_text(stimulus=STIMULUS + f'strength = "{strength}"\n')), tmp_path / "out", world())
    told = capsys.readouterr()
    assert (told.out + told.err).count(words) == 1


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (
            "60 mV",
            r"V rose nowhere through 60 mV, but moved between -80.* and -16.* mV: .*activation_threshold too high",
        ),
        ("-90 mV", r"output.activation_threshold = -90 mV is below all V, which was -80.* mV at least"),
    ],
)
def test_a_threshold_that_no_action_potential_reaches_is_told(tmp_path, capsys, threshold, words):
    more = f'[output]\nactivation_threshold = "{threshold}"\n'
    simulate(load(tmp_path, case_text(SHEET, stimulus=EDGE, more=more)), tmp_path / "out", world())
    assert re.search("nothing was activated: " + words, capsys.readouterr().err)
