import shutil

import netCDF4
import numpy as np
import pytest

from hpc_twin.io.result import read_result
from hpc_twin.parallel import InputError

OLD_HDF5 = tuple(int(n) for n in netCDF4.__hdf5libversion__.split("-")[0].split(".")[:2]) < (1, 14)


@pytest.fixture
def copy(sheets, tmp_path):
    return shutil.copy(sheets[1] / "sheet.exo", tmp_path / "r.exo")


def read_all(path):
    with read_result(path) as result:
        values = [result.frame(k, name) for k in range(result.n_frames) for name in result.fields + result.maps]
        return result.points, result.blocks, values, result.attributes


def test_fields_and_maps(copy):
    with read_result(copy) as result:
        assert (result.fields, result.maps) == (["V"], ["activation"])
        assert (result.units("activation"), result.long_name("V")) == ("ms", "transmembrane potential")


def test_unknown_field_names_the_nearest(copy):
    with pytest.raises(InputError, match="did you mean 'activation'"):
        read_result(copy).frame(0, "actvation")


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_result(tmp_path / "none.exo")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.95])
def test_truncated_file(copy, share):
    whole = copy.read_bytes()
    copy.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=r"r\.exo"):
        read_all(copy)


@pytest.mark.skipif(OLD_HDF5, reason="HDF5 before 1.14 itself crashes on such files")
def test_bytes_turned_over_never_give_another_error(copy):
    whole = np.frombuffer(copy.read_bytes(), np.uint8)
    noise, refused = np.random.default_rng(0), 0
    for _ in range(30):
        hurt = whole.copy()
        hurt[noise.integers(0, len(hurt), 200)] ^= 0xFF
        copy.write_bytes(hurt.tobytes())
        try:
            read_all(copy)
        except InputError:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("name, value", [("connect1", 999), ("connect1", 0), ("coordx", np.nan), ("time_whole", 7.0)])
def test_values_that_cannot_be(copy, name, value):
    with netCDF4.Dataset(copy, "a") as data:
        data[name][:] = value
    with pytest.raises(InputError, match=r"r\.exo"):
        read_all(copy)


def test_other_netcdf_file(tmp_path):
    netCDF4.Dataset(tmp_path / "r.exo", "w").close()
    with pytest.raises(InputError, match="Exodus"):
        read_result(tmp_path / "r.exo")


def test_fibres_come_back_by_block(copy):
    with read_result(copy) as result:
        assert [f.shape for f in result.fibres] == [(len(block.elements), 3) for block in result.blocks]
        assert all(np.allclose(f, (0.6, 0.8, 0.0)) for f in result.fibres)


def test_series_of_a_node(sheets):
    with read_result(sheets[2] / "sheet.exo") as result:
        for node in (0, 40, 80):
            frames = [result.frame(k, "V")[node] for k in range(result.n_frames)]
            assert np.array_equal(result.series(node, "V"), frames)
        with pytest.raises(InputError, match="node 81 was asked for, the file holds 81"):
            result.series(81, "V")
