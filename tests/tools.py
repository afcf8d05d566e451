"""What tests of several folders share: starting commands on ranks, small cases, reading results."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from hpc_twin.io.result import read_result

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-c", "from hpc_twin.cli.main import main; main()"]
RANKS = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",  # else the ranks of two tests at a time share the first cores
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    "OMPI_MCA_mpi_yield_when_idle": "1",  # ranks that wait leave the cores to those that work
    "PRTE_MCA_hwloc_default_binding_policy": "none",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}

SIMULATE = """
import sys
from pathlib import Path
from hpc_twin.case import load_case
from hpc_twin.parallel import world
from hpc_twin.run import simulate
for path in sys.argv[2:]:
    simulate(load_case(path), Path(sys.argv[1]) / Path(path).stem, world())
"""

IN_TURN = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from hpc_twin.cli.main import obey, on_all_ranks
from hpc_twin.parallel import world

folder, found = Path(sys.argv[1]), []
for words in json.loads((folder / "commands.json").read_text()):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stderr(err), redirect_stdout(out):
        code = on_all_ranks(lambda: obey(words))
    found.append((code, out.getvalue(), err.getvalue()))
(folder / f"told{world().rank}.json").write_text(json.dumps(found))
"""


def mesh_text(kind: str, size: tuple, h: float) -> str:
    """[mesh] of a generator of boxes, ``size`` and ``h`` in mm."""
    return f'[mesh]\ngenerate = "{kind}"\nshape = {{ size = {_given(size, "mm")}, h = "{h:g} mm" }}\n'


def tissue_text(until: float, more: str = "", dt: float = 0.1, **conductivity: tuple) -> str:
    """[tissue] with ``more`` of its keys; ``conductivity`` in S/m by kind."""
    sigma = "".join(f"{kind} = {_given(values, 'S/m')}\n" for kind, values in conductivity.items())
    return f'[tissue]\nuntil = "{until:g} ms"\ndt = "{dt:g} ms"\n{more}[tissue.conductivity]\n{sigma}'


def box_text(low: tuple, high: tuple) -> str:
    """The key ``box`` of a place, mm."""
    return f"box = {{ min = {_given(low, 'mm')}, max = {_given(high, 'mm')} }}\n"


def _given(values: tuple, unit: str) -> str:
    return "[" + ", ".join(f'"{value:g} {unit}"' for value in values) + "]"


MESH = mesh_text("slab", (4, 3, 2), 1)
CELLS = '[cells]\nmodel = "mitchell_schaeffer_2003"\n'
TISSUE = tissue_text(2, effective=(0.13, 0.02))
STIMULUS = "[[stimulus]]\n" + box_text((0, 0, 0), (1, 3, 2))
TIGHT = '[solver]\nrtol = 1e-10\ntolerance = "1e-9 mV"\n'  # so that ranks differ by rounding alone


def case_text(mesh: str = MESH, cells: str = CELLS, tissue: str = TISSUE, stimulus: str = STIMULUS, more="") -> str:
    """A case of a slab of 60 nodes and 20 steps, with other sections where they are given."""
    return "\n".join((mesh, cells, tissue, stimulus, more))


def start_on(ranks: int, words: list, **variables: str) -> subprocess.Popen:
    """Start a command (without mpirun on one rank) in a process group of its own."""
    env = {**os.environ, **RANKS, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **variables}
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    words = [*launcher, *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=env, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def run_on(ranks: int, words: list, timeout: float = 90, **variables: str) -> subprocess.CompletedProcess:
    """Run a command to its end; after ``timeout`` s all its processes are ended and the test fails."""
    process = start_on(ranks, words, **variables)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"hangs: {words}\n{out}\n{err}") from None
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def twin(*words, ranks: int = 1, **variables: str) -> subprocess.CompletedProcess:
    """``hpc-twin WORDS``."""
    return run_on(ranks, [*COMMAND, *words], **variables)


def in_turn(ranks: int, folder: Path, commands: list, timeout: float = 100) -> list[list[subprocess.CompletedProcess]]:
    """``hpc-twin WORDS`` of each of ``commands``, as every rank ends it; one start, since starting costs most."""
    commands = [list(map(str, words)) for words in commands]
    (folder / "commands.json").write_text(json.dumps(commands))
    done = run_on(ranks, [sys.executable, "-c", IN_TURN, folder], timeout)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    told = [json.loads((folder / f"told{rank}.json").read_text()) for rank in range(ranks)]
    return [
        [subprocess.CompletedProcess(words, *found) for found in by_rank]
        for words, by_rank in zip(commands, zip(*told, strict=True), strict=True)
    ]


def simulated(ranks: int, out, paths, **variables: str) -> subprocess.CompletedProcess:
    """Run cases one after another into ``out``/NAME by one start of Python on each rank; must succeed."""
    done = run_on(ranks, [sys.executable, "-c", SIMULATE, out, *paths], **variables)
    assert done.returncode == 0, done.stderr
    return done


def told(done: subprocess.CompletedProcess) -> list[str]:
    """The messages after ``error:``."""
    return re.findall(r"^error: (.*)$", done.stderr, re.MULTILINE)


def results(path: Path, names: tuple[str, ...] = ("activation",)) -> dict[str, np.ndarray]:
    """Maps by name, all frames of V as (n_frames, n_nodes), and the times."""
    with read_result(path) as result:
        frames = np.array([result.frame(k, "V") for k in range(result.n_frames)])
        return {"V": frames, "times": result.times.copy(), **{name: result.map(name) for name in names}}


def wait_for(condition, seconds: float = 30) -> None:
    """Until ``condition()`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.05)
