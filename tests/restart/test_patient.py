"""A patient's heart, a file of somebody else's: go on with it on the same ranks, bit by bit."""

import sys
from pathlib import Path

import meshio
import numpy as np
import pytest
from restarts import contents, outputs
from tools import CELLS, ROOT, case_text, run_on, tissue_text

MESH = ROOT.parent / "shared" / "reference" / "meshes" / "biv_crtdemo" / "biventricle.vtu"


def test_same_bits(tmp_path):
    if not MESH.is_file():
        pytest.skip("needs the reference meshes, which are not here")
    x, y, z = meshio.read(MESH).points[0]
    point = f'["{x} mm", "{y} mm", "{z} mm"]'
    place = f'[[stimulus]]\nsphere = {{ centre = {point}, radius = "12 mm" }}\nduration = "4 ms"\n'
    more = f'[probes]\na = {point}\n[output]\nevery = "1 ms"\nmeasures = ["activation", "velocity"]\n'
    mesh, tissue = f'[mesh]\nfile = "{MESH}"\nunit = "mm"\n', tissue_text(8, effective=(0.3, 0.1))
    (tmp_path / "patient.toml").write_text(case_text(mesh, CELLS, tissue, place, more))
    script, path = Path(__file__).parent / "restarts.py", f"{ROOT}:{ROOT / 'tests'}"
    words = [sys.executable, script, tmp_path, "2", "whole:2:0", "cut:2-2:46"]
    done = run_on(2, words, timeout=200, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    whole, other = tmp_path / "2" / "patient", tmp_path / "2-2" / "patient"
    assert outputs(whole) == outputs(other) == ["result.exo", "traces.nc"]
    for file in outputs(whole):
        assert contents(whole / file) == contents(other / file), file
    activation = np.frombuffer(contents(whole / "result.exo")["vals_nod_var2"][1], np.float32)
    assert np.isfinite(activation).sum() > 100
