"""Prepaced cells, rotors and saved states are the same on 1, 2 and 3 ranks."""

import shutil

import netCDF4
import numpy as np
import pytest
from tools import CELLS, case_text, mesh_text, simulated, tissue_text

CASE = case_text(
    mesh_text("sheet", (8, 8), 0.5),
    CELLS + "BEGINS\n",
    tissue_text(4, effective=(0.1,)),
    '[[stimulus]]\nnode_set = "x0"\n',
    '[solver]\nrtol = 1e-12\ntolerance = "1e-10 mV"\n[output]\nstate = "end"\n',
)
BEGINS = {
    "prepaced": 'prepace = { cycle_length = "400 ms", beats = 3 }',
    "rotor": '[initial.rotor]\ncentre = ["4 mm", "4 mm", "0 mm"]\ncycle_length = "400 ms"\nbeats = 3',
    "state": '[initial]\nstate = "first/state.nc"',
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """state.nc by (name, ranks); the run "state" begins with a file that 2 ranks wrote."""
    folder = tmp_path_factory.mktemp("cases")
    for name, words in {"first": BEGINS["rotor"], **BEGINS}.items():
        (folder / f"{name}.toml").write_text(CASE.replace("BEGINS", words))
    start(2, folder, folder, ["first"])
    found = {}
    for ranks in (1, 2, 3):
        out = tmp_path_factory.mktemp(f"ranks{ranks}")
        start(ranks, out, folder, BEGINS)
        for name in BEGINS:
            with netCDF4.Dataset(out / name / "state.nc") as data:
                found[name, ranks] = np.array([data["V"][:], data["state_1"][:]])
    return found


def start(ranks: int, out, folder, names) -> None:
    shutil.rmtree(folder / "hpc_twin" / "prepaced", ignore_errors=True)  # so that these ranks pace the cells
    simulated(ranks, out, [folder / f"{name}.toml" for name in names], XDG_CACHE_HOME=str(folder))


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("name", BEGINS)
def test_same_on_any_ranks(runs, name, ranks):
    one, more = runs[name, 1], runs[name, ranks]
    assert np.ptp(one[0]) > 20, "a wave is under way"
    assert np.abs(one - more).max() < 1e-6
