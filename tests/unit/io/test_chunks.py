"""Frames in several chunks, compressed by the ranks that have them: any reader finds in them what was put in."""

import netCDF4
import numpy as np
import pytest
from ranks import run_ranks
from strips import strips
from write_chunks import FRAMES, mesh, potential

from hpc_twin.io.chunks import Chunk, Packer
from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.handle import Handle
from hpc_twin.io.natural import NaturalOrder
from hpc_twin.io.netcdf import SharedFile, has_parallel_netcdf
from hpc_twin.io.result import read_result
from hpc_twin.io.schema import chunk_width, map_width
from hpc_twin.parallel import RunError, world


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    def write(n: int, *words: str):
        folder = tmp_path_factory.mktemp("chunks")
        done = run_ranks(n, "write_chunks.py", str(folder), *words)
        assert done.returncode == 0, done.stderr
        return folder / "a.exo"

    return write


@pytest.fixture(scope="module")
def files(written):
    return {n: written(n) for n in (1, 3)}


def test_frames_come_back(files):
    whole = mesh()
    with read_result(files[3]) as result:
        assert result.fields == ["V", "w"] and np.array_equal(result.times, 0.5 * np.arange(FRAMES))
        for k in (0, 13, FRAMES - 1):
            expected = potential(whole.points, k).astype(np.float32)
            assert np.array_equal(result.frame(k, "V"), expected, equal_nan=True)
            assert np.array_equal(result.frame(k, "w"), (whole.points[:, 1] / (1 + k)).astype(np.float32))


def test_maps_and_fibres_stand_at_every_time(files):
    whole = mesh()
    with netCDF4.Dataset(files[3]) as data:
        data.set_auto_maskandscale(False)
        assert len(data.dimensions["time_step"]) == FRAMES and data["vals_nod_var3"].chunking()[0] < FRAMES
        numbers, begin = data["elem_num_map"][:] - 1, 0
        for k in (0, 63, 64, FRAMES - 1):
            assert np.array_equal(data["vals_nod_var3"][k], whole.points[:, 0].astype(np.float32))
        for block in (1, 2, 3):
            for axis in range(3):
                found = data[f"vals_elem_var{axis + 1}eb{block}"]
                expected = whole.fibres[numbers[begin : begin + found.shape[1]], axis].astype(np.float32)
                assert found.shape[0] == FRAMES
                assert np.array_equal(found[0], expected) and np.array_equal(found[FRAMES - 1], expected)
            begin += found.shape[1]


def everything(path):
    with netCDF4.Dataset(path) as data:
        data.set_auto_maskandscale(False)
        return {name: (v.chunking(), np.asarray(v[:]).tobytes()) for name, v in data.variables.items()}


def test_files_of_any_ranks_are_alike(files):
    assert everything(files[1]) == everything(files[3])


@pytest.mark.parametrize("n", [2, 3])
def test_collective_files_are_alike(files, written, n):
    if not has_parallel_netcdf():
        pytest.skip("this netCDF4 was built without MPI (docs/parallel_netcdf.md)")
    assert everything(files[1]) == everything(written(n, "parallel"))


def test_a_file_is_as_small_as_netcdf_makes_it(files, tmp_path):
    """Its own deflate, on the same values in the same chunks."""
    with netCDF4.Dataset(files[1]) as data, netCDF4.Dataset(tmp_path / "own.nc", "w") as own:
        values = data["vals_nod_var2"][:]
        own.createDimension("t", None), own.createDimension("n", values.shape[1])
        shape = data["vals_nod_var2"].chunking()
        again = own.createVariable("w", "f4", ("t", "n"), zlib=True, complevel=1, shuffle=True, chunksizes=shape)
        again[:] = values
    packer = Packer(values.dtype, shape[1])
    packed = sum(len(chunk.data) for row in np.asarray(values) for chunk in packer.chunks("w", 0, row))
    assert packed < 1.1 * (tmp_path / "own.nc").stat().st_size


def test_widths():
    assert [chunk_width(n) for n in (0, 100, 500_000, 1_000_000, 100_000_000)] == [8192, 8192, 8192, 16384, 65536]
    for n, steps in ((100, 64), (10**6, 1), (10**8, 7), (10**8, 64)):
        assert chunk_width(n) % map_width(n, steps) == 0


def test_blocks_begin_at_grains():
    order = NaturalOrder(world(), np.arange(50), 50, grain=32)
    assert (order.start, order.stop) == (0, 50)


def test_what_fails_is_told_at_the_next_call(tmp_path):
    file = SharedFile(world(), tmp_path / "a.nc")
    file.define(lambda data: data.createDimension("time_step", None))
    file.define(lambda data: data.createVariable("time_whole", "f8", ("time_step",)))
    file.put_chunks([], [], 1, (0,), time_whole=3.0)
    file.sync()
    file.put_chunks([Chunk("nonesuch", 0, b"")], [], 2, (1,), time_whole=4.0)
    file.put_chunks([], [], 3, (2,), time_whole=5.0)  # nothing more is tried
    with pytest.raises(RunError, match="writing failed"):
        file.sync()
    file.close()
    with netCDF4.Dataset(tmp_path / "a.nc") as data:
        assert data["time_whole"][0] == 3 and len(data["time_whole"]) == 2


def test_one_library_at_a_time(tmp_path):
    handle = Handle(tmp_path / "a.nc", {}, again=False)
    handle.netcdf.createDimension("time_step", None)
    time = handle.netcdf.createVariable("time_whole", "f8", ("time_step",))
    handle.dataset("time_whole").resize(2, axis=0)
    with pytest.raises(RuntimeError):
        time[0] = 1.0
    handle.netcdf["time_whole"][1] = 7.0
    assert handle.dataset("time_whole")[1] == 7
    handle.close()


def test_one_frame_of_maps_has_chunks_of_one_time(tmp_path):
    part = strips(mesh(), world())
    with ExodusWriter(tmp_path / "m.exo", part, {}, {}, {"a": ("ms", "a")}, fibres=True, frames=1) as writer:
        writer.write_static({"a": part.points[:, 0]})
        writer.write_frame(3.0, {})
    with netCDF4.Dataset(tmp_path / "m.exo") as data:
        assert data["vals_nod_var1"].chunking() == [1, 8192] and data["vals_elem_var1eb1"].chunking()[0] == 1
        assert np.array_equal(data["vals_nod_var1"][0], mesh().points[:, 0])
