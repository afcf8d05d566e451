"""Windows of loops, what steps and phases are made of them, and what a frame is measured to cost."""

from dataclasses import replace

import numpy as np
import pytest
from made_up import sample

from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import alone
from hpc_twin.scaling import watch
from hpc_twin.scaling.frames import MESSAGE, looked_at
from hpc_twin.scaling.phases import Phases
from hpc_twin.scaling.steps import Step, cost_of_measures
from hpc_twin.scaling.watch import Watch, Window


class Clock:
    """Stands for the module time: a processor that others use half of."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def process_time(self) -> float:
        return self.now / 2


def test_windows_are_of_steps_and_end_the_loop(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(watch, "time", clock)
    seen, ended = Watch(alone(), 3.0, 1.0), None
    for step in range(1, 101):
        clock.now = 0.1 * step
        if seen(step, 0.05 * step, 3 * step, {"cells": 0.04 * step, "solve": 0.05 * step}):
            ended = step
            break
    first, *others = seen.windows()
    assert ended == 80  # 3 s of the processor after the first step, looked for each 20
    assert (first.until, first.steps, first.frames, len(others)) == (pytest.approx(1.0), 19, 1, 3)
    assert first.iterations == pytest.approx(3) and sum(window.frames for window in others) == 3
    for name, wanted in {"cells": 0.04, "solve": 0.05, "measures": 0.0, "rest": 0.01}.items():
        assert others[0].seconds[name] == pytest.approx(wanted / 2 * 20), name  # the other half was not ours


def test_windows_of_long_runs_are_longer(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(watch, "time", clock)
    seen = Watch(alone(), 1e9, float("inf"))
    for step in range(1, 100_001):
        clock.now = 1e-4 * step
        seen(step, 0.05 * step, step, {})
    windows = seen.windows()
    assert len(windows) < 200 and windows[10].steps == 20 and 4000 < windows[-1].steps < 5200
    assert windows[-1].until > 0.93 * 5000 and sum(window.frames for window in windows) == 0


def _window(until: float, cells: float, measures: float = 1e-3, iterations: float = 2.0) -> Window:
    seconds = {"cells": cells, "solve": 1e-2 * (iterations + 1.5), "measures": measures, "output": 0.0, "rest": 0.0}
    return Window(until, 10, 0, iterations, seconds)


def test_a_step_is_the_median_of_windows():
    windows = (_window(1, 0.1), _window(2, 0.1), _window(3, 0.9, iterations=6.0), _window(4, 0.1))
    step = Step.of(replace(sample(1000), windows=windows), 1.5, 0.0)
    assert (step.cells, step.iterations) == (pytest.approx(0.01), 3.0)
    assert step.solve == pytest.approx(1e-3 * (3.0 + 1.5))
    assert cost_of_measures([*windows, _window(5, 0.1, 1.0)]) < 1.5e-4  # one window had somebody else's work


def test_a_whole_run_is_what_was_followed_times_what_the_large_mesh_has_more():
    i = [4.0, 7.0, 1.0, 1.0]
    small = replace(sample(1000), windows=tuple(_window(k + 1, 0.1, 1e-3 * (1 + k), i[k]) for k in range(4)))
    large = replace(sample(9000), windows=tuple(_window(k + 1, 0.9, 1e-2, 1.2 * i[k]) for k in range(2)))
    phases = Phases((small, large), (2.0, 1.0), 1.0)
    assert phases.iterations() == pytest.approx(1.2 * np.mean(i))
    assert phases.measures() == pytest.approx(2.5 / 1.5)
    assert "in 4 of 9 ms on 1,000 nodes" in phases.words(9.0) and "in the whole run" in phases.words(4.0)


def test_frames_of_a_result_are_looked_at(tmp_path):
    part = distribute(slab((8, 4, 2), 0.25), alone())
    rng = np.random.default_rng(1)
    with ExodusWriter(tmp_path / "result.exo", part, {"V": ("mV", "potential")}) as file:
        assert file.path.name == "result.exo"
        for t in range(4):
            file.write_frame(float(t), {"V": rng.normal(size=part.n_owned)})
    found = looked_at(tmp_path / "result.exo", MESSAGE)
    assert found is not None and found.fields == 1
    assert 3.0 < found.size < 4.2  # bytes of a float that is noise
    assert 1e-9 < found.compress < 1e-5 and 1e-7 < found.chunk < 1e-2 and 0 <= found.byte < 1e-6
    with ExodusWriter(tmp_path / "none.exo", part, {}) as file:
        file.write_frame(0.0, {})
    assert looked_at(tmp_path / "none.exo", MESSAGE) is None
