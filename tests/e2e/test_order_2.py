"""``tissue.order = 2`` as a user meets it: a run, its files, its pictures, what is refused."""

import netCDF4
import numpy as np
import pytest
import pyvista
from tools import case_text, results, told

from hpc_twin.io.result import read_result

MESHES = {
    "slab": '[mesh]\ngenerate = "slab"\nshape = { size = ["4 mm", "2 mm", "1 mm"], h = "1 mm" }\n',
    "sheet": '[mesh]\ngenerate = "sheet"\nshape = { size = ["4 mm", "2 mm"], h = "1 mm" }\n',
    "cable": '[mesh]\ngenerate = "cable"\nshape = { length = "4 mm", h = "1 mm" }\n',
}
KINDS = {"slab": ("TETRA10", 24, 135), "sheet": ("TRI6", 22, 45), "cable": ("BAR3", 21, 9)}
SECOND = '[tissue]\nuntil = "2 ms"\ndt = "0.1 ms"\norder = 2\n[tissue.conductivity]\neffective = ["0.1 S/m"]\n'
PLACE = '[[stimulus]]\nbox = { min = ["0 mm", "0 mm", "0 mm"], max = ["0.6 mm", "3 mm", "2 mm"] }\n'
PROBE = '[probes]\nmiddle = ["0.5 mm", "0 mm", "0 mm"]\n[output]\nevery = "0.5 ms"\n'


def write(folder, mesh: str, tissue: str = SECOND):
    path = folder / "case.toml"
    path.write_text(case_text(MESHES[mesh], tissue=tissue, stimulus=PLACE, more=PROBE))
    return path


@pytest.mark.parametrize("mesh", MESHES)
def test_run_and_its_file(obeyed, mesh, tmp_path):
    done = obeyed("run", write(tmp_path, mesh), "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    kind, vtk, nodes = KINDS[mesh]
    found = results(tmp_path / "out/result.exo")
    assert found["V"].shape == (5, nodes) and found["V"].max() > 0
    with read_result(tmp_path / "out/result.exo") as result:
        middle = np.flatnonzero(result.points[:, 0] == 0.5)
        assert result.blocks[0].midpoints is not None and len(middle), "there are nodes on the edges"
        assert (result.frame(-1, "V")[middle] > result.frame(0, "V")[middle]).all(), "and cells, which were stimulated"
        assert len(np.unique(result.blocks[0].linear)) == nodes
    with netCDF4.Dataset(tmp_path / "out/result.exo") as data:
        assert data["connect1"].elem_type == kind
    block = pyvista.ExodusIIReader(str(tmp_path / "out/result.exo")).read().combine()
    assert set(block.celltypes) == {vtk} and block.n_points == nodes


def test_pictures(obeyed, tmp_path):
    assert obeyed("run", write(tmp_path, "sheet"), "--out", tmp_path / "out").returncode == 0
    done = obeyed("view", tmp_path / "out", "--movie", "none", "--size", "300x300")
    assert done.returncode == 0 and (tmp_path / "out/pictures/V_times.png").is_file(), done.stderr


REFUSED = [
    ("order = 2", "order = 3", "tissue.order"),
    ("order = 2", "order = 2\nmass = 0.5", 'tissue.mass: found 0.5, tissue.order = 2 allows "consistent" only'),
    ("order = 2", 'order = 2\nmass = "lumped"', "tissue.mass: found 'lumped'"),
    ("order = 2", 'order = 2\nmodel = "eikonal"', "linear elements only"),
]


@pytest.mark.parametrize(("old", "new", "words"), REFUSED)
def test_refused(obeyed, old, new, words, tmp_path):
    done = obeyed("run", write(tmp_path, "cable", SECOND.replace(old, new)), "--out", tmp_path / "out")
    assert done.returncode == 2 and words in told(done)[0]
    assert not (tmp_path / "out").exists()
