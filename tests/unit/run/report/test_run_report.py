"""The run report: what it adds up, and what it says where a machine tells nothing."""

import sys

import pytest
from tools import STIMULUS, case_text, results, run_on

from hpc_twin.case import load_case
from hpc_twin.io.result import read_result
from hpc_twin.parallel import world
from hpc_twin.run import simulate
from hpc_twin.run.report import EnergyMeter, Loop, Report
from hpc_twin.run.report.energy import WATTS_PER_CORE
from hpc_twin.run.report.report import Spread

OUTPUT = '[output]\nevery = "0.5 ms"\n'
START_UP = {"cell models", "prepacing", "mesh", "regions", "fibres", "assembly", "solver set-up", "output files"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "in.toml").write_text(case_text(stimulus=STIMULUS, more=OUTPUT))
    return simulate(load_case(folder / "in.toml"), folder / "out", world()), folder / "out"


def test_parts_of_a_run(run):
    report, _ = run
    assert START_UP <= set(report.start_up) and not {"cells", "output", "checkpoints"} & set(report.start_up)
    inside = [report.seconds[name] for name in ("cells", "solve", "measures", "output")]
    assert min(inside) > 0 and sum(inside) < report.loop.seconds
    assert report.steps == 20 and report.iterations_per_step > 1
    assert report.waiting["halo"].largest == report.waiting["reductions"].largest == 0  # one rank waits for nobody


def test_frames_are_counted_before_compression(run):
    report, folder = run
    frames = results(folder / "result.exo")["V"]
    assert frames.shape == (5, 60) and report.loop.frames == 5
    assert report.loop.bytes_of_frames == frames.size * 4
    assert report.output_speed == pytest.approx(frames.size * 4 / report.seconds["output"])
    assert report.bytes_written == (folder / "result.exo").stat().st_size


def test_the_file_says_what_the_table_says(run):
    report, folder = run
    with read_result(folder / "result.exo") as result:
        words = result.attributes
    assert words["report_seconds_solver_set-up"] == report.seconds["solver set-up"]
    assert words["report_imbalance_cells"] == 1 and words["report_waiting_halo_seconds"] == 0
    assert words["report_peak_memory_MB_per_rank"] == report.memory.largest
    assert words["report_energy_source"] == report.energy_source
    shown = list(report.table().columns[1].cells)
    assert f"{report.loop.seconds:.2f} s, {report.ns_per_node_step:.0f} ns per node and step" in shown


def test_memory_is_this_process_own():
    """40 MB on top of the imports, in a process that begins small beside this one."""
    lines = "import numpy; from hpc_twin.run.report.report import peak_memory; before = peak_memory()"
    lines += "; a = numpy.ones(5_000_000); print(before, peak_memory() - before)"
    done = run_on(1, [sys.executable, "-c", lines])
    before, more = map(float, done.stdout.split())
    assert 20 < before < 1000 and 20 < more < 60


def made(**more) -> Report:
    parts = {"mesh": 2.0, "cells": 6.0, "solve": 3.0, "output": 0.5}
    spreads = {name: Spread(value, value / 2, 1) for name, value in parts.items()}
    loop = Loop(100, 3600.0, 250, 10, 5_000_000, **more)
    waits = {"halo": Spread(2.0, 1.0, 0), "reductions": Spread(1.0, 0.5, 1)}
    return Report(1000, 5000, 4, loop, spreads, {"cells": Spread(6.0, 4.0, 3)}, waits, Spread(200.0, 150.0, 2))


def test_table_of_several_ranks():
    rows = dict(zip(*(column.cells for column in made().written(3_000_000).table().columns), strict=True))
    assert rows["start-up"] == "2.00 s: mesh 2.00"
    assert rows["  cells"] == "6.00 s (0.2 %), imbalance 1.50"
    assert rows["  solve"] == "3.00 s (0.1 %), 2.50 iterations per step"
    assert rows["  of that, waiting"].endswith("on average: halo 1.00 s, reductions 0.50 s")
    assert rows["peak memory"] == "200 MB on rank 2, 150 MB on average"
    assert rows["frames"] == "10 of 0.5 MB, before compression, at 10 MB/s" and rows["files"] == "3.0 MB"


def test_energy_is_an_estimate_where_nothing_measures_it():
    report = made()
    assert report.core_hours == 4 and report.watt_hours == 4 * WATTS_PER_CORE
    assert "estimate: 4 core hours" in report.energy_source
    measured = made(joules=7200.0)
    assert measured.watt_hours == 2 and "RAPL" in measured.energy_source


@pytest.fixture
def powercap(tmp_path):
    """Two processors, one with memory of its own, and a counter of cores that the first one's holds already."""

    def put(zone, name, count):
        folder = tmp_path / zone
        folder.mkdir(exist_ok=True)
        for file, text in (("name", name), ("max_energy_range_uj", 999_999), ("energy_uj", count)):
            (folder / file).write_text(f"{text}\n")

    def counts(*values):
        names = ("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:0:1", "dram"), (
            "intel-rapl:1", "package-1")  # fmt: skip
        for (zone, name), value in zip(names, values, strict=True):
            put(zone, name, value)

    counts(100, 100, 100, 900_000)
    return tmp_path, counts


def test_counters_of_energy_that_begin_anew(powercap):
    folder, counts = powercap
    meter = EnergyMeter(world(), folder)
    counts(500_100, 200, 100, 100_000)  # the second processor's has begun anew: 200,000 uJ
    meter.look()
    counts(500_100, 900, 300_100, 100_000)
    assert meter.joules() == pytest.approx(0.5 + 0.2 + 0.3)


def test_no_counters_no_joules(tmp_path, powercap):
    assert EnergyMeter(world(), tmp_path / "none").joules() is None
    folder, _ = powercap
    (folder / "intel-rapl:1" / "energy_uj").unlink()
    assert EnergyMeter(world(), folder).joules() is None
