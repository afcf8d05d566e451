import netCDF4
import numpy as np
import pytest
from strips import sheet, strips

from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.rounding import keep_bits
from hpc_twin.parallel import world


@pytest.fixture
def values():
    random = np.random.default_rng(0)
    return (random.standard_normal(10_000) * 10.0 ** random.integers(-20, 20, 10_000)).astype(np.float32)


@pytest.mark.parametrize("bits", [4, 12, 22])
def test_error_is_half_of_the_last_bit_that_is_kept(values, bits):
    rounded = values.copy()
    keep_bits(rounded, bits)
    error = np.abs(rounded.astype(float) - values) / np.abs(values)
    assert 0.4 * 2.0**-bits < error.max() <= 2.0 ** -(bits + 1)
    assert not (rounded.view(np.uint32) & np.uint32((1 << (23 - bits)) - 1)).any()
    again = rounded.copy()
    keep_bits(again, bits)
    assert np.array_equal(again, rounded)


def test_ties_to_even_and_what_is_no_number():
    row = np.array([1 + 2.0**-5, 1 + 3 * 2.0**-5, 0, -0.0, np.nan, np.inf, -np.inf, 1.999999], np.float32)
    keep_bits(row, 4)
    expected = np.array([1, 1.125, 0, -0.0, np.nan, np.inf, -np.inf, 2], np.float32)
    assert np.array_equal(row, expected, equal_nan=True) and np.signbit(row[3])


def test_all_bits_are_kept(values):
    rounded = values.copy()
    keep_bits(rounded, 23)
    assert np.array_equal(rounded, values)


def test_like_netcdf(values, tmp_path):
    if not getattr(netCDF4, "__has_quantization_support__", False):
        pytest.skip("this netCDF cannot round")
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as data:
        data.createDimension("n", len(values))
        data.createVariable("a", "f4", ("n",), zlib=True, significant_digits=9, quantize_mode="BitRound")[:] = values
        theirs = np.asarray(data["a"][:])
    keep_bits(values, 9)
    assert (theirs == values).mean() > 0.999  # it rounds ties up


def test_frames_are_rounded_and_maps_are_not(tmp_path):
    part = strips(sheet(), world())
    V, maps = {"V": ("mV", "V")}, {"activation": ("ms", "a")}
    x = np.pi * (1 + part.points[:, 0] + part.points[:, 1] / 9)
    with ExodusWriter(tmp_path / "r.exo", part, V, {}, maps, bits=8) as writer:
        writer.write_frame(0.0, {"V": x})
        writer.write_static({"activation": x})
    expected = np.empty(81, np.float32)
    expected[part.node_ids] = x
    with netCDF4.Dataset(tmp_path / "r.exo") as data:
        assert data["vals_nod_var1"].getncattr("_QuantizeBitRoundNumberOfSignificantBits") == 8
        assert np.array_equal(data["vals_nod_var2"][0], expected)
        keep_bits(expected, 8)
        assert np.array_equal(data["vals_nod_var1"][0], expected)
