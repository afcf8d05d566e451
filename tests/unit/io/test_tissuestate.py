"""A tissue's state comes back bit by bit on any number of ranks, and only where it fits."""

import json
import shutil

import netCDF4
import numpy as np
import pytest
from ranks import run_ranks

from hpc_twin.cellmodels import load, load_all
from hpc_twin.fem.subdomain import subdomain
from hpc_twin.io.tissuestate import KIND, read_tissue_state, restore, write_tissue_state
from hpc_twin.mesh.generate import sheet
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world
from hpc_twin.tissue.cells import populate


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folder by number of ranks; 2 ranks begin with the file of 1, 3 with that of 2."""
    folders, file = {}, ()
    for n in (1, 2, 3):
        folders[n] = tmp_path_factory.mktemp(f"ranks{n}")
        done = run_ranks(n, "save_states.py", str(folders[n]), *file)
        assert done.returncode == 0, done.stderr
        file = (str(folders[n] / "state.nc"),)
    return folders


def contents(path):
    with netCDF4.Dataset(path) as data:
        data.set_auto_mask(False)
        return {name: variable[:] for name, variable in data.variables.items()}


@pytest.mark.parametrize("n", [2, 3])
def test_files_of_all_ranks_are_alike(saved, n):
    one, more = contents(saved[1] / "state.nc"), contents(saved[n] / "state.nc")
    assert one.keys() == more.keys() and not list(saved[n].glob("*.part"))
    for name, values in one.items():
        assert np.array_equal(values, more[name], equal_nan=True), name


def test_the_file_tells_what_it_is(saved):
    state = read_tissue_state(saved[1] / "state.nc", world())
    assert state.time == 12.5 and state.n_nodes == 17 * 13 and state.case_text == "[tissue]"
    assert [len(model.states) for model in state.models] == [1, 18, 18]
    found = contents(saved[1] / "state.nc")
    assert np.isnan(found["V"]).sum() > 0, "the hole has no cells"
    assert np.array_equal(np.isnan(found["V"]), np.isnan(found["model"]))
    xr1 = found[state.variables["ikr.xr1"]]
    assert np.array_equal(np.isfinite(xr1), found["model"] >= 1)


def tissue(h=0.25, model="tentusscher_2006_epi", hole=0.5, **request):
    part = distribute(sheet((4.0, 3.0), h), world())
    x, y, _ = part.points[part.elements].mean(axis=1).T
    domain = subdomain(part, (x - 2) ** 2 + (y - 1.5) ** 2 > hole)
    kernels = load_all([{"name_or_path": model, **request}], world())
    cells = populate(kernels, np.zeros(domain.part.n_owned, int))
    return domain, np.full(domain.part.n_owned, -80.0), cells


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"h": 0.5}, "another mesh"),
        ({"model": "mitchell_schaeffer_2003"}, "whose states are not those of mitchell_schaeffer_2003"),
        ({"hole": 0.1}, "no cells at some nodes"),
        ({"parameters": {"ikr.g": "0.4x"}}, "other parameters of tentusscher_2006_epi"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, words):
    write_tissue_state(tmp_path / "state.nc", *tissue(), 0.0)
    state = read_tissue_state(tmp_path / "state.nc", world())
    with pytest.raises(InputError, match=words):
        restore(state, *tissue(**change))


def test_other_parameters_are_taken_when_wanted(tmp_path):
    domain, V, cells = tissue()
    cells[0].states[3] = 0.125
    write_tissue_state(tmp_path / "state.nc", domain, V, cells, 0.0)
    domain, V, cells = tissue(parameters={"ikr.g": "0.4x"})
    V[:] = 0.0
    state = read_tissue_state(tmp_path / "state.nc", world())
    restore(state, domain, V, cells, other_parameters=True)
    assert (V == -80).all() and (cells[0].states[3] == 0.125).all()


def test_mixed_precision_states_come_back(tmp_path):
    domain, V, cells = tissue(precision="mixed")
    for row in cells[0].kernel.views(cells[0].states):
        row[:] = np.linspace(0.1, 0.9, len(row))
    before = cells[0].kernel.values(cells[0].states).copy()
    write_tissue_state(tmp_path / "state.nc", domain, V, cells, 0.0)
    domain, V, cells = tissue(precision="mixed")
    restore(read_tissue_state(tmp_path / "state.nc", world()), domain, V, cells)
    assert np.array_equal(cells[0].kernel.values(cells[0].states), before)


def damaged(path, how):
    with netCDF4.Dataset(path, "a") as data:
        how(data)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (lambda data: data.setncattr("kind", "else"), "holds no state of a tissue"),
        (lambda data: data.setncattr("models", "[1"), "cannot be read"),
        (lambda data: data.renameVariable("state_4", "other"), "cannot be read"),
        (lambda data: data["state_4"].__setitem__(slice(None), np.nan), "no finite numbers"),
        (lambda data: data["model"].__setitem__(slice(None), 7.0), "no cells at some nodes"),
    ],
)
def test_damaged_files_are_refused(tmp_path, how, words):
    built = tissue()
    write_tissue_state(tmp_path / "state.nc", *built, 0.0)
    damaged(tmp_path / "state.nc", how)
    with pytest.raises(InputError, match=words):
        restore(read_tissue_state(tmp_path / "state.nc", world()), *built)


def test_files_that_are_not_there(tmp_path):
    (tmp_path / "other.nc").write_text("text")
    with pytest.raises(InputError, match=r"there: other\.nc"):
        read_tissue_state(tmp_path / "state.nc", world())
    with pytest.raises(InputError, match="cannot be read"):
        read_tissue_state(tmp_path / "other.nc", world())
    with pytest.raises(InputError, match="cannot be written"):
        write_tissue_state(tmp_path / "no" / "state.nc", *tissue(), 0.0)


def test_attributes_of_the_caller_do_not_replace_ours(tmp_path):
    write_tissue_state(tmp_path / "state.nc", *tissue(), 3.0, {"kind": "mine", "run_id": "abc"})
    with netCDF4.Dataset(tmp_path / "state.nc") as data:
        assert data.kind == KIND and data.run_id == "abc" and data.complete == 1
        assert json.loads(data.models)[0]["digest"] == load("tentusscher_2006_epi", comm=world()).digest
    shutil.rmtree(tmp_path)
