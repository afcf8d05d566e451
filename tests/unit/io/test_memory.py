"""Arrays come back to the last bit, on any number of ranks."""

import netCDF4
import numpy as np
import pytest
from ranks import run_ranks

from hpc_twin.fem.memory import common
from hpc_twin.io.memory import read_memory, write_memory
from hpc_twin.parallel import InputError, world


@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 2), (1, 3), (3, 1)])
def test_what_was_written_comes_back(tmp_path, before, after):
    path = tmp_path / "state.nc"
    for verb, ranks in (("write", before), ("read", after)):
        done = run_ranks(ranks, "remember.py", verb, str(path), str(before))
        assert done.returncode == 0, done.stderr
    with netCDF4.Dataset(path) as data:
        assert {str(v.dtype) for v in data.variables.values()} == {"float64", "float32", "int32", "int64", "int8"}


def columns(**arrays):
    return {name: (kept,) for name, kept in common(**arrays).items()}


@pytest.mark.parametrize(
    "other", [{}, {"a": np.zeros(3)}, {"a": np.zeros(2, int)}, {"a": np.zeros(2), "b": np.zeros(1)}]
)
def test_other_arrays_are_refused(tmp_path, other):
    write_memory(tmp_path / "s.nc", world(), columns(a=np.zeros(2)), 5)
    with pytest.raises(InputError, match=r"s\.nc: holds other arrays than this run keeps: [ab]"):
        read_memory(tmp_path / "s.nc", world(), columns(**other), 5)


def test_no_such_file_and_no_such_folder(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_memory(tmp_path / "s.nc", world(), columns(a=np.zeros(2)), 5)
    with pytest.raises(InputError, match="cannot be written"):
        write_memory(tmp_path / "none" / "s.nc", world(), columns(a=np.zeros(2)), 5)
