"""What a run goes on from, and what it refuses, with the reason."""

import json
import os
import shutil
import zlib

import numpy as np
import pytest
from tools import CELLS, STIMULUS, box_text, case_text, results, tissue_text

from hpc_twin import __version__
from hpc_twin.case import load_case
from hpc_twin.io.checkpoint import FORMAT
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.write import write
from hpc_twin.parallel import InputError, world
from hpc_twin.run import begun, finished, read_run, simulate, tidy

EVERY = 'checkpoint.every_simulated="0.7 ms"'
END = "checkpoint.at_end=true"
MODEL = """[[model]]
name: decay
# Initial values
cell.V = -80
cell.w = 0

[cell]
time = 0 bind time
dot(V) = -(V + 80) / 5 + stim
dot(w) = (V / 100 - w) / 3
stim = 0 bind diffusion_current
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A run of 20 steps with its last two checkpoints, after steps 14 and 20."""
    folder = tmp_path_factory.mktemp("kept")
    run(folder, EVERY, END)
    return folder


def run(folder, *overrides, text=None, again=False):
    if text is not None or not (folder / "in.toml").exists():
        (folder / "in.toml").write_text(text or case_text(more='[output]\nevery = "0.4 ms"\n'))
    return simulate(load_case(folder / "in.toml", overrides), folder / "out", world(), again=again)


@pytest.fixture
def copied(kept, tmp_path):
    shutil.copytree(kept, tmp_path / "copy")
    return tmp_path / "copy"


def without_last(folder):
    shutil.rmtree(folder / "out" / "checkpoints" / "000000020")


def test_a_finished_run_goes_on_to_a_later_end(copied, tmp_path):
    report = run(copied, EVERY, END, 'tissue.until="3 ms"', again=True)
    assert report.loop.steps == 10
    run(tmp_path, 'tissue.until="3 ms"')
    one, other = (results(folder / "out" / "result.exo") for folder in (tmp_path, copied))
    assert np.array_equal(one["V"], other["V"]) and one["times"].tolist() == other["times"].tolist()
    assert np.array_equal(one["activation"], other["activation"], equal_nan=True)
    assert 'tissue.until="3 ms"' in (copied / "out" / "case.toml").read_text()


def test_checkpoints_go_when_the_run_is_done(copied):
    without_last(copied)
    run(copied, EVERY, again=True)
    assert not (copied / "out" / "checkpoints").exists()


def test_only_the_last_are_kept(kept):
    assert sorted(os.listdir(kept / "out" / "checkpoints")) == ["000000014", "000000020"]


BOX = box_text((0, 0, 0), (1, 3, 2)).strip()
CHANGES = {
    "tissue.dt was 0.1 and is 0.05": ['tissue.dt="0.05 ms"', 'checkpoint.every_simulated="0.7 ms"'],
    r"cells.model was mitchell_schaeffer_2003 and is aliev_panfilov_1996": ["cells.model=aliev_panfilov_1996"],
    r"tissue.conductivity.effective was \[0.13, 0.02\]": ['tissue.conductivity.effective=["0.1 S/m"]'],
    r"stimulus\[0\]\.start was 0.0 and is 1.0": [f'stimulus=[{{start="1 ms", {BOX}}}]'],
    "output.every was 0.4 and is 0.5": ['output.every="0.5 ms"'],
}


@pytest.mark.parametrize("words", CHANGES)
def test_another_case_is_refused_with_its_key(copied, words):
    without_last(copied)
    with pytest.raises(InputError, match=rf"of another case: .*{words}"):
        run(copied, *CHANGES[words], again=True)
    assert sorted(os.listdir(copied / "out" / "checkpoints")) == ["000000014"]


def test_solver_partition_and_checkpoint_may_change(copied):
    without_last(copied)
    changed = ['solver.tolerance="1e-6 mV"', "partition.method=hilbert", 'checkpoint.every="1 h"', "title=other"]
    assert run(copied, *changed, again=True).loop.steps == 6


def test_another_mesh_is_refused(tmp_path):
    """The same file name with other contents."""
    import meshio

    def write(size):
        x = np.linspace(0, size, 5)
        points = np.column_stack((x, 0 * x, 0 * x))
        lines = np.column_stack((np.arange(4), np.arange(1, 5)))
        meshio.Mesh(points, [("line", lines)]).write(tmp_path / "m.vtu", binary=False)

    text = case_text(mesh='[mesh]\nfile = "m.vtu"\nunit = "mm"\n', tissue=tissue_text(2, effective=(0.1,)))
    write(4.0)
    run(tmp_path, END, text=text)
    write(4.1)
    with pytest.raises(InputError, match=r"000000020: is of another mesh \(5 nodes, checksum .*this one has 5 nodes"):
        run(tmp_path, END, 'tissue.until="3 ms"', again=True)


@pytest.mark.parametrize(("old", "new", "words"), [("/ 5", "/ 6", "equations"), ("w", "u", "states or parameters")])
def test_another_model_of_the_same_name_is_refused(tmp_path, old, new, words):
    (tmp_path / "decay.mmt").write_text(MODEL)
    text = case_text(cells='[cells]\nmodel = "decay.mmt"\n')
    run(tmp_path, END, text=text)
    assert old in MODEL
    (tmp_path / "decay.mmt").write_text(MODEL.replace(old, new))
    with pytest.raises(InputError, match=f"is of .*decay.mmt with other {words}"):
        run(tmp_path, END, 'tissue.until="3 ms"', again=True)


def test_a_damaged_one_is_told_of_and_the_one_before_is_taken(copied, capsys):
    with open(copied / "out" / "checkpoints" / "000000020" / "state.nc", "r+b") as file:
        file.seek(-100, os.SEEK_END)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 4]))
    assert run(copied, END, EVERY, again=True).loop.steps == 6
    told = capsys.readouterr()
    assert told.err.count("checkpoint refused") == 1 and "000000020: state.nc is damaged" in told.err
    assert "goes on from" in told.out and "000000014, t = 1.4 ms, written by 1 ranks" in told.out
    assert sorted(os.listdir(copied / "out" / "checkpoints")) == ["000000014", "000000020"]


def test_none_to_go_on_from(copied):
    for path in (copied / "out" / "checkpoints").iterdir():
        (path / "result.exo.part").unlink()
    with pytest.raises(InputError, match="no checkpoint to go on from, all are damaged; begin anew"):
        run(copied, EVERY, again=True)
    shutil.rmtree(copied / "out" / "checkpoints")
    with pytest.raises(InputError, match="no checkpoint to go on from, there is none"):
        run(copied, EVERY, again=True)
    with pytest.raises(InputError, match="is one solve"):
        run(copied, "tissue.model=eikonal", again=True)


def test_nothing_left_to_do(kept):
    with pytest.raises(InputError, match=r"found 2 ms, but .*000000020 is of t = 2 ms: to go on"):
        run(kept, EVERY, END, again=True)


def test_the_window_of_frequencies_cannot_grow(tmp_path):
    more = '[output]\nmeasures = ["dominant_frequency"]\n[output.frequency]\n'
    more += 'low = "1 kHz"\nhigh = "4 kHz"\nstep = "1 kHz"\n'
    run(tmp_path, END, text=case_text(more=more))
    with pytest.raises(InputError, match="dominant_frequency has its window over the whole run"):
        run(tmp_path, END, 'tissue.until="3 ms"', again=True)


def test_what_was_run_is_known_to_its_folder(kept, tmp_path):
    loaded = read_run(kept / "out", ['tissue.until="5 ms"'])
    assert loaded.case.tissue.until == 5 and loaded.case.checkpoint.every_simulated == 0.7
    assert loaded.folder == kept and loaded.overrides == (EVERY, END, 'tissue.until="5 ms"')
    assert loaded.text.count("# --set") == 3
    with pytest.raises(InputError, match=r"holds no run to go on with \(no run.json\)"):
        read_run(tmp_path)


def test_a_case_that_moved_says_where_to(tmp_path):
    """Its model is a file in its folder."""
    old, new = tmp_path / "old", tmp_path / "new place"
    old.mkdir()
    (old / "decay.mmt").write_text(MODEL)
    run(old, EVERY, END, text=case_text(cells='[cells]\nmodel = "decay.mmt"\n'))
    old.rename(new)
    later = ['tissue.until="3 ms"']
    with pytest.raises(InputError, match=f"cells.model: {old}/decay.mmt is not there.*resume RUN --case ITS-FOLDER"):
        read_run(new / "out", later)
    with pytest.raises(InputError, match=f"cells.model: {tmp_path}/decay.mmt is not there"):
        read_run(new / "out", later, tmp_path)
    for place in (new, new / "in.toml"):
        assert read_run(new / "out", later, place).folder == new
    report = simulate(read_run(new / "out", later, new / "in.toml"), new / "out", world(), again=True)
    assert report.loop.steps == 10 and read_run(new / "out").folder == new, "next time it is known"


def test_finished_or_begun(copied):
    out, same = copied / "out", load_case(copied / "in.toml", (EVERY, END))
    other = load_case(copied / "in.toml", ('tissue.until="1 ms"',))
    assert finished(out, same) and begun(out, same) and not finished(copied, same)
    assert not finished(out, other) and begun(out, other), "with the checkpoint it can be gone on to a later end"
    (out / "traces.nc.part").touch()
    assert not finished(out, same)
    tidy(out, same)
    assert begun(out, same)
    tidy(out, other)
    assert not begun(out, same)
    (out / "traces.nc.part").unlink()
    with pytest.raises(InputError, match="holds the results of another case"):
        finished(out, other)
    with pytest.raises(InputError, match="holds another case, without checkpoints"):
        begun(out, other)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"case": []}, "case: "),
        ({"start": float("inf")}, "start: "),
        ({"models": [{"name": "x"}, 7]}, r"models\.1: "),
        ({"ranks": "a\x1b[2J"}, "ranks: "),
    ],
)
def test_a_strangers_facts_are_refused(copied, changed, words):
    rewritten(copied, **changed)
    with pytest.raises(InputError, match=f"its manifest is not that of a run: {words}"):
        run(copied, EVERY, END, 'tissue.until="3 ms"', again=True)


def rewritten(folder, **changed) -> None:
    """Manifests as another program would write them."""
    for manifest in folder.glob("out/checkpoints/*/manifest.json"):
        content = {**json.loads(manifest.read_text())["content"], **changed}
        total = zlib.crc32(json.dumps(content, sort_keys=True).encode())
        manifest.write_text(json.dumps({"crc32": total, "content": content}))


@pytest.mark.parametrize(("version", "warned"), [("0.1.99", False), ("0.99.0", True), (__version__, None)])
def test_a_manifest_of_another_version_is_told_and_gone_on_with(copied, capsys, version, warned):
    assert __version__.startswith("0.1.")
    rewritten(copied, hpc_twin=version)
    capsys.readouterr()
    assert run(copied, EVERY, END, 'tissue.until="2.4 ms"', again=True).loop.steps == 4
    told = capsys.readouterr()
    assert (f"was written by hpc_twin {version}, this is {__version__}" in told.out + told.err) == (warned is not None)
    assert ("numbers may be those of another program" in told.err) == bool(warned)
    manifest = json.loads((copied / "out/checkpoints/000000024/manifest.json").read_text())
    assert manifest["content"]["hpc_twin"] == __version__


def test_a_manifest_of_another_format_is_refused(copied):
    rewritten(copied, format=1)
    with pytest.raises(InputError, match=rf"000000020: is of format 1, this program reads {FORMAT}"):
        run(copied, EVERY, END, 'tissue.until="3 ms"', again=True)


def test_other_node_sets_and_names_are_refused(tmp_path):
    """The same nodes, elements and regions; what a set holds, or a region is called, decides where a case acts."""

    def written(name="a", members=(0, 1), region="wall"):
        nodes = np.isin(np.arange(5), members).astype(float)
        x = np.linspace(0, 4, 5)
        lines = np.column_stack((np.arange(4), np.arange(1, 5)))
        mesh = Mesh(np.column_stack((x, 0 * x, 0 * x)), lines, np.ones(4, np.int32), region_names={1: region},
                    node_sets={name: np.flatnonzero(nodes)})  # fmt: skip
        write(mesh, tmp_path / "m.vtu")

    text = case_text(mesh='[mesh]\nfile = "m.vtu"\nunit = "mm"\n', tissue=tissue_text(2, effective=(0.1,)))
    written()
    run(tmp_path, END, text=text)
    later = (END, 'tissue.until="2.1 ms"')
    for changed, words in {
        ("a", (0, 2), "wall"): "other node sets: a;",
        ("b", (0, 1), "wall"): "other node sets: a, b;",
        ("a", (0, 1), "scar"): "other names of its regions: 1;",
    }.items():
        written(*changed)
        with pytest.raises(InputError, match=f"is of a mesh with {words}"):
            run(tmp_path, *later, again=True)
    written()
    assert run(tmp_path, *later, again=True).loop.steps == 1


def test_old_remains_go_when_a_run_begins_anew(copied):
    (copied / "out" / "ecg.nc.part").touch()
    with pytest.raises(InputError, match=r"holds a run already .*hpc-twin resume to go on with it"):
        run(copied)
    simulate(load_case(copied / "in.toml"), copied / "out", world(), overwrite=True)
    assert sorted(os.listdir(copied / "out")) == ["case.toml", "result.exo", "run.json", "status.json"]


def test_a_failed_run_can_be_told_anew(tmp_path):
    """Maps are known up to the failure, and the last good checkpoint stays."""
    from hpc_twin.parallel import RunError

    text = case_text(cells=CELLS, tissue=tissue_text(4, effective=(0.13, 0.02)), stimulus=STIMULUS)
    text += '\n[[stimulus]]\nnode_set = "x0"\nstart = "2 ms"\nstrength = "1e300 uA/mm^3"\n'
    with pytest.raises(RunError, match=r"at t = 2\.1 ms"):
        run(tmp_path, EVERY, text=text)
    assert sorted(os.listdir(tmp_path / "out" / "checkpoints")) == ["000000007", "000000014"]
    assert np.nanmin(results(tmp_path / "out" / "result.exo")["activation"]) > 0
