"""V and phi_e are the same on 1, 2 and 3 ranks: both ways of solving, with bath, scar and electrodes."""

import sys

import numpy as np
import pytest
from tools import run_on

from hpc_twin.io.result import read_result

CASE = """
[mesh]
generate = "sheet"
shape = {{ size = ["6 mm", "4 mm"], h = "0.5 mm" }}
[[region]]
name = "bath"
box = {{ min = ["4.5 mm", "0 mm", "0 mm"], max = ["6 mm", "4 mm", "0 mm"] }}
[[region]]
name = "scar"
sphere = {{ centre = ["2.2 mm", "2.2 mm", "0 mm"], radius = "0.9 mm" }}
[cells]
model = "mitchell_schaeffer_2003"
[tissue]
model = "{model}"
until = "6 ms"
dt = "0.1 ms"
splitting = "strang"
without = ["scar"]
[tissue.conductivity]
intracellular = ["0.2 S/m", "0.05 S/m"]
extracellular = ["0.4 S/m", "0.3 S/m"]
[bath.regions.bath]
conductivity = ["0.8 S/m"]
[[stimulus]]
box = {{ min = ["0 mm", "0 mm", "0 mm"], max = ["1 mm", "2 mm", "0 mm"] }}
strength = "100000 uA/cm^3"
[output]
every = "3 ms"
fields = ["V", "phi_e"]
[solver]
rtol = 1e-10
tolerance = "1e-9 mV"
[bidomain]
rtol = 1e-10
{more}
"""
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
VOLTAGE = """
[[electrode]]
name = "plus"
kind = "voltage"
voltage = "500 mV"
node_set = "x0"
start = "2 ms"
[[electrode]]
kind = "ground"
node_set = "x1"
"""
CASES = {
    "decoupled": ("bidomain", 'solve = "decoupled"\nreference = { region = "bath" }' + CURRENT.format(20, -20)),
    "block": ("bidomain", 'solve = "block"' + VOLTAGE),
    "pseudo": ("pseudo_bidomain", "every = 2"),
}
ALL = """
import sys
from pathlib import Path
from hpc_twin.case import load_case
from hpc_twin.parallel import world
from hpc_twin.run import simulate
for path in sys.argv[2:]:
    simulate(load_case(path), Path(sys.argv[1]) / Path(path).stem, world())
"""


def frames(path) -> dict[str, np.ndarray]:
    with read_result(path) as result:
        return {name: np.array([result.frame(k, name) for k in range(result.n_frames)]) for name in ("V", "phi_e")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    for name, (model, more) in CASES.items():
        (folder / f"{name}.toml").write_text(CASE.format(model=model, more=more))
    found = {}
    for ranks in (1, 2, 3):
        out = tmp_path_factory.mktemp(f"ranks{ranks}")
        done = run_on(ranks, [sys.executable, "-c", ALL, out, *(folder / f"{name}.toml" for name in CASES)])
        assert done.returncode == 0, done.stderr
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
