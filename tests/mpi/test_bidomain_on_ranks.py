"""V and phi_e are the same on 1, 2 and 3 ranks: both ways of solving, with bath, scar and electrodes."""

import numpy as np
import pytest
from tools import CELLS, TIGHT, box_text, case_text, mesh_text, simulated, tissue_text

from hpc_twin.io.result import read_result
from hpc_twin.verify.rank_cases import SHOCK

SIZE = (6, 4)
REGIONS = f"""
[[region]]
name = "bath"
{box_text((4.5, 0, 0), (*SIZE, 0))}
[[region]]
name = "scar"
sphere = {{ centre = ["2.2 mm", "2.2 mm", "0 mm"], radius = "0.9 mm" }}
[bath.regions.bath]
conductivity = ["0.8 S/m"]
"""
OUTPUT = '[output]\nevery = "3 ms"\nfields = ["V", "phi_e"]\n'
STIMULUS = "[[stimulus]]\n" + box_text((0, 0, 0), (1, 2, 0)) + 'strength = "100000 uA/cm^3"\n'
BOTH = {"intracellular": (0.2, 0.05), "extracellular": (0.4, 0.3)}
CURRENT = """
[[electrode]]
name = "in"
kind = "current"
strength = "{} uA/mm^3"
node_set = "x0"
start = "2 ms"
[[electrode]]
name = "out"
kind = "current"
strength = "{} uA/mm^3"
node_set = "x1"
start = "2 ms"
"""
CASES = {
    "decoupled": ("bidomain", 'solve = "decoupled"\nreference = { region = "bath" }' + CURRENT.format(20, -20)),
    "block": ("bidomain", 'solve = "block"' + SHOCK),
    "pseudo": ("pseudo_bidomain", "every = 2"),
}


def text(model: str, more: str) -> str:
    keys = f'model = "{model}"\nsplitting = "strang"\nwithout = ["scar"]\n'
    sections = REGIONS, OUTPUT, TIGHT, "[bidomain]\nrtol = 1e-10\n", more
    return case_text(mesh_text("sheet", SIZE, 0.5), CELLS, tissue_text(6, keys, **BOTH), STIMULUS, "".join(sections))


def frames(path) -> dict[str, np.ndarray]:
    with read_result(path) as result:
        return {name: np.array([result.frame(k, name) for k in range(result.n_frames)]) for name in ("V", "phi_e")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    for name, (model, more) in CASES.items():
        (folder / f"{name}.toml").write_text(text(model, more))
    found = {}
    for ranks in (1, 2, 3):
        out = tmp_path_factory.mktemp(f"ranks{ranks}")
        simulated(ranks, out, [folder / f"{name}.toml" for name in CASES])
        found |= {(name, ranks): frames(out / name / "result.exo") for name in CASES}
    return found


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("name", CASES)
def test_same_potentials(runs, name, ranks):
    one, more = runs[name, 1], runs[name, ranks]
    for field in ("V", "phi_e"):
        assert np.array_equal(np.isnan(one[field]), np.isnan(more[field]))
        assert np.nanmax(np.abs(one[field] - more[field])) < 1e-3


@pytest.mark.parametrize("name", CASES)
def test_who_has_which_potential(runs, name):
    """Nodes that only scar touches have none, those of the bath phi_e alone; phi_e in every second frame of three."""
    V, phi_e = runs[name, 1]["V"], runs[name, 1]["phi_e"]
    assert np.isfinite(V[-1]).sum() < np.isfinite(phi_e[-1]).sum() < V.shape[1]
    assert np.isnan(phi_e[1]).all() == (name == "pseudo")
    assert np.nanmax(np.ptp(V, axis=0)) > 50 and np.nanmax(phi_e[-1]) - np.nanmin(phi_e[-1]) > 5
