"""Measures asked for on the command line: what is refused, before the mesh is read, and what a run leaves."""

import pytest
from rotors import rotor
from tools import case_text, told, twin

WRONG = [
    ("output.measures=['phases']", "output.measures.0: found 'phases'"),
    ("output.fields=['V', 'phase']", 'output.fields: "phase" needs output.measures to hold it too'),
]


@pytest.mark.parametrize(("override", "words"), WRONG)
def test_refused_before_the_mesh_is_read(tmp_path, override, words):
    path = tmp_path / "case.toml"
    path.write_text(case_text(mesh='[mesh]\nfile = "not_there.vtu"\n'))
    done = twin("run", path, "--out", tmp_path / "out", "--set", override)
    assert done.returncode == 2 and len(told(done)) == 1 and words in told(done)[0]
    assert not (tmp_path / "out").exists()


def test_contradictions_end_all_ranks(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(rotor(until=20, measures=("phase",), more='[output.phase]\ndelay = "2 ms"\nevery = "0.25 ms"\n'))
    done = twin("run", path, "--out", tmp_path / "out", ranks=2)
    assert done.returncode == 2 and "output.phase.every: found 0.25 ms, it must be a multiple of" in told(done)[0]


def test_a_run_leaves_singularities_and_view_draws_them(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(rotor(until=60, measures=("singularities",), more='[output.phase]\norigin = "-30 mV"\n'))
    done = twin("run", path, "--out", tmp_path / "out")
    assert done.returncode == 0 and (tmp_path / "out" / "singularities.nc").stat().st_size > 1000
    done = twin("view", tmp_path / "out", "--movie", "none")
    assert done.returncode == 0 and (tmp_path / "out" / "pictures" / "tips.png").exists()
