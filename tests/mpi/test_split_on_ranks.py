"""A refined case as one mesh on one rank, from a split on two, split anew by three, and in blocks: the same file."""

import netCDF4
import numpy as np
import pytest
from tools import STIMULUS, case_text, results, told, twin

MESH = '[mesh]\ngenerate = "slab"\nshape = { size = ["4 mm", "3 mm", "2 mm"], h = "1 mm" }\nrefine = 1\n'
EXACT = '[solver]\nrtol = 1e-10\ntolerance = "1e-9 mV"\n'
STRONG = STIMULUS + 'strength = "100000 uA/cm^3"\n'
ANEW = ("--set", 'partition.method="hilbert"')


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The case, its result as one mesh on one rank, and its split into two parts."""
    folder = tmp_path_factory.mktemp("split")
    text = case_text(mesh=MESH, stimulus=STRONG, more=EXACT).replace('until = "2 ms"', 'until = "6 ms"')
    (folder / "case.toml").write_text(text)
    for words in (
        ("run", folder, "--out", folder / "whole"),
        ("partition", folder, "-n", "2", "--out", folder / "split"),
    ):
        done = twin(*words)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("ranks", "words"),
    [(2, ("--set", 'mesh.split="split"')), (3, ("--set", 'mesh.split="split"', *ANEW)), (3, ANEW)],
    ids=["split", "split anew", "blocks"],
)
def test_same_results(ranks, words, folder, tmp_path):
    done = twin("run", folder, "--out", tmp_path / "out", *words, ranks=ranks)
    assert done.returncode == 0, done.stderr
    one, other = results(folder / "whole" / "result.exo"), results(tmp_path / "out" / "result.exo")
    assert np.nanmax(one["V"]) > 10 > -60 > np.nanmin(one["V"])
    for name, values in one.items():
        assert np.allclose(values, other[name], rtol=0, atol=1e-4, equal_nan=True), name
    with netCDF4.Dataset(folder / "whole/result.exo") as a, netCDF4.Dataset(tmp_path / "out/result.exo") as b:
        assert a.mesh_checksum == b.mesh_checksum
        for name in ("coordx", "coordy", "coordz", "connect1", "elem_num_map"):
            assert np.array_equal(a[name][:], b[name][:]), name


def test_too_many_ranks_are_refused(folder, tmp_path):
    done = twin("run", folder, "--out", tmp_path / "out", "--set", 'mesh.split="split"', ranks=3)
    assert done.returncode == 2
    assert len(told(done)) == 1 and "split into 2 parts, too few for 3 ranks" in told(done)[0]
