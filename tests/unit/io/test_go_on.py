"""Files that are gone on with are those of a run that was never stopped, however much was written after the copy."""

import netCDF4
import numpy as np
import pytest
from ranks import run_ranks
from strips import sheet, strips

from hpc_twin.io.events import EventWriter
from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.netcdf import SharedFile
from hpc_twin.io.traces import TraceWriter
from hpc_twin.parallel import InputError, RunError, world

V = {"V": ("mV", "potential")}


def contents(path):
    with netCDF4.Dataset(path) as data:
        data.set_auto_maskandscale(False)
        values = {name: (v.shape, np.asarray(v[:]).tobytes()) for name, v in data.variables.items()}
        return values, {name: str(data.getncattr(name)) for name in data.ncattrs()}


@pytest.mark.parametrize("n", [1, 3])
def test_same_values_as_at_one_go(tmp_path, n):
    done = run_ranks(n, "go_on.py", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for name in ("a.exo", "t.nc", "e.nc"):
        assert contents(tmp_path / "copy" / name) == contents(tmp_path / "whole" / name)
    with netCDF4.Dataset(tmp_path / "whole" / "e.nc") as data:
        assert len(data.dimensions["event"]) > 100


def test_files_of_other_runs_are_refused(tmp_path):
    part = strips(sheet(), world())
    ExodusWriter(tmp_path / "a.exo", part, V).flush()
    with pytest.raises(InputError, match=r"a\.exo\.part: is not the file of this run .*holds V at 81 nodes"):
        ExodusWriter(tmp_path / "a.exo", part, {"phi_e": V["V"]}, again=True)
    TraceWriter(world(), tmp_path / "t.nc", ["a", "b"], V).flush()
    with pytest.raises(InputError, match=r"holds a, b"):
        TraceWriter(world(), tmp_path / "t.nc", ["a", "c"], V, again=True)
    EventWriter(world(), tmp_path / "e.nc", V).flush()
    with pytest.raises(InputError, match=r"it holds time"):
        EventWriter(world(), tmp_path / "e.nc", {}, again=True)
    (tmp_path / "b.exo.part").write_bytes((tmp_path / "a.exo.part").read_bytes()[:1000])
    with pytest.raises(InputError, match=r"b\.exo\.part: cannot be opened"):
        ExodusWriter(tmp_path / "b.exo", part, V, again=True)


def test_what_could_not_be_written_is_written_later(tmp_path, monkeypatch):
    """A run goes on when a checkpoint found no room for rows that wait."""

    def full(self, n_bytes):
        raise RunError("the disk is full")

    traces = TraceWriter(world(), tmp_path / "t.nc", ["a"], V)
    events = EventWriter(world(), tmp_path / "e.nc", {})
    for k in range(3):
        traces.append(float(k), {"V": np.array([k])})
        events.append(float(k), np.array([k]), np.zeros((1, 3)), {})
        with monkeypatch.context() as patched:
            patched.setattr(SharedFile, "require_space", full)
            for file in (traces, events):
                with pytest.raises(RunError):
                    file.flush()
    traces.close(), events.close()
    for name in ("t.nc", "e.nc"):
        with netCDF4.Dataset(tmp_path / name) as data:
            assert data["time"][:].tolist() == [0, 1, 2]
