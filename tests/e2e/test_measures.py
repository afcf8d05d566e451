"""Measures asked for on the command line: what is refused, before the mesh is read, and what a run leaves."""

from rotors import rotor
from tools import case_text, told, twin


def test_contradictions_end_all_ranks_before_the_mesh_is_read(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(case_text(mesh='[mesh]\nfile = "not_there.vtu"\n'))
    done = twin("run", path, "--out", tmp_path / "out", "--set", "output.fields=['V', 'phase']", ranks=2)
    assert done.returncode == 2 and len(told(done)) == 1 and not (tmp_path / "out").exists()
    assert 'output.fields: "phase" needs output.measures to hold it too' in told(done)[0]


def test_a_run_leaves_singularities_and_view_draws_them(tmp_path, obeyed):
    path = tmp_path / "case.toml"
    path.write_text(rotor(until=60, measures=("singularities",), more='[output.phase]\norigin = "-30 mV"\n'))
    done = obeyed("run", path, "--out", tmp_path / "out")
    assert done.returncode == 0 and (tmp_path / "out" / "singularities.nc").stat().st_size > 1000
    done = obeyed("view", tmp_path / "out", "--movie", "none", "--size", "300x300")
    assert done.returncode == 0 and (tmp_path / "out" / "pictures" / "tips.png").exists()
