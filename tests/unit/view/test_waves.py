"""Pictures of phases, tips and velocities: of a rotor, looked at by their pixels."""

import numpy as np
import pytest
from PIL import Image
from rotors import rotor

from hpc_twin.case import load_case
from hpc_twin.parallel import world
from hpc_twin.run import simulate
from hpc_twin.view import make_pictures, view_options
from hpc_twin.view.sheets import isochrone_levels

WANTED = ("activation", "velocity", "phase", "singularities")
PHASE = '[output.phase]\norigin = "-30 mV"\ndelay = "2 ms"\n'


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rotor")
    (folder / "in.toml").write_text(rotor(until=100, measures=WANTED, more=PHASE))
    simulate(load_case(folder / "in.toml"), folder / "out", world())
    options = view_options(times="10 ms, 90 ms", movie="none", size="800x500")
    return {
        path.name: np.asarray(Image.open(path)) for path in make_pictures(folder / "out" / "result.exo", None, options)
    }


def share(picture: np.ndarray, red: range, green: range, blue: range) -> float:
    """Share of pixels whose colour lies in these ranges."""
    inside = [
        (c >= r.start) & (c < r.stop) for c, r in zip(np.moveaxis(picture, -1, 0), (red, green, blue), strict=True)
    ]
    return float(np.logical_and.reduce(inside).mean())


def test_what_is_drawn(pictures):
    assert set(pictures) == {
        "activation.png",
        "V_times.png",
        "fibres.png",
        "velocity.png",
        "phase_times.png",
        "tips.png",
    }


def test_phase_has_the_colours_of_a_cycle(pictures):
    """Rest is orange, the plateau blue, front and back green and red; the tip is a white dot in them."""
    page = pictures["phase_times.png"]
    orange, blue = range(200, 256), range(0, 80)
    assert share(page, orange, range(100, 240), blue) > 0.05 and share(page, blue, range(0, 150), orange) > 0.05
    assert share(page, range(0, 90), range(180, 256), range(0, 120)) > 0.002


def test_velocity_has_black_arrows_and_tips_a_coloured_path(pictures):
    black = range(0, 40)
    assert 0.005 < share(pictures["velocity.png"], black, black, black) < 0.2
    tips = pictures["tips.png"][:, :600].astype(int)
    assert (np.ptp(tips, axis=-1) > 100).mean() > 0.002  # saturated dots on a grey picture


def test_filaments_are_seen_through_the_wall(tmp_path):
    (tmp_path / "in.toml").write_text(rotor("slab", until=50, measures=("singularities",), more=PHASE))
    simulate(load_case(tmp_path / "in.toml"), tmp_path / "out", world())
    options = view_options(movie="none", size="800x500")
    paths = make_pictures(tmp_path / "out" / "result.exo", None, options)
    tips = np.asarray(Image.open(next(p for p in paths if p.name == "tips.png")))[:, :600].astype(int)
    assert (np.ptp(tips, axis=-1) > 100).mean() > 0.001


def test_outliers_do_not_take_the_colours():
    values = np.concatenate((np.linspace(0.5, 0.7, 1000), (9.0, 9.5)))
    assert isochrone_levels(values)[-1] < 0.8 and isochrone_levels(np.linspace(0, 9, 1000))[-1] == 9
