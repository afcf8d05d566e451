"""ParaView's own readers open a result as a time series and read its values back."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "unit" / "io"))
from ranks import run_ranks
from strips import sheet

SCRIPT = """
import json, sys
from paraview.simple import *
out = {}
for kind in (ExodusIIReader, IOSSReader):
    reader = kind(FileName=[sys.argv[1]])
    if kind is ExodusIIReader:
        reader.PointVariables = reader.PointVariables.Available
    merged = MergeBlocks(Input=reader)
    times = list(reader.TimestepValues)
    merged.UpdatePipeline(times[10])
    data = servermanager.Fetch(merged)
    values = data.GetPointData()
    points = [data.GetPoint(i) for i in range(data.GetNumberOfPoints())]
    found = {n: [values.GetArray(n).GetValue(i) for i in range(len(points))] for n in ("V", "activation")}
    label = "exodus" if kind is ExodusIIReader else "ioss"
    out[label] = dict(times=times, points=points, elements=data.GetNumberOfCells(), **found)
json.dump(out, open(sys.argv[2], "w"))
"""


def paraview() -> list[str] | None:
    """The command that runs a ParaView script, if there is one."""
    if shutil.which("pvpython"):
        return ["pvpython"]
    has = subprocess.run(["/usr/bin/python3", "-c", "import paraview.simple"], capture_output=True, check=False)
    return ["/usr/bin/python3"] if has.returncode == 0 else None


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    command = paraview()
    if command is None:
        pytest.skip("no pvpython (Debian: apt-get install python3-paraview)")
    folder = tmp_path_factory.mktemp("paraview")
    done = run_ranks(2, "write_sheet.py", str(folder))
    assert done.returncode == 0, done.stderr
    (folder / "open.py").write_text(SCRIPT)
    words = [*command, str(folder / "open.py"), str(folder / "sheet.exo"), str(folder / "out.json")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "out.json").read_text())


@pytest.mark.parametrize("reader", ["exodus", "ioss"])
def test_time_series(opened, reader):
    found = opened[reader]
    assert np.allclose(found["times"], 0.5 * np.arange(40)) and found["elements"] == sheet().n_elements
    x, y, _ = np.array(found["points"]).T
    assert np.allclose(found["V"], np.where(x < 2.5, 20, -85) + y)


@pytest.mark.parametrize("reader", ["exodus", "ioss"])
def test_map_is_seen_at_any_time(opened, reader):
    x, y, _ = np.array(opened[reader]["points"]).T
    expected = np.where(y < 7, 2 * x, np.nan)
    assert np.allclose(opened[reader]["activation"], expected, equal_nan=True)


def test_pyvista_reads_it(tmp_path):
    pyvista = pytest.importorskip("pyvista")
    assert run_ranks(1, "write_sheet.py", str(tmp_path)).returncode == 0
    reader = pyvista.ExodusIIReader(str(tmp_path / "sheet.exo"))
    reader.set_active_time_value(5.0)
    block = reader.read()[0]["healthy"]
    assert reader.number_time_points == 40 and block.n_cells == 64
    assert np.allclose(block["V"], np.where(block.points[:, 0] < 2.5, 20, -85) + block.points[:, 1])
