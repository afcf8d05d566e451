"""Regions by coordinate, distance and chance, and parameters by coordinate and chance, on 1, 2 and 3 ranks."""

import numpy as np
import pytest
from tools import results, simulated

from hpc_twin.io.result import read_result

CASE = """
[mesh]
generate = "left_ventricle"
shape = { scale = 0.3, h = "2.4 mm" }
[[region]]
name = "scar"
coordinates = { transmural = [0, 0.6], apicobasal = [0.3, 0.7], rotational = [2.0, -2.0] }
[[region]]
name = "border"
around = "scar"
width = "2 mm"
[[region]]
name = "fibrosis"
within = "border"
fraction = 0.3
[[region]]
name = "patches"
coordinates = { x = [0.5, 1] }
fraction = 0.4
length = "2 mm"
[[region]]
name = "tip"  # so small that some rank has none of it
coordinates = { z = [0, 0.15] }
fraction = 0.5
[cells]
model = "mitchell_schaeffer_2003"
[cells.gradients."gate.tau_close"]
apicobasal = ["1.2x", "0.8x"]
spread = 0.1
[cells.layers.epi]
model = "mitchell_schaeffer_2003"
[cells.regions.border]
model = "mitchell_schaeffer_2003"
gradients = { "inward.tau" = { spread = 0.2 } }
[tissue]
until = "16 ms"
dt = "0.1 ms"
splitting = "strang"
without = ["scar"]
[tissue.conductivity]
effective = ["0.5 S/m"]
regions = { fibrosis = { effective = ["0.02 S/m"] }, patches = { effective = ["0.5 S/m"] } }
[[stimulus]]
sphere = { centre = ["0 mm", "0 mm", "-20 mm"], radius = "9 mm" }
strength = "100000 uA/cm^3"
[output]
every = "4 ms"
coordinates = true
[solver]
rtol = 1e-10
tolerance = "1e-9 mV"
"""
V_TOLERANCE, TIME_TOLERANCE = 1e-3, 1e-4  # as in test_same_on_any_ranks.py


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regions")
    (folder / "case.toml").write_text(CASE)
    for ranks in (1, 2, 3):
        simulated(ranks, folder / str(ranks), [folder / "case.toml"])
    return {ranks: folder / str(ranks) / "case" / "result.exo" for ranks in (1, 2, 3)}


def blocks(path) -> dict[str, np.ndarray]:
    with read_result(path) as result:
        return {block.name: block.elements for block in result.blocks}


@pytest.mark.parametrize("ranks", [2, 3])
def test_the_same_elements_are_in_the_regions(runs, ranks):
    one, more = blocks(runs[1]), blocks(runs[ranks])
    assert {"scar", "border", "fibrosis", "patches"} <= set(one) == set(more)
    assert min(len(elements) for elements in one.values()) > 20
    for name, elements in one.items():
        np.testing.assert_array_equal(more[name], elements, err_msg=name)


@pytest.mark.parametrize("ranks", [2, 3])
def test_the_same_wave_goes_through_them(runs, ranks):
    names = ("activation", "apicobasal", "transmural", "rotational")
    one, more = (results(runs[n], names) for n in (1, ranks))
    assert np.array_equal(np.isnan(one["V"]), np.isnan(more["V"])) and 0.1 < np.isfinite(one["activation"]).mean()
    assert np.nanmax(np.abs(more["V"] - one["V"])) < V_TOLERANCE
    assert np.array_equal(np.isnan(one["activation"]), np.isnan(more["activation"]))
    assert np.nanmax(np.abs(more["activation"] - one["activation"])) < TIME_TOLERANCE
    for name in names[1:]:
        assert np.nanmax(np.abs(more[name] - one[name])) < 1e-6
