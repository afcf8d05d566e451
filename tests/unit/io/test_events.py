import netCDF4
import numpy as np
import pytest

from hpc_twin.io.events import EventWriter, read_events
from hpc_twin.parallel import InputError, alone, world

CHARGE = {"charge": ("1", "topological charge")}


def write(path, calls: int):
    """At each time as many events as its number modulo 3, with ids that fall."""
    with_ = EventWriter(world(), path, CHARGE, {"run_id": "x"})
    for t in range(calls):
        n = t % 3
        ids = np.arange(n)[::-1]
        with_.append(float(t), ids, np.column_stack((ids, ids + 10, ids + 20.0)), {"charge": (-1.0) ** ids})
    return with_.close()


def test_any_number_at_once_in_the_order_of_time_and_ids(tmp_path):
    size = write(tmp_path / "e.nc", 1300)
    events = read_events(tmp_path / "e.nc")
    assert size == (tmp_path / "e.nc").stat().st_size and events.attributes["run_id"] == "x"
    assert events.times.tolist() == [t for t in range(1300) for _ in range(t % 3)]
    assert events.points[:4].tolist() == [[0, 10, 20], [0, 10, 20], [1, 11, 21], [0, 10, 20]]
    assert events.values["charge"][:4].tolist() == [1, 1, -1, 1] and events.attributes["complete"] == 1


def test_none_at_all(tmp_path):
    write(tmp_path / "e.nc", 1)
    events = read_events(tmp_path / "e.nc")
    assert len(events.times) == 0 and events.points.shape == (0, 3)


def test_file_is_cf_points_and_appears_when_closed(tmp_path):
    writer = EventWriter(alone(), tmp_path / "e.nc", CHARGE)
    writer.flush()
    assert not (tmp_path / "e.nc").exists() and (tmp_path / "e.nc.part").exists()
    writer.close(False)
    with netCDF4.Dataset(tmp_path / "e.nc") as data:
        assert data.featureType == "point" and data["charge"].coordinates == "time x y z" and data.complete == 0


@pytest.mark.parametrize("text", [b"", b"not a file of ours"])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "e.nc").write_bytes(text)
    with pytest.raises(InputError, match=r"e\.nc"):
        read_events(tmp_path / "e.nc")
