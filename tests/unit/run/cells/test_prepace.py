"""Prepacing: the state after the beats, paced once and kept."""

import numpy as np
import pytest
from tools import CELLS, case_text

from hpc_twin.case import load_case
from hpc_twin.parallel import alone
from hpc_twin.run.cells import load_kernels, prepace
from hpc_twin.singlecell.pacing import Cells, pace

PREPACE = 'prepace = { cycle_length = "400 ms", beats = 4 }\n'
REGION = '[cells.regions.1]\nmodel = "mitchell_schaeffer_2003"\n'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of this test's own; libraries of cell models are where they were."""
    monkeypatch.setattr(prepace, "cache_folder", lambda: tmp_path)
    return tmp_path / "prepaced"


@pytest.fixture
def counted(monkeypatch):
    """Names of the models that were paced."""
    names = []

    def paced(kernel, *others, **more):
        names.append(kernel.name)
        return original(kernel, *others, **more)

    original = prepace._paced
    monkeypatch.setattr(prepace, "_paced", paced)
    return names


def kernels(folder, cells: str):
    (folder / "case.toml").write_text(case_text(cells=cells))
    case = load_case(folder / "case.toml").case
    return prepace.prepaced(case, load_kernels(case.cells, folder, alone()), alone())


def test_the_state_is_that_of_the_last_beat(tmp_path):
    (plain,), (paced,) = kernels(tmp_path, CELLS), kernels(tmp_path, CELLS + PREPACE)
    protocol = prepace.pulses_of(plain, 400.0, 1.0, 0.1)
    assert protocol.pulses.period == 400 and protocol.strength > 5
    done = pace(Cells(plain, protocol=protocol, dt=0.1), 4)
    assert paced.v_initial == done.V[0] and np.array_equal(paced.initial, done.states[:, 0])
    assert abs(paced.initial - plain.initial).max() > 1e-3


def test_equal_models_are_paced_once_and_kept(tmp_path, cache, counted):
    twice = CELLS + PREPACE + REGION
    first = kernels(tmp_path, twice)
    assert len(counted) == 1 and len(list(cache.glob("*.nc"))) == 1
    again = kernels(tmp_path, twice)
    assert len(counted) == 1, "from the cache"
    for one, other in zip(first, again, strict=True):
        assert one.v_initial == other.v_initial and np.array_equal(one.initial, other.initial)


@pytest.mark.parametrize(
    "cells",
    [
        CELLS + PREPACE.replace("400", "410"),
        CELLS + PREPACE.replace("4 }", "5 }"),
        CELLS + PREPACE.replace("4 }", '4, duration = "2 ms" }'),
        CELLS + PREPACE + "substeps = 2\n",
        CELLS + PREPACE + 'scheme = "forward_euler"\n',
        CELLS + PREPACE + 'parameters = { "model.tau_close" = "0.9x" }\n',
    ],
)
def test_what_changes_the_outcome_changes_the_key(tmp_path, counted, cells):
    name = next(n for n in load_kernels_names(tmp_path) if "tau_close" in n)
    kernels(tmp_path, CELLS + PREPACE)
    kernels(tmp_path, cells.replace("model.tau_close", name))
    assert len(counted) == 2


def load_kernels_names(folder):
    from hpc_twin.cellmodels.reading.reader import read

    return list(read("mitchell_schaeffer_2003").parameters)


def test_a_region_may_say_otherwise(tmp_path, counted):
    own = REGION + PREPACE.replace("400", "500")
    general, region = kernels(tmp_path, CELLS + PREPACE + own)
    assert len(counted) == 2 and general.initial[0] != region.initial[0]
    plain, region = kernels(tmp_path, CELLS + own)
    assert len(counted) == 2 and plain.v_initial == -80.0


def test_a_damaged_cache_is_paced_anew(tmp_path, cache, counted):
    (first,) = kernels(tmp_path, CELLS + PREPACE)
    next(cache.glob("*.nc")).write_text("damaged")
    (again,) = kernels(tmp_path, CELLS + PREPACE)
    assert len(counted) == 2 and np.array_equal(first.initial, again.initial)


def test_a_cache_that_cannot_be_written_is_a_warning(tmp_path, cache, capsys):
    cache.write_text("a file where the folder should be")
    kernels(tmp_path, CELLS + PREPACE)
    assert "cannot be kept for the next run" in capsys.readouterr().err


def test_a_cell_that_drives_itself_is_left_alone(tmp_path):
    (kernel,) = kernels(tmp_path, CELLS.replace("mitchell_schaeffer_2003", "stewart_2009"))
    assert prepace.pulses_of(kernel, 1000.0, 1.0, 0.05) is None


def test_cells_at_no_limit_cycle_are_told_of_each_time(tmp_path, capsys):
    fast = CELLS + PREPACE.replace("400", "250").replace("4 }", "5 }")
    for _ in ("paced", "from the cache"):
        kernels(tmp_path, fast)
        assert "prepaced cells differ much from beat to beat: mitchell_schaeffer_2003" in capsys.readouterr().err
    kernels(tmp_path, CELLS + PREPACE.replace("4 }", "8 }"))
    kernels(tmp_path, CELLS.replace("mitchell_schaeffer_2003", "stewart_2009") + PREPACE.replace("4 }", "2 }"))
    assert "differ" not in capsys.readouterr().err
