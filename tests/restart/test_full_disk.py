"""Where a checkpoint cannot be written the run goes on, says so, and keeps the last good ones."""

import shutil
import subprocess
import sys

import pytest
from restarts import contents
from tools import COMMAND, case_text, mesh_text, run_on, tissue_text

from hpc_twin.case import load_case
from hpc_twin.io.checkpoint import newest
from hpc_twin.io.netcdf import SPARE_BYTES
from hpc_twin.parallel import world
from hpc_twin.run import simulate

MESH = mesh_text("slab", (6, 6, 3), 0.5)
OUTPUT = '[output]\nevery = "0.5 ms"\n[checkpoint]\nevery_simulated = "0.4 ms"\nat_end = true\n'
WARNING = "warning: no checkpoint at t = "
UNCHECKED = """
import sys
from hpc_twin.io.netcdf import SharedFile
from hpc_twin.cli.main import main
SharedFile.require_space = lambda self, n_bytes: None
main()
"""


@pytest.fixture
def case(tmp_path):
    (tmp_path / "in.toml").write_text(case_text(MESH, tissue=tissue_text(2, effective=(0.13, 0.02)), more=OUTPUT))
    return tmp_path / "in.toml"


@pytest.fixture
def size(case, tmp_path):
    """Bytes of a checkpoint, from a run that has all the room."""
    simulate(load_case(case), tmp_path / "roomy", world())
    found, _ = newest(world(), tmp_path / "roomy")
    return sum(path.stat().st_size for path in found.folder.iterdir())


@pytest.fixture
def mounted(tmp_path):
    """A function that puts a disk of its own where the checkpoints go."""
    folder = tmp_path / "out" / "checkpoints"
    folder.mkdir(parents=True)

    def mount(options: str):
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if not shutil.which("mount") or subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small disk needs root")

    yield mount
    subprocess.run(["umount", str(folder)], check=False)


def same_results(tmp_path) -> bool:
    return contents(tmp_path / "out" / "result.exo") == contents(tmp_path / "roomy" / "result.exo")


@pytest.mark.parametrize("checked", [True, False])
def test_full_disk(case, tmp_path, size, mounted, checked):
    """Room for a few: they are written and the rest of five is not, whether or not it was known beforehand that the
    room would not do."""
    mounted(f"size={int(2.5 * size) + checked * SPARE_BYTES}")
    command = COMMAND if checked else [sys.executable, "-c", UNCHECKED]
    done = run_on(1, [*command, "run", case, "--out", tmp_path / "out"])
    assert done.returncode == 0, done.stderr
    kept = sorted(path.name for path in (tmp_path / "out" / "checkpoints").iterdir())
    assert kept == ["000000004", "000000008"][: len(kept)] and kept
    assert done.stderr.count(WARNING) == 5 - len(kept) and "Traceback" not in done.stderr
    assert "disk is full" in done.stderr or "No space left" in done.stderr or "MB are free" in done.stderr
    assert newest(world(), tmp_path / "out")[0].step == int(kept[-1]) and same_results(tmp_path)


def test_disk_that_cannot_be_written(case, tmp_path, size, mounted):
    mounted("size=1m,ro")
    done = run_on(2, [*COMMAND, "run", case, "--out", tmp_path / "out"])
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(WARNING) == 5 and "Read-only file system" in done.stderr


def test_limit_on_the_size_of_files(tmp_path):
    """Larger than the results, smaller than the state."""
    more = '[output]\nevery = "1 ms"\nmeasures = ["dominant_frequency"]\n[output.frequency]\nlow = "1 kHz"\n'
    more += 'high = "200 kHz"\nstep = "0.5 kHz"\n[checkpoint]\nevery_simulated = "1 ms"\n'
    (tmp_path / "in.toml").write_text(case_text(MESH, tissue=tissue_text(2, effective=(0.13, 0.02)), more=more))
    words = " ".join(f"'{word}'" for word in (*COMMAND, "run", tmp_path / "in.toml", "--out", tmp_path / "out"))
    done = run_on(2, ["bash", "-c", f"ulimit -f 2000; {words}"])
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(WARNING) == 2 and done.stderr.count("limit on the size of a file") == 2
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir()) == []
