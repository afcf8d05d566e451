import os
import shutil
import subprocess
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from ranks import run_ranks
from strips import sheet, strips

from hpc_twin.io.exodus import ExodusWriter
from hpc_twin.io.netcdf import has_parallel_netcdf
from hpc_twin.io.result import read_result
from hpc_twin.parallel import InputError, RunError, world

V = {"V": ("mV", "transmembrane potential")}


def contents(path):
    with netCDF4.Dataset(path) as data:
        data.set_auto_maskandscale(False)
        variables = {name: np.asarray(v[:]).tobytes() for name, v in data.variables.items()}
        return variables, {name: data.getncattr(name) for name in data.ncattrs()}


def test_schema_has_what_readers_ask_for(dataset):
    assert dataset.data_model == "NETCDF4"
    for name in ("api_version", "version", "floating_point_word_size", "file_size", "maximum_name_length", "title"):
        assert name in dataset.ncattrs()
    assert len(dataset.dimensions["num_nodes"]) == 81 and len(dataset.dimensions["num_elem"]) == 129
    assert dataset.dimensions["time_step"].isunlimited()
    kinds = [dataset[f"connect{k}"].elem_type for k in (1, 2, 3)]
    assert kinds == ["TRI3", "BAR2", "TRI3"]
    assert [int(dataset[f"connect{k}"].region) for k in (1, 2, 3)] == [3, 3, 7]
    assert (dataset.complete, dataset.run_id) == (1, "test")


def test_result_variables_have_units_and_are_packed_in_bounded_chunks(dataset):
    potential = dataset["vals_nod_var1"]
    assert (potential.units, potential.long_name, potential.dtype) == ("mV", V["V"][1], np.float32)
    assert potential.chunking() == [1, 81]
    assert potential.filters()["zlib"] and potential.filters()["shuffle"] and potential.filters()["complevel"] == 1
    assert dataset["time_whole"].units == "ms" and dataset["coordx"].units == "mm"


def test_values_stand_in_the_order_of_the_mesh(sheets):
    mesh = sheet()
    with read_result(sheets[3] / "sheet.exo") as result:
        assert np.array_equal(result.points, mesh.points)
        x, y = mesh.points[:, 0], mesh.points[:, 1]
        assert np.array_equal(result.times, 0.5 * np.arange(40))
        assert np.allclose(result.frame(10, "V"), np.where(x < 2.5, 20, -85) + y)
        assert np.array_equal(result.map("activation"), np.where(y < 7, 2 * x, np.nan), equal_nan=True)
        together = {tuple(e) for block in result.blocks for e in block.elements}
        assert together == {tuple(e[e >= 0]) for e in mesh.elements}
        assert [(b.name, b.region) for b in result.blocks] == [("healthy", 3), ("healthy_line", 3), ("region_7", 7)]


def test_element_map_tells_the_original_elements(dataset):
    mesh, numbers = sheet(), dataset["elem_num_map"][:] - 1
    assert np.array_equal(np.sort(numbers), np.arange(129))
    assert np.array_equal(mesh.elements[numbers[:64]], dataset["connect1"][:] - 1)
    assert np.allclose(dataset["vals_elem_var2eb3"][7], 0.8)


def test_maps_are_there_at_every_time(dataset):
    maps = dataset["vals_nod_var2"]
    assert maps.static and np.array_equal(maps[0], maps[39], equal_nan=True)


@pytest.mark.parametrize("n", [2, 3])
def test_file_does_not_depend_on_the_number_of_ranks(sheets, n):
    assert contents(sheets[1] / "sheet.exo") == contents(sheets[n] / "sheet.exo")


@pytest.mark.parametrize("n", [2, 3])
def test_collective_and_gathered_files_agree(sheets, tmp_path, n):
    if not has_parallel_netcdf():
        pytest.skip("this netCDF4 was built without MPI (docs/parallel_netcdf.md)")
    done = run_ranks(n, "write_sheet.py", str(tmp_path), "parallel")
    assert done.returncode == 0, done.stderr
    assert contents(sheets[1] / "sheet.exo") == contents(tmp_path / "sheet.exo")


def test_nothing_under_the_final_name_until_closed(tmp_path):
    part = strips(sheet(), world())
    writer = ExodusWriter(tmp_path / "r.exo", part, V, double=True)
    writer.write_frame(0.0, {"V": np.full(81, np.pi)})
    assert os.listdir(tmp_path) == ["r.exo.part"]
    size = writer.close()
    assert os.listdir(tmp_path) == ["r.exo"] and size == (tmp_path / "r.exo").stat().st_size
    assert read_result(tmp_path / "r.exo").frame(0, "V")[5] == np.pi
    assert writer.close() == size


def test_failed_run_leaves_what_it_had(tmp_path):
    part = strips(sheet(), world())
    with pytest.raises(RunError, match="NaN"):
        with ExodusWriter(tmp_path / "r.exo", part, V) as writer:
            writer.write_frame(0.0, {"V": np.ones(81)})
            raise RunError("V is NaN")
    with read_result(tmp_path / "r.exo") as result:
        assert result.n_frames == 1 and result.attributes["complete"] == 0


def test_run_that_fails_before_its_first_frame_leaves_nothing(tmp_path):
    with pytest.raises(RunError), ExodusWriter(tmp_path / "r.exo", strips(sheet(), world()), V):
        raise RunError("solver")
    assert os.listdir(tmp_path) == []


def test_long_case_text_fits_an_attribute(tmp_path):
    text = "a = 1\n" * 50_000
    ExodusWriter(tmp_path / "r.exo", strips(sheet(), world()), V, {"case": text}).close()
    assert read_result(tmp_path / "r.exo").attributes["case"] == text


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none/r\.exo"):
        ExodusWriter(tmp_path / "none" / "r.exo", strips(sheet(), world()), V)


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 1 MB, mounted for this test."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("n", [1, 2])
def test_full_disk(tiny_disk, n):
    done = run_ranks(n, "fill_disk.py", str(tiny_disk))
    assert done.returncode == 3, done.stderr
    assert all(f"rank {rank}: {tiny_disk}/a.exo: the disk is full" in done.stdout for rank in range(n))
    assert "Traceback" not in done.stderr
    assert os.listdir(tiny_disk) == ["a.exo"]
    check_kept(tiny_disk / "a.exo")
    with read_result(tiny_disk / "a.exo") as result:
        assert np.array_equal(result.map("activation"), sheet(60).points[:, 0])


@pytest.mark.parametrize("n", [1, 2])
def test_file_size_limit(tmp_path, n):
    """A limit that the free space does not tell of."""
    done = run_ranks(n, "fill_disk.py", str(tmp_path), "900000")
    assert done.returncode == 3 and done.stdout.count("limit on the size of a file") == n
    assert os.listdir(tmp_path) == ["a.exo"]
    check_kept(tmp_path / "a.exo")


@pytest.mark.parametrize("n", [1, 2])
def test_failure_of_the_write_itself_ends_all_ranks(tmp_path, n):
    """What happens when the room vanishes between the check and the write."""
    if n == 1 and netCDF4.__hdf5libversion__ < "1.14":
        pytest.skip("HDF5 1.10 itself crashes when it ends after a failed write")
    done = run_ranks(n, "fill_disk.py", str(tmp_path), "900000", "unchecked")
    words = done.stdout + done.stderr
    assert done.returncode == 3 and "writing failed" in words and "MB are free" in words
    assert "Traceback" not in words


def check_kept(path: Path):
    with read_result(path) as result:
        assert result.n_frames > 5
        frames = np.array([result.frame(k, "V") for k in range(result.n_frames - 1)])
        assert np.isfinite(frames).all() and frames.min() >= 0 and frames.max() <= 1
