"""Leads of an ECG are the same on 1, 2 and 3 ranks, by every method."""

import sys

import numpy as np
import pytest
from tools import run_on

from hpc_twin.io.traces import read_traces
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.write import write

CASE = """
[mesh]
generate = "slab"
shape = { size = ["8 mm", "6 mm", "6 mm"], h = "1 mm" }
[cells]
model = "mitchell_schaeffer_2003"
[tissue]
until = "10 ms"
dt = "0.1 ms"
[tissue.conductivity]
intracellular = ["0.2 S/m"]
extracellular = ["0.4 S/m"]
[[stimulus]]
box = { min = ["0 mm", "0 mm", "0 mm"], max = ["1 mm", "6 mm", "6 mm"] }
[solver]
rtol = 1e-10
tolerance = "1e-9 mV"
"""
BATH = """
[[region]]
name = "bath"
box = { min = ["0 mm", "0 mm", "0 mm"], max = ["8 mm", "6 mm", "6 mm"] }
[[region]]
name = "heart"
box = { min = ["0 mm", "0 mm", "0 mm"], max = ["8 mm", "3 mm", "3 mm"] }
[bath.regions.bath]
conductivity = ["0.8 S/m"]
"""
PLACES = """
[ecg.electrodes]
RA = ["-1 mm", "7 mm", "7 mm"]
LA = ["9 mm", "7 mm", "7 mm"]
LL = ["4 mm", "9 mm", "-1 mm"]
V1 = ["3 mm", "8 mm", "3 mm"]
tie = ["4.5 mm", "3.5 mm", "7 mm"]
"""
METHODS = {
    "infinite": '[ecg]\nmethod = "infinite_medium"\n' + PLACES,
    "bath": BATH + '[ecg]\nmethod = "lead_field"\n' + PLACES,
    "torso": '[ecg]\nmethod = "lead_field"\n' + PLACES + '[ecg.torso]\nfile = "torso.vtu"\nconductivity = "0.2 S/m"\n',
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


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    body = slab((20.0, 18.0, 18.0), 2.0)
    body.points[:] -= (6.3, 6.1, 5.9)
    write(body, folder / "torso.vtu")
    for name, text in METHODS.items():
        (folder / f"{name}.toml").write_text(CASE + text)
    found = {}
    for ranks in (1, 2, 3):
        out = tmp_path_factory.mktemp(f"ranks{ranks}")
        done = run_on(ranks, [sys.executable, "-c", ALL, out, *(folder / f"{name}.toml" for name in METHODS)])
        assert done.returncode == 0, done.stderr
        found |= {(name, ranks): (read_traces(out / name / "ecg.nc"), done.stdout) for name in METHODS}
    return found


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("name", METHODS)
def test_same_leads(runs, name, ranks):
    (one, told), (more, said) = runs[name, 1], runs[name, ranks]
    span = np.ptp(one.values["ecg"], axis=0)
    assert one.names == more.names == ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "tie"] and span.min() > 1e-3
    assert np.abs(more.values["ecg"] - one.values["ecg"]).max() < 1e-4 * span.max()
    for key, value in one.attributes.items():
        if key.startswith("electrode_"):
            assert np.array_equal(value, more.attributes[key]), key
        if key.startswith("measure_"):
            assert value == pytest.approx(more.attributes[key], rel=1e-3, abs=1e-6), key
    ecg = [line for line in told.splitlines() if line.startswith("ECG")]
    assert len(ecg) == len(METHODS) and ecg == [line for line in said.splitlines() if line.startswith("ECG")]
