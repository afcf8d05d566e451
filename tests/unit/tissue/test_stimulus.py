import numpy as np
import pytest

from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import InputError, world
from hpc_twin.tissue.stimulus import (
    Pulses,
    Stimuli,
    Stimulus,
    in_box,
    in_node_set,
    in_regions,
    in_sphere,
    require_hits,
)


@pytest.mark.parametrize("dt", [0.01, 0.05, 0.3, 0.7, 1.9, 3.0, 4.7, 11.0, 25.0])
@pytest.mark.parametrize(
    ("pulses", "on"),
    [
        (Pulses(0.0, 2.0), 2.0),
        (Pulses(1.3, 2.0), 2.0),
        (Pulses(0.5, 2.0, 10.0), 10 * 2.0),
        (Pulses(0.5, 2.0, 10.0, 3), 3 * 2.0),
        (Pulses(0.0, 1.0, 1.0, 7), 7.0),
        (Pulses(99.0, 2.0), 1.0),
        (Pulses(200.0, 2.0, 5.0), 0.0),
    ],
)
def test_charge_is_exact_for_any_step(pulses, on, dt):
    """Over 100 ms, whose last step is cut off by hand."""
    n = int(100 / dt)
    charge = sum(pulses.share(i * dt, dt) * dt for i in range(n))
    rest = 100 - n * dt
    charge += pulses.share(n * dt, rest) * rest if rest > 1e-9 else 0.0
    assert charge == pytest.approx(on, abs=1e-7)


def test_nothing_is_on_between_pulses():
    pulses = Pulses(0.0, 2.0, 10.0)
    shares = [pulses.share(0.1 * i, 0.1) for i in range(100_000)]
    assert {round(share, 6) for share in shares} == {0.0, 1.0}
    assert sum(share != 0 for share in shares) == 1000 * 20


@pytest.fixture(scope="module")
def part():
    return distribute(slab((4, 3, 2), 1.0), world())


def test_places(part):
    points = part.points
    assert set(in_box(part, (0, 0, 0), (1, 3, 2))) == set(np.flatnonzero(points[:, 0] <= 1))
    assert len(in_box(part, (0.1, 0, 0), (0.9, 3, 2))) == 0
    inside = np.linalg.norm(points - (2, 1, 1), axis=1) <= 1
    assert set(in_sphere(part, (2, 1, 1), 1.0)) == set(np.flatnonzero(inside)) and inside.sum() == 7
    assert set(in_node_set(part, "x1", "key")) == set(np.flatnonzero(points[:, 0] == 4))
    assert len(in_regions(part, [0])) == 60 and len(in_regions(part, [5])) == 0


def test_box_of_no_thickness_takes_the_plane(part):
    assert len(in_box(part, (0, 0, 0), (0, 3, 2))) == 12


def test_stimuli_add_up(part):
    left, all_ = in_box(part, (0, 0, 0), (0, 3, 2)), np.arange(60)
    stimuli = Stimuli(60, [Stimulus(left, 2.0, Pulses(0, 1)), Stimulus(all_, -0.5, Pulses(0.5, 1))])
    assert stimuli.at(2.0, 0.1) is None
    rate = stimuli.at(0.0, 1.0)
    assert rate[left] == pytest.approx(1.75) and np.delete(rate, left) == pytest.approx(-0.25)
    assert np.delete(stimuli.at(0.0, 0.5), left) == pytest.approx(0.0)


def test_what_hits_nothing_is_refused(part):
    with pytest.raises(
        InputError, match=r"stimulus\.0: hits no node; the mesh reaches from \(0, 0, 0\) to \(4, 3, 2\)"
    ):
        require_hits(part, in_box(part, (10, 0, 0), (11, 1, 1)), "stimulus.0")
    with pytest.raises(InputError, match=r"key: no node set 'x2' .the mesh has x0, x1, y0"):
        in_node_set(part, "x2", "key")
