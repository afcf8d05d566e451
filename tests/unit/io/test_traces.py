import netCDF4
import numpy as np
import pytest

from hpc_twin.io.traces import TraceWriter, read_traces
from hpc_twin.parallel import InputError, world

V = {"V": ("mV", "transmembrane potential")}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_columns_of_all_ranks_come_together(sheets, n):
    traces = read_traces(sheets[n] / "t.nc")
    assert traces.names == ["P0", "P1", "P2", "P3", "P4"] and traces.units == {"V": "mV"}
    assert np.allclose(traces.times, 0.1 * np.arange(5000))
    assert np.array_equal(traces.values["V"], np.arange(5000.0)[:, None] + np.arange(5))
    assert np.array_equal(traces.coordinates, np.eye(5, 3))


def test_file_is_cf_time_series(sheets):
    with netCDF4.Dataset(sheets[1] / "t.nc") as data:
        assert data["V"].dimensions == ("time", "name") and data["V"].coordinates == "x y z"
        assert data.featureType == "timeSeries" and data["name"].cf_role == "timeseries_id"


def test_names_in_any_script(tmp_path):
    names = ["Pé", "é" * 60]
    with TraceWriter(world(), tmp_path / "t.nc", names, V) as traces:
        traces.append(0.0, {"V": np.zeros(2)})
        assert not (tmp_path / "t.nc").exists()
    assert read_traces(tmp_path / "t.nc").names == ["Pé", "é" * 31]


@pytest.mark.parametrize("text", [b"", b"not a file of ours", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "t.nc").write_bytes(text)
    with pytest.raises(InputError, match=r"t\.nc"):
        read_traces(tmp_path / "t.nc")
