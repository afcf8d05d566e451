"""The command as a user meets it: help, verbs, errors, exit codes, on one rank and on two."""

import os
import re
import shlex
import sys
import time

import pytest
from tools import COMMAND, ROOT, in_turn, run_on, told, twin


def test_help_lists_the_verbs_in_the_order_of_the_data():
    done = twin("--help")
    places = [done.stdout.index(f" {verb} ") for verb in ("mesh", "run", "view", "models", "cell", "verify", "doctor")]
    assert done.returncode == 0 and places == sorted(places)
    assert twin().stdout == done.stdout


VERBS = (
    "mesh info, mesh generate, run, submit, status, gather, view, models, models show, models check, cell, tune-cv, "
    "restitution, verify, doctor"
)


@pytest.mark.parametrize("verb", [words.split() for words in VERBS.split(", ")], ids=" ".join)
def test_each_verb_shows_an_example(obeyed, verb):
    done = obeyed(*verb, "--help")
    assert done.returncode == 0 and done.stdout.count(f"hpc-twin {' '.join(verb)}") >= 2  # usage and example


def test_help_loads_nothing_heavy():
    check = (
        "import sys, hpc_twin.cli.main; print([m for m in ('numpy', 'mpi4py', 'petsc4py', 'vtk') if m in sys.modules])"
    )
    assert run_on(1, [sys.executable, "-c", check]).stdout.strip() == "[]"


def test_version():
    assert re.fullmatch(r"hpc-twin \d+\.\d+\.\d+\n", twin("--version").stdout)


WRONG = [
    (["medh"], "No such command 'medh'"),
    (["mesh", "info"], "Missing argument"),
    (["mesh", "info", "/nowhere.vtu"], "/nowhere.vtu: no such file"),
    (["mesh", "generate", "slba", "--out", "a.vtu"], "did you mean 'slab'?"),
    (["mesh", "generate", "slab", "--out", "a.vtk"], "--out: found 'a.vtk'"),
    (["mesh", "generate", "slab", "--out", "a.vtu", "--set", "h=1 ms"], "not a length"),
    (["mesh", "generate", "slab", "--out", "a.vtu", "--set", "h=1"], "needs a unit"),
    (["mesh", "generate", "slab", "--out", "a.vtu", "--set", "h"], "write NAME=VALUE"),
    (["mesh", "generate", "slab", "--out", "a.vtu", "--set", "hh=1 mm"], "unknown key 'hh'"),
    (["view", "/nowhere.exo"], "/nowhere.exo: there is no such file"),
    (["view", "tests"], "tests: holds no .exo file"),
    (["view", "a.exo", "--movie", "avi"], "--movie: found 'avi'"),
    (["run", "/nowhere.toml"], "/nowhere.toml"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_wrong_input(obeyed, words, message):
    done = obeyed(*words)
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr
    assert len(told(done)) == 1 and message in told(done)[0]


def test_wrong_input_is_told_by_one_of_two_ranks(tmp_path):
    for one, other in in_turn(2, tmp_path, [WRONG[i][0] for i in (0, 2, 3, 9, 12)]):
        assert one.returncode == other.returncode == 2 and len(told(one)) == 1 and not told(other), one.args
    done = twin("medh", ranks=2)
    assert done.returncode == 2 and len(told(done)) == 1 and "Traceback" not in done.stderr


def test_mesh_is_made_once_and_described_once(tmp_path):
    path = tmp_path / "slab.vtu"
    size = "size=4 mm, 3 mm, 2 mm"
    made = twin("mesh", "generate", "slab", "--set", size, "--set", "h=1 mm", "--out", str(path), ranks=2)
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[0] == f"{path}: 60 nodes, 144 elements"
    info = twin("mesh", "info", str(path), "--unit", "cm", ranks=2)
    assert info.stdout.count("144 tetrahedra") == 1 and "0..40 x 0..30 x 0..20 mm" in info.stdout


LONE = """
import sys
from hpc_twin.cli.main import on_all_ranks
from hpc_twin.parallel import RunError, world

def action():
    if world().rank == {failing}:
        raise RunError("no luck")
    world().Barrier()
    world().Barrier()

sys.exit(on_all_ranks(action))
"""


@pytest.mark.parametrize("failing", [0, 1])
def test_a_rank_that_fails_alone_ends_the_others(failing):
    begin = time.monotonic()
    done = run_on(2, [sys.executable, "-c", LONE.format(failing=failing)])
    assert done.returncode == 3 and time.monotonic() - begin < 30
    assert [message for message in told(done) if message.endswith("no luck")]


@pytest.mark.parametrize(
    ("error", "code"), [("KeyboardInterrupt", 130), ("InputError('bad')", 2), ("RunError('bad')", 3)]
)
def test_exit_codes(error, code):
    script = (
        "import sys; from hpc_twin.cli.main import on_all_ranks; from hpc_twin.parallel import InputError, RunError\n"
        f"def action(): raise {error}\n"
        "sys.exit(on_all_ranks(action))"
    )
    done = run_on(1, [sys.executable, "-c", script])
    assert done.returncode == code and len(told(done)) == 1


def test_libraries_keep_to_one_thread_unless_told():
    script = "import sys; sys.argv[1:] = ['--version']; from hpc_twin.cli.main import main\ntry: main()\nfinally: "
    script += "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['MKL_NUM_THREADS'])"
    assert run_on(1, [sys.executable, "-c", script], OMP_NUM_THREADS="3").stdout.splitlines()[-1] == "3 1"


def test_doctor_finds_this_machine_in_health():
    done = twin("doctor")
    assert done.returncode == 0, done.stdout
    for line in (
        "PETSc +OK +3",
        "C compiler +OK",
        "pictures +OK",
        "netCDF4 +OK .*(parallel|serial)",
        "memory +OK .*GiB",
    ):
        assert re.search(line, done.stdout), line


def test_doctor_names_the_cure(tmp_path):
    (tmp_path / "petsc4py.py").write_text("raise ImportError('libpetsc.so: cannot open shared object file')")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = twin("doctor", CC="no-such-compiler", PYTHONPATH=paths)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert re.search(r"C compiler +MISSING.*no-such-compiler", done.stdout)
    assert re.search(r"^C compiler \(needed\): .*gcc|^C compiler \(needed\): .*c-compiler", done.stdout, re.MULTILINE)
    assert re.search(r"^PETSc \(needed\): .*petsc4py", done.stdout, re.MULTILINE)


def test_without_mpi_the_doctor_is_named(tmp_path):
    (tmp_path / "mpi4py.py").write_text("raise ImportError('libmpi.so.40: cannot open shared object file')")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = twin("mesh", "info", "a.vtu", PYTHONPATH=paths)
    assert done.returncode == 2 and len(told(done)) == 1
    assert "libmpi.so.40" in told(done)[0] and "hpc-twin doctor" in told(done)[0]
    assert twin("doctor", PYTHONPATH=paths).returncode == 2


def test_a_reader_that_goes_early_is_no_fault():
    """As in hpc-twin models | head -1: no traceback, no report of a crash."""
    done = run_on(1, ["bash", "-c", f"{shlex.join(map(str, COMMAND))} models | true"])
    assert done.stderr == ""
