"""``output.every = "never"``: maps, probes and leads without frames, in a file that readers open like any other."""

import numpy as np
import pytest
from tools import STIMULUS, case_text

from hpc_twin.case import load_case
from hpc_twin.io.result import read_result
from hpc_twin.io.traces import read_traces
from hpc_twin.parallel import InputError, RunError, world
from hpc_twin.run import simulate
from hpc_twin.run.cells import load_kernels
from hpc_twin.run.record import Record
from hpc_twin.run.report import Timer
from hpc_twin.run.setup import set_up

MORE = '[probes]\na = ["4 mm", "0 mm", "0 mm"]\n[output]\nevery = {}\nactivation_threshold = "-70 mV"\n'


def loaded(folder, every: str, *overrides: str):
    (folder / "in.toml").write_text(case_text(stimulus=STIMULUS, more=MORE.format(every)))
    return load_case(folder / "in.toml", overrides)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = {}
    for every in ('"never"', '"0.5 ms"'):
        found[every] = tmp_path_factory.mktemp("run")
        found[every, "report"] = simulate(loaded(found[every], every), found[every] / "out", world())
    return found


def test_one_frame_holds_the_maps(folders):
    with (
        read_result(folders['"never"'] / "out" / "result.exo") as never,
        read_result(folders['"0.5 ms"'] / "out" / "result.exo") as often,
    ):
        assert (never.fields, never.maps) == ([], often.maps) and never.times.tolist() == [2.0]
        assert np.isfinite(never.map("activation")).any() and never.fibres is not None
        for name in often.maps:
            assert np.array_equal(never.map(name), often.map(name), equal_nan=True)
        assert never.attributes["complete"] == 1
    traces = [read_traces(folders[every] / "out" / "traces.nc") for every in ('"never"', '"0.5 ms"')]
    assert np.array_equal(traces[0].values["V"], traces[1].values["V"])
    assert folders['"never"', "report"].loop.frames == 0


def test_pyvista_reads_it(folders):
    pyvista = pytest.importorskip("pyvista")
    reader = pyvista.ExodusIIReader(str(folders['"never"'] / "out" / "result.exo"))
    (block,) = reader.read()[0]
    assert reader.number_time_points == 1 and np.isfinite(block["activation"]).any()


def test_a_run_that_fails_keeps_its_maps(tmp_path):
    case = loaded(tmp_path, '"never"')
    kernels = load_kernels(case.case.cells, tmp_path, world())
    _, heart, *_ = set_up(case, kernels, world(), Timer())
    words = {"case_source": str(tmp_path / "in.toml")}
    with pytest.raises(RunError, match="NaN"), Record(case.case, heart, tmp_path, words) as record:
        record.see(0, 0.0)
        heart.V.owned[:] = 0.0
        record.see(1, 0.1)
        raise RunError("V is NaN")
    with read_result(tmp_path / "result.exo") as result:
        assert result.times.tolist() == [0.1] and result.attributes["complete"] == 0
        assert np.isfinite(result.map("activation")).all()


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (['output.fields=["V"]'], "output.fields"),
        (['output.measures=["phase"]'], "output.measures"),
        (["output.bits=12"], "output.bits"),
        (['output.every="sometimes"'], 'or "never"'),
    ],
)
def test_what_only_frames_could_show_is_refused(tmp_path, overrides, words):
    with pytest.raises(InputError, match=words):
        loaded(tmp_path, '"never"', *overrides)
