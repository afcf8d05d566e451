"""The rules of the house: floors, who may know of ranks, and sizes that a reader can hold in mind."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hpc_twin"
FILES = sorted(PACKAGE.rglob("*.py"))
KNOW_OF_RANKS = ("parallel/", "mesh/partition.py", "fem/", "io/", "cli/doctor_libraries.py", "cli/serial.py")
LONGEST_FUNCTION = 40
LONGEST_FILE = 400


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imported(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, within functions too."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {n.split(".")[0] for n in plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}}


def test_floors():
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=name)
def test_science_does_not_know_of_ranks(path):
    if not name(path).startswith(KNOW_OF_RANKS):
        assert not imported(path) & {"mpi4py", "petsc4py"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_and_functions_are_short(path):
    text = path.read_text()
    assert text.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            start = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.lineno
            assert node.end_lineno - start < LONGEST_FUNCTION, f"{node.name} is too long"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_is_swallowed_or_left_for_later(path):
    text = path.read_text()
    assert not re.search(r"except( Exception)?:\s*pass\b", text)
    assert not re.search(r"\b(TODO|FIXME|XXX)\b|NotImplementedError", text)
    assert not re.search(r"^\s*global ", text, re.MULTILINE)


def test_one_version():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    version = setup["metadata"]["version"]
    assert f'__version__ = "{version}"' in (PACKAGE / "__init__.py").read_text()
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_conda_brings_what_pip_would():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    wanted = setup["options"]["install_requires"] + setup["options.extras_require"]["dev"]
    names = {re.match(r"[\w-]+", line).group().lower() for line in wanted.splitlines() if line.strip()}
    conda = {m.lower() for m in re.findall(r"^  - ([\w-]+)", (ROOT / "environment.yml").read_text(), re.MULTILINE)}
    other = {"gmsh": "python-gmsh", "matplotlib": "matplotlib-base"}
    assert {other.get(n, n) for n in names - {"tomli"}} <= conda
