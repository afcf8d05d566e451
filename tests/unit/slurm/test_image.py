"""The recipe of the Apptainer image, which cannot be built here, against what builds the environment elsewhere."""

import re
import subprocess

from tools import ROOT

RECIPE = (ROOT / "slurm" / "hpc_twin.def").read_text()
SECTIONS = dict(re.findall(r"^%(\w+)\n(.*?)(?=^%|\Z)", RECIPE, re.MULTILINE | re.DOTALL))


def test_its_sections_are_shell():
    assert set(SECTIONS) == {"files", "post", "environment", "runscript"}
    for name in ("post", "environment", "runscript"):
        done = subprocess.run(["sh", "-n"], input=SECTIONS[name], text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"%{name}: {done.stderr}"


def test_it_installs_what_setup_would():
    """A package that .ci/setup installs, and the recipe does not, would cost the build a second apt-get."""
    setup = (ROOT / ".ci" / "setup").read_text()
    wanted = " ".join(re.findall(r'^(?:COMPUTE|GRAPHICS)="([^"]*)"', setup, re.MULTILINE)).split()
    assert len(wanted) > 10 and set(wanted) <= set(SECTIONS["post"].replace("\\\n", " ").split())


def test_it_starts_the_command_of_the_package():
    command = re.search(r"^\s*(hpc-twin) = hpc_twin.cli.main:main$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    assert command is not None and f'exec {command[1]} "$@"' in SECTIONS["runscript"]
    (target,) = re.findall(r"^\s*\. (\S+)$", SECTIONS["files"], re.MULTILINE)
    assert f"cd {target} " in SECTIONS["post"] and f"PATH={target}/.venv/bin:" in SECTIONS["environment"]
