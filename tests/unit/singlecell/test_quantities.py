"""Quantities along a trace, and the currents of a model, found by structure."""

import numpy as np
import pytest

from hpc_twin.cellmodels.reading.reader import read
from hpc_twin.singlecell.experiment import Experiment, perform
from hpc_twin.singlecell.quantities import currents, quantities


def test_currents_sum_to_the_rate_of_v():
    outcome = perform(Experiment("luo_rudy_1991", beats=1))
    names = currents(outcome.equations)
    assert len(names) == 6 and all(outcome.equations.units[name] == "uA/cm^2" for name in names)
    traces = outcome.paced.traces
    found = quantities(outcome.equations, traces, names, outcome.protocol)
    total, after = -sum(found.values()), traces.t > 300
    slope = np.gradient(traces.V[:, 0], traces.t)
    assert total[after] == pytest.approx(slope[after], abs=2e-3)


@pytest.mark.parametrize(("model", "n"), [("tentusscher_2006_epi", 12), ("mitchell_schaeffer_2003", 2)])
def test_reversal_potentials_are_no_currents(model, n):
    equations = read(model)
    assert len(currents(equations)) == n
    assert all(equations.units[name] != "mV" for name in currents(equations))


def test_time_goes_on_over_the_beats(tmp_path):
    """x' = 1, y = t: both are the same in the last of ten beats, too."""
    clock = "[engine]\ntime = 0 [ms] bind time\n    in [ms]\n[m]\ndot(x) = 1\ny = engine.time + 0\n"
    (tmp_path / "clock.mmt").write_text("[[model]]\nm.x = 0\n" + clock)
    outcome = perform(Experiment(tmp_path / "clock.mmt", beats=10, period=20.0, dt=0.5))
    found = quantities(outcome.equations, outcome.paced.traces, ["m.x", "m.y"])
    assert found["m.y"] == pytest.approx(found["m.x"]) and found["m.y"][-1] == 200.0
