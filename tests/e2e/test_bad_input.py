"""What goes wrong outside, met as a user would: one clear message, the promised exit code, and no rank hangs."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import meshio
import numpy as np
import pytest
from tools import CELLS, COMMAND, STIMULUS, TISSUE, case_text, results, run_on, start_on, told, twin, wait_for

from hpc_twin.io.result import read_result

SOLVER = '[solver]\noptions = { ksp_max_it = "1" }\n'
FILE = '[mesh]\nfile = "{}"\nunit = "mm"\n'
ISOTROPIC = TISSUE.replace('"0.13 S/m", "0.02 S/m"', '"0.13 S/m"')
REGIONS = TISSUE.replace(
    'effective = ["0.13 S/m", "0.02 S/m"]', '[tissue.conductivity.regions.1]\neffective = ["1 S/m"]'
)
EVERYWHERE = '[[stimulus]]\nsphere = { centre = ["0 mm", "0 mm", "0 mm"], radius = "99 mm" }\n'

CORNERS = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)], float)
TETS = np.array([(0, 1, 2, 3), (1, 2, 3, 4)])


def write_mesh(path: Path, points=CORNERS, tets=TETS, **data) -> None:
    cell_data = {name: [np.asarray(values)] for name, values in data.items()}
    meshio.Mesh(points, [("tetra", tets)], cell_data=cell_data).write(path, binary=False)


def degenerate(folder):
    write_mesh(folder / "m.vtu", np.where(CORNERS == (0, 0, 1), 0.0, CORNERS) * (1, 1, 0))


def not_a_number(folder):
    write_mesh(folder / "m.vtu", np.where(np.arange(5)[:, None] == 3, np.nan, CORNERS))


def no_fibre(folder):
    (folder / "m.pts").write_text("5\n" + "\n".join("{} {} {}".format(*p) for p in CORNERS * 1000))
    (folder / "m.elem").write_text("2\nTt 0 1 2 3 1\nTt 1 2 3 4 1\n")
    (folder / "m.lon").write_text("1\n1 0 0\n0 0 0\n")


def truncated(folder):
    write_mesh(folder / "m.vtu")
    text = (folder / "m.vtu").read_text()
    (folder / "m.vtu").write_text(text[: len(text) // 2])


def two_regions(folder):
    write_mesh(folder / "m.vtu", region=np.array((1, 2), np.int32))


def nothing(folder):
    pass


MESHES = [
    ("missing file", nothing, "m.vtu", TISSUE, "m.vtu: no such file"),
    ("degenerate", degenerate, "m.vtu", ISOTROPIC, r"degenerate"),
    ("nan", not_a_number, "m.vtu", ISOTROPIC, "1 nodes have coordinates that are NaN"),
    ("zero fibre", no_fibre, "m.elem", TISSUE, "1 elements have fibres of zero length"),
    ("truncated", truncated, "m.vtu", ISOTROPIC, "m.vtu"),
    ("no conductivity", two_regions, "m.vtu", REGIONS, "region '2' has no conductivity"),
    ("no fibres", two_regions, "m.vtu", TISSUE, "the mesh has no fibres"),
]

FAR = STIMULUS.replace('"0 mm", "0 mm", "0 mm"', '"9 mm", "9 mm", "9 mm"').replace(
    '"1 mm", "3 mm"', '"9.5 mm", "9.5 mm"'
)
ROTOR = "[initial.rotor]\ncentre = ['0 mm', '0 mm', '0 mm']\ncycle_length = '200 ms'\n"
CASES = [
    ("no hit", {"stimulus": FAR.replace('"2 mm"]', '"9.5 mm"]')}, "hits no node; the mesh reaches from"),
    ("dt zero", {"tissue": TISSUE.replace("0.1 ms", "0 ms")}, "tissue.dt: found 0, it must be greater than 0"),
    ("dt negative", {"tissue": TISSUE.replace("0.1 ms", "-1 ms")}, "tissue.dt: found -1"),
    ("unit", {"tissue": TISSUE.replace("0.1 ms", "0.1 mV")}, 'tissue.dt: found "0.1 mV", which is not a time'),
    ("unknown key", {"cells": CELLS + "schema = 'a'\n"}, "unknown key cells.schema; did you mean 'scheme'?"),
    ("unknown model", {"cells": CELLS.replace("schaeffer", "shaeffer")}, "did you mean 'mitchell_schaeffer_2003'?"),
    ("unknown field", {"more": "[output]\nfields = ['U']\n"}, "unknown field 'U'"),
    ("unknown parameter", {"cells": CELLS + "parameters = { tau = 1.0 }\n"}, "tau"),
    ("unknown option", {"more": "[solver.options]\nksp_typ = 'cr'\n"}, "found ksp_typ"),
    ("wrong option", {"more": "[solver.options]\nksp_type = 'cgg'\n"}, "PETSc refuses ksp_type = cgg"),
    ("unknown region", {"cells": CELLS + "[cells.regions.lv]\nmodel = 'mitchell_schaeffer_2003'\n"}, "region 'lv'"),
    ("unknown set", {"stimulus": "[[stimulus]]\nnode_set = 'left'\n"}, "no node set 'left'"),
    ("unknown mesh", {"mesh": "[mesh]\ngenerate = 'slap'\n"}, "did you mean 'slab'?"),
    ("too fine", {"mesh": "[mesh]\ngenerate = 'slab'\nshape = { h = '1e-4 mm' }\n"}, "out of memory"),
    ("lists for lengths", {"mesh": "[mesh]\ngenerate = 'slab'\nshape = { h = ['1 mm', '1 mm'] }\n"}, "mesh.shape"),
    ("empty region", {"more": "[[region]]\nname = 'a'\nwithin = 'b'\n"}, "region.0 ('a'): within: no element has"),
    ("two shapes", {"more": "[[region]]\nname = 'a'\naround = 'b'\n"}, "around and width go together"),
    ("gradient", {"cells": CELLS + "gradients = { 'gate.tau' = { x = ['1x', '2x'] } }\n"}, "no parameter 'gate.tau'"),
    ("flat gradient", {"cells": CELLS + "gradients = { 'inward.tau' = { x = [1] } }\n"}, "inward.tau.x"),
    ("no state", {"more": "[initial]\nstate = 'no.nc'\n"}, "no.nc: no such file"),
    ("two beginnings", {"cells": CELLS + "initial = 'a.nc'\nprepace = { cycle_length = '1 s' }\n"}, "not both"),
    ("too fast", {"more": ROTOR}, "does not fire alike in every beat: give a longer one"),
    ("no ventricle", {"more": "[fibres]\nrule = 'bayer2012'\n"}, ""),
    ("no layers", {"cells": CELLS + "[cells.layers.mid]\nmodel = 'mitchell_schaeffer_2003'\n"}, ""),
]

BAD = {
    name: (make, {"mesh": FILE.format(file), "tissue": tissue, "stimulus": EVERYWHERE}, words)
    for name, make, file, tissue, words in MESHES
} | {name: (nothing, sections, words) for name, sections, words in CASES}


def refused(done, code: int = 2) -> str:
    """The one message of a command that failed as promised."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(told(done)) == 1, done.stderr
    return done.stderr[done.stderr.index("error: ") :]


def run_case(folder: Path, text: str, *words, ranks: int = 1):
    (folder / "case.toml").write_text(text)
    return twin("run", folder / "case.toml", "--out", folder / "out", *words, ranks=ranks)


MANY = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from hpc_twin.cli.main import obey, on_all_ranks
from hpc_twin.parallel import world

folder = Path(sys.argv[1])
for name in json.loads(sys.argv[2]):
    out, err = io.StringIO(), io.StringIO()
    words = ["run", str(folder / name), "--out", str(folder / name / "out")]
    with redirect_stderr(err), redirect_stdout(out):
        code = on_all_ranks(lambda: obey(words))
    found = {"code": code, "err": err.getvalue(), "out": out.getvalue()}
    (folder / name / f"told{world().rank}.json").write_text(json.dumps(found))
"""


@pytest.fixture(scope="module", params=[1, 2])
def answers(request, tmp_path_factory):
    """What every rank said to all the bad cases: one start of the ranks, since starting costs most."""
    folder = tmp_path_factory.mktemp("bad")
    for name, (make, sections, _) in BAD.items():
        (folder / name).mkdir()
        make(folder / name)
        (folder / name / "case.toml").write_text(case_text(**sections))
    done = run_on(request.param, [sys.executable, "-c", MANY, folder, json.dumps(list(BAD))], timeout=100)
    assert "Traceback" not in done.stderr, done.stderr
    return folder, request.param


@pytest.mark.parametrize("name", BAD)
def test_each_gives_one_message_and_one_code(answers, name):
    folder, ranks = answers
    found = [json.loads((folder / name / f"told{rank}.json").read_text()) for rank in range(ranks)]
    assert {one["code"] for one in found} == {3 if name in ("too fine", "too fast") else 2}
    assert [one["err"].count("error: ") for one in found] == [1] + [0] * (ranks - 1)
    assert (
        BAD[name][2] in found[0]["err"] and "Traceback" not in found[0]["err"] and "unexpected" not in found[0]["err"]
    )
    assert not list((folder / name).glob("out/*"))


def test_more_ranks_than_elements(tmp_path):
    text = case_text('[mesh]\ngenerate = "cable"\nshape = { length = "1 mm", h = "1 mm" }\n', stimulus=EVERYWHERE)
    assert "1 elements cannot be split over 2 ranks" in refused(run_case(tmp_path, text, ranks=2))


def test_a_rank_without_nodes(tmp_path):
    text = case_text('[mesh]\ngenerate = "cable"\nshape = { length = "3 mm", h = "1 mm" }\n', stimulus=EVERYWHERE)
    done = run_case(tmp_path, text + '[probes]\na = ["0 mm", "0 mm", "0 mm"]\n', ranks=3)
    assert done.returncode == 0, done.stderr


def test_mended_meshes_are_told_and_run(tmp_path):
    """An inverted tetrahedron, a node without element, and two pieces are warnings."""
    points = np.vstack((CORNERS, CORNERS[:4] + 5, (9, 9, 9)))
    tets = np.vstack((TETS, (5, 6, 7, 8)))
    tets[0] = tets[0][[1, 0, 2, 3]]
    write_mesh(tmp_path / "m.vtu", points, tets)
    done = run_case(tmp_path, case_text(FILE.format("m.vtu"), CELLS, ISOTROPIC, EVERYWHERE))
    assert done.returncode == 0 and not told(done), done.stderr
    for words in ("inverted: turned round", "1 nodes belong to no element: left out", "2 pieces that do not touch"):
        assert f"{words}" in done.stderr and done.stderr.count(words) == 1
    assert np.isfinite(results(tmp_path / "out" / "result.exo")["V"]).all()


def test_output_folder_that_holds_a_run(tmp_path):
    assert run_case(tmp_path, case_text()).returncode == 0
    before = (tmp_path / "out" / "result.exo").read_bytes()
    assert "holds a run already (result.exo, case.toml, run.json): use --overwrite" in refused(
        run_case(tmp_path, case_text())
    )
    broken = case_text(FILE.format("none.vtu"))
    assert "none.vtu" in refused(run_case(tmp_path, broken, "--overwrite"))
    assert (tmp_path / "out" / "result.exo").read_bytes() == before
    electrode = case_text(more='[ecg.electrodes]\ncatheter = ["1 mm", "0.5 mm", "0.5 mm"]\n')
    for late in (electrode, case_text(more='[probes]\nfar = ["1 m", "0 mm", "0 mm"]\n')):
        refused(run_case(tmp_path, late, "--overwrite"))
        assert (tmp_path / "out" / "result.exo").read_bytes() == before
    assert run_case(tmp_path, case_text(), "--overwrite").returncode == 0


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("place", ["file", "proc"])
def test_output_folder_that_cannot_be_written(tmp_path, place, ranks):
    (tmp_path / "file").write_text("no folder")
    out = tmp_path / "file" / "out" if place == "file" else "/proc/out"
    (tmp_path / "case.toml").write_text(case_text())
    assert "cannot write the output there" in refused(twin("run", tmp_path / "case.toml", "--out", out, ranks=ranks))


@pytest.mark.parametrize("ranks", [1, 2])
def test_v_that_is_not_a_number(tmp_path, ranks):
    stimulus = STIMULUS + 'strength = "1e12 uA/mm^3"\nstart = "1 ms"\nduration = "0.5 ms"\n'
    cells = CELLS.replace("mitchell_schaeffer_2003", "tentusscher_2006_epi")
    text = case_text(cells=cells, stimulus=stimulus, more='[output]\nevery = "0.2 ms"\n')
    message = refused(run_case(tmp_path, text, ranks=ranks), code=3)
    assert re.search(r"V is not a number any more at t = 1\.[12] ms, first at node \d+ \(", message)
    assert "result.exo" in message
    found = results(tmp_path / "out" / "result.exo")
    assert found["times"] == pytest.approx((0, 0.2, 0.4, 0.6, 0.8, 1.0)) and np.isfinite(found["V"]).all()
    with read_result(tmp_path / "out" / "result.exo") as result:
        assert result.attributes["complete"] == 0


@pytest.mark.parametrize("ranks", [1, 2])
def test_solver_that_does_not_converge(tmp_path, ranks):
    message = refused(run_case(tmp_path, case_text(more=SOLVER), ranks=ranks), code=3)
    assert "at t = 0.1 ms: solver 'diffusion' (cg + jacobi) stopped after 1 iterations" in message
    assert len(results(tmp_path / "out" / "result.exo")["times"]) == 1


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 1 MB, mounted for this test."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("ranks", [1, 2])
def test_full_disk(tmp_path, tiny_disk, ranks):
    mesh = '[mesh]\ngenerate = "slab"\nshape = { size = ["10 mm", "10 mm", "2 mm"], h = "0.5 mm" }\n'
    text = case_text(mesh, tissue=TISSUE.replace("2 ms", "200 ms"), more='[output]\nevery = "0.1 ms"\n')
    (tmp_path / "case.toml").write_text(text)
    message = refused(twin("run", tmp_path / "case.toml", "--out", tiny_disk / "out", ranks=ranks), code=3)
    assert "the disk is full" in message and "Free some space" in message
    assert len(results(tiny_disk / "out" / "result.exo")["times"]) > 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("ranks", [1, 2])
def test_signals_leave_a_readable_result(tmp_path, number, ranks):
    """To the whole group, as a terminal's Ctrl-C or a batch system's end of time."""
    text = case_text(tissue=TISSUE.replace("2 ms", "1000000 ms"), more='[output]\nevery = "10 ms"\n')
    (tmp_path / "case.toml").write_text(text)
    process = start_on(ranks, [*COMMAND, "run", tmp_path / "case.toml", "--out", tmp_path / "out"])
    try:
        wait_for((tmp_path / "out" / "result.exo.part").exists)
        time.sleep(1)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert "Traceback" not in out + err
    assert len(results(tmp_path / "out" / "result.exo")["times"]) > 1
    assert err.count("stopped at t = ") == 1, err
    assert process.returncode == 130 if ranks == 1 else process.returncode != 0  # mpirun has a code of its own
