"""What goes wrong outside, met as a user would: one clear message, the promised exit code, and no rank hangs."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import meshio
import numpy as np
import pytest
from tools import CELLS, COMMAND, STIMULUS, TISSUE, case_text, in_turn, results, start_on, told, twin, wait_for

from hpc_twin.io.result import read_result

CABLE = '[mesh]\ngenerate = "cable"\nshape = {{ length = "{} mm", h = "1 mm" }}\n'
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


def endless(folder):
    os.mkfifo(folder / "m.vtu")


def absurd(folder):
    nodes = "$Nodes\n1152921504606846976\n1 0 0 0\n$EndNodes\n"
    elements = "$Elements\n1\n1 4 2 1 1 1 1 1 1\n$EndElements\n"
    (folder / "m.msh").write_text("$MeshFormat\n2.2 0 8\n$EndMeshFormat\n" + nodes + elements)


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
    ("pipe", endless, "m.vtu", ISOTROPIC, "m.vtu: is a pipe, a socket or a device, not a file"),
    ("2^60 nodes", absurd, "m.msh", ISOTROPIC, "m.msh: cannot be read as .msh"),
    ("no conductivity", two_regions, "m.vtu", REGIONS, "region '2' has no conductivity"),
    ("no fibres", two_regions, "m.vtu", TISSUE, "the mesh has no fibres"),
]

FAR = STIMULUS.replace('"0 mm", "0 mm", "0 mm"', '"9 mm", "9 mm", "9 mm"').replace(
    '"1 mm", "3 mm"', '"9.5 mm", "9.5 mm"'
)
ROTOR = "[initial.rotor]\ncentre = ['0 mm', '0 mm', '0 mm']\ncycle_length = '200 ms'\n"
CASES = [
    ("nested", {"more": "x = " + "[" * 200_000}, "not valid TOML: nested deeper than 50 times"),
    ("digits", {"tissue": TISSUE.replace('"0.1 ms"', "1" + "0" * 5000)}, "an integer beyond 64 bits"),
    ("NUL", {"mesh": "[mesh]\nfile = 'a.vtu\0'\n"}, "not valid TOML"),
    ("NUL in a name", {"mesh": '[mesh]\nfile = "a.vtu\\u0000"\n'}, "mesh.file: text with the sign NUL"),
    ("a long name", {"mesh": f"[mesh]\nfile = '{'a' * 300}.vtu'\n"}, "File name too long"),
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
    ("far too fine", {"mesh": "[mesh]\ngenerate = 'slab'\nshape = { h = '1e-9 mm' }\n"}, "more than can be counted"),
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

STRONG = 'strength = "1e12 uA/mm^3"\nstart = "1 ms"\nduration = "0.5 ms"\n'
HUMAN = CELLS.replace("mitchell_schaeffer_2003", "tentusscher_2006_epi")
LATE = {  # what is refused in the end, by what has read the mesh, or computes, or writes
    "few": case_text(CABLE.format(1), stimulus=EVERYWHERE),
    "runaway": case_text(cells=HUMAN, stimulus=STIMULUS + STRONG, more='[output]\nevery = "0.2 ms"\n'),
    "solver": case_text(more='[solver]\noptions = { ksp_max_it = "1" }\n'),
    "file": case_text(),
    "proc": case_text(),
}


def refused(done, code: int = 2) -> str:
    """The one message of a command that failed as promised."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(told(done)) == 1, done.stderr
    return done.stderr[done.stderr.index("error: ") :]


@pytest.fixture
def run_here(obeyed, tmp_path):
    """A function that runs a case in this process."""

    def run_here(text: str, *words):
        (tmp_path / "case.toml").write_text(text)
        return obeyed("run", tmp_path / "case.toml", "--out", tmp_path / "out", *words)

    return run_here


@pytest.fixture(scope="module", params=[1, 2])
def answers(request, tmp_path_factory):
    """The folder of all bad cases, and what every rank said to each."""
    folder = tmp_path_factory.mktemp("bad")
    texts = {name: case_text(**sections) for name, (_, sections, _) in BAD.items()} | LATE
    for name, text in texts.items():
        (folder / name).mkdir()
        BAD.get(name, (nothing,))[0](folder / name)
        (folder / name / "case.toml").write_text(text)
    (folder / "no folder").write_text("")
    outs = {"file": folder / "no folder" / "out", "proc": "/proc/out"}
    words = [["run", folder / name, "--out", outs.get(name, folder / name / "out")] for name in texts]
    return folder, dict(zip(texts, in_turn(request.param, folder, words), strict=True))


@pytest.mark.parametrize("name", BAD)
def test_each_gives_one_message_and_one_code(answers, name):
    folder, found = answers[0], answers[1][name]
    assert {one.returncode for one in found} == {3 if name in ("too fine", "too fast") else 2}
    assert [one.stderr.count("error: ") for one in found] == [1] + [0] * (len(found) - 1)
    said = found[0].stderr
    assert BAD[name][2] in said and "Traceback" not in said and "unexpected" not in said
    assert not list((folder / name).glob("out/*"))


@pytest.mark.parametrize("name", LATE)
def test_rank_0_tells_for_all(answers, name):
    assert len({one.returncode for one in answers[1][name]}) == 1
    assert not any("error: " in one.stderr for one in answers[1][name][1:])


def test_more_ranks_than_elements(answers):
    found = answers[1]["few"]
    if len(found) == 1:
        assert found[0].returncode == 0
    else:
        assert "1 elements cannot be split over 2 ranks" in refused(found[0])


def test_a_rank_without_nodes(tmp_path):
    text = case_text(CABLE.format(3), stimulus=EVERYWHERE)
    (tmp_path / "case.toml").write_text(text + '[probes]\na = ["0 mm", "0 mm", "0 mm"]\n')
    done = twin("run", tmp_path / "case.toml", "--out", tmp_path / "out", ranks=3)
    assert done.returncode == 0, done.stderr


def test_mended_meshes_are_told_and_run(run_here, tmp_path):
    """An inverted tetrahedron, a node without element, and two pieces are warnings."""
    points = np.vstack((CORNERS, CORNERS[:4] + 5, (9, 9, 9)))
    tets = np.vstack((TETS, (5, 6, 7, 8)))
    tets[0] = tets[0][[1, 0, 2, 3]]
    write_mesh(tmp_path / "m.vtu", points, tets)
    done = run_here(case_text(FILE.format("m.vtu"), CELLS, ISOTROPIC, EVERYWHERE))
    assert done.returncode == 0 and not told(done), done.stderr
    for words in ("inverted: turned round", "1 nodes belong to no element: left out", "2 pieces that do not touch"):
        assert f"{words}" in done.stderr and done.stderr.count(words) == 1
    assert np.isfinite(results(tmp_path / "out" / "result.exo")["V"]).all()


def test_output_folder_that_holds_a_run(run_here, tmp_path):
    assert run_here(case_text()).returncode == 0
    before = (tmp_path / "out" / "result.exo").read_bytes()
    assert "holds a run already (result.exo, case.toml, run.json): use --overwrite" in refused(run_here(case_text()))
    broken = case_text(FILE.format("none.vtu"))
    assert "none.vtu" in refused(run_here(broken, "--overwrite"))
    assert (tmp_path / "out" / "result.exo").read_bytes() == before
    electrode = case_text(more='[ecg.electrodes]\ncatheter = ["1 mm", "0.5 mm", "0.5 mm"]\n')
    for late in (electrode, case_text(more='[probes]\nfar = ["1 m", "0 mm", "0 mm"]\n')):
        refused(run_here(late, "--overwrite"))
        assert (tmp_path / "out" / "result.exo").read_bytes() == before
    assert run_here(case_text(), "--overwrite").returncode == 0


@pytest.mark.parametrize("place", ["file", "proc"])
def test_output_folder_that_cannot_be_written(answers, place):
    assert "cannot write the output there" in refused(answers[1][place][0])


def test_v_that_is_not_a_number(answers):
    folder, found = answers
    message = refused(found["runaway"][0], code=3)
    assert re.search(r"V is not a number any more at t = 1\.[12] ms, first at node \d+ \(", message)
    assert "result.exo" in message
    found = results(folder / "runaway" / "out" / "result.exo")
    assert found["times"] == pytest.approx((0, 0.2, 0.4, 0.6, 0.8, 1.0)) and np.isfinite(found["V"]).all()
    with read_result(folder / "runaway" / "out" / "result.exo") as result:
        assert result.attributes["complete"] == 0


def test_solver_that_does_not_converge(answers):
    folder, found = answers
    message = refused(found["solver"][0], code=3)
    assert "at t = 0.1 ms: solver 'diffusion' (cg + jacobi) stopped after 1 iterations" in message
    assert len(results(folder / "solver" / "out" / "result.exo")["times"]) == 1


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
    time_to_close = {"OMPI_MCA_odls_base_sigkill_timeout": "3"}  # s; else 1: too soon on a busy machine
    command = [*COMMAND, "run", tmp_path / "case.toml", "--out", tmp_path / "out"]
    process = start_on(ranks, command, **time_to_close)
    try:
        wait_for((tmp_path / "out" / "status.json").exists, 60)  # from then on signals are heard
        time.sleep(1)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert "Traceback" not in out + err
    assert len(results(tmp_path / "out" / "result.exo")["times"]) > 1
    assert err.count("stopped at t = ") == 1, err
    assert process.returncode == 130 if ranks == 1 else process.returncode != 0  # mpirun has a code of its own
