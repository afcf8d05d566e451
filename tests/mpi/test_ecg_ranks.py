"""Leads of an ECG are the same on 1, 2 and 3 ranks, by every method."""

import numpy as np
import pytest
from tools import TIGHT, box_text, case_text, mesh_text, simulated, tissue_text

from hpc_twin.io.traces import read_traces
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.write import write

SIZE = (8, 6, 6)
CASE = case_text(
    mesh_text("slab", SIZE, 1),
    tissue=tissue_text(10, intracellular=(0.2,), extracellular=(0.4,)),
    stimulus="[[stimulus]]\n" + box_text((0, 0, 0), (1, 6, 6)),
    more=TIGHT,
)
BATH = f"""
[[region]]
name = "bath"
{box_text((0, 0, 0), SIZE)}
[[region]]
name = "heart"
{box_text((0, 0, 0), (8, 3, 3))}
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
SMALL = BATH.replace(box_text((0, 0, 0), (8, 3, 3)), box_text((0, 0, 0), (2, 2, 2)))  # some ranks have none of it
PROBES = '[probes]\na = ["2 mm", "1 mm", "1 mm"]\n'
METHODS = {
    "infinite": '[ecg]\nmethod = "infinite_medium"\n' + PLACES,
    "bath": BATH + '[ecg]\nmethod = "lead_field"\n' + PLACES,
    "small": SMALL + PROBES + '[ecg]\nmethod = "lead_field"\n' + PLACES,
    "torso": '[ecg]\nmethod = "lead_field"\n' + PLACES + '[ecg.torso]\nfile = "torso.vtu"\nconductivity = "0.2 S/m"\n',
}


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
        done = simulated(ranks, out, [folder / f"{name}.toml" for name in METHODS])
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
