"""Cables of a network conduct as cables do, branch as theory wants, and meet the muscle with a delay, or not at all.

Purkinje cells by Stewart et al. 2009, muscle by ten Tusscher & Panfilov 2006 (endo) at 0.5 mm. Measured delays at
junctions: antegrade several ms, retrograde shorter (Mendez, Mueller & Urguiaga 1970, Circ Res 26:135); between single
cells of rabbits block needs ten times the resistance backwards (Huelsing et al. 1998, Am J Physiol 274:H1163).
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from mpi4py import MPI

from hpc_twin.case import PurkinjeCase
from hpc_twin.cellmodels import load_all
from hpc_twin.fem import Subdomain
from hpc_twin.mesh.generate import cable as lines
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.model import Mesh
from hpc_twin.mesh.network.junctions import JUNCTION, SIGMA, Junctions, joined
from hpc_twin.mesh.network.model import cable, together
from hpc_twin.mesh.partition import distribute
from hpc_twin.stepping import GODUNOV, make_step, march
from hpc_twin.tissue.cells import populate
from hpc_twin.tissue.measures import Activation
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Pulses, Stimuli, Stimulus, in_regions

CAPACITY, ALONG, SEGMENT, AREA = 1.4, 2.0, 0.25, 0.2  # uF/mm^3, mS/mm, mm, mm^2
ORIGIN = np.array([4.0, 4.0, -0.2])  # where the terminal is: below the middle of the slab
UP, LENGTH = np.array([0.0, 0.0, 1.0]), 15.0  # mm
DEFAULT = PurkinjeCase()


@dataclass(frozen=True)
class Seen:
    """Activation times [ms] of nodes at ``points``; ``muscle`` says which are not of cables."""

    points: np.ndarray
    times: np.ndarray
    muscle: np.ndarray

    def at(self, point, muscle: bool = False) -> float:
        distance = np.where(self.muscle == muscle, np.linalg.norm(self.points - point, axis=1), np.inf)
        return float(self.times[distance.argmin()])


@cache
def kernels() -> tuple:
    wanted = ("tentusscher_2006_endo", "stewart_2009")
    return tuple(load_all([{"name_or_path": name} for name in wanted], MPI.COMM_SELF))


def run(mesh: Mesh, pulse_at, radius: float, until: float) -> Seen:
    """March; cells within ``radius`` of ``pulse_at`` are stimulated at t = 0."""
    part = distribute(mesh, MPI.COMM_SELF)
    tags = {name: tag for tag, name in part.region_names.items()}
    lines, junctions = part.regions == tags["purkinje"], part.regions == tags[JUNCTION]
    sigma = np.tile(np.diag((0.1334, 0.0176, 0.0176)), (len(part.elements), 1, 1))
    sigma[lines], sigma[junctions] = ALONG * np.eye(3), SIGMA * np.eye(3)
    cables = np.zeros(part.n_owned, bool)
    cables[in_regions(part, [tags["purkinje"]])] = True
    points = part.points[: part.n_owned]
    pulse = Stimulus(np.flatnonzero(np.linalg.norm(points - pulse_at, axis=1) < radius), 35.0, Pulses(0.0, 2.0))
    extent = np.where(np.isnan(part.extents), 1.0, part.extents)
    problem = Monodomain(
        Subdomain.all_of(part), populate(kernels(), cables.astype(int)), sigma, Stimuli(part.n_owned, [pulse]),
        np.where(junctions, 0.0, CAPACITY), Discretisation(rtol=1e-8, atol=1e-7), extent,
    )  # fmt: skip
    seen = Activation(problem.V.owned, -20.0)
    for _, t in march(make_step(problem.operators, GODUNOV), None, 0.05, until):
        seen.update(problem.V.owned, t, 0.05)
    return Seen(points, seen.times, ~cables)


def straight(resistance: float, muscle: Mesh | None = None, end=ORIGIN, way=UP) -> Mesh:
    """A slab (of 0.5 mm) with a cable of LENGTH that comes along ``way`` and ends at ``end``."""
    stem = cable(end - LENGTH * way, end, SEGMENT, "purkinje")
    network = replace(stem, terminals=np.array([len(stem.points) - 1]))
    muscle = muscle or slab((8.0, 8.0, 3.0), 0.5)
    return joined(muscle, network, Junctions(0.6, resistance, AREA))[0]


@cache
def antegrade(resistance: float) -> Seen:
    return run(straight(resistance), ORIGIN - LENGTH * UP, 2.0, 14.0)


@cache
def retrograde(resistance: float) -> Seen:
    return run(straight(resistance), np.array([0, 4.0, 1]), 2.0, 18.0)


def free(corners, arms, areas) -> Seen:
    """Cables (a, b) between ``corners`` with cross-sections, far from any muscle; the first corner is stimulated."""
    corners = np.array(corners, float)
    parts = [cable(corners[a], corners[b], SEGMENT, "purkinje") for a, b in arms]
    network = together(parts)
    mesh, _ = joined(slab((1.0, 1.0, 1.0), 1.0), network, Junctions(0.6, 10.0, 1.0))
    mesh.extents[mesh.sizes == 2] = np.repeat(areas, [len(part.lines) for part in parts])
    names = {**mesh.region_names, 99: JUNCTION}
    return run(replace(mesh, region_names=names), corners[0], 2.0, 16.0)


FORK = [(0, 0, -40.0), (0, 0, -25.0), (9, 0, -13.0), (-9, 0, -13.0)]
MIDWAYS = ((0, 0, -30), (4.5, 0, -19), (9, 0, -13))


@cache
def forked(parent: float, daughter: float) -> Seen:
    """15 mm, then twice 15 mm."""
    return free(FORK, ((0, 1), (1, 2), (1, 3)), (parent, daughter, daughter))


def test_velocity_is_that_of_a_mesh_of_lines():
    """2.7 m/s at 2 S/m; human Purkinje fibres conduct at 2 to 3 m/s."""
    line = lines(20.0, SEGMENT)
    part = distribute(line, MPI.COMM_SELF)
    x = part.points[: part.n_owned, 0]
    pulse = Stimulus(np.flatnonzero(x < 2), 35.0, Pulses(0.0, 2.0))
    sigma = np.tile(ALONG * np.eye(3), (len(part.elements), 1, 1))
    how = Discretisation(rtol=1e-8, atol=1e-7)
    alone = Monodomain(
        Subdomain.all_of(part), populate(kernels()[1:], np.zeros(len(x), int)), sigma, Stimuli(len(x), [pulse]),
        CAPACITY, how,
    )  # fmt: skip
    seen = Activation(alone.V.owned, -20.0)
    for _, t in march(make_step(alone.operators, GODUNOV), None, 0.05, 12.0):
        seen.update(alone.V.owned, t, 0.05)
    times = [seen.times[np.abs(x - place).argmin()] for place in (5.0, 15.0)]
    network = free([(0, 0, -40), (0, 0, -20)], ((0, 1),), (0.1,))
    ours = [network.at((0, 0, place - 40)) for place in (5.0, 15.0)]
    assert ours == pytest.approx(times, abs=1e-4) and 10 / (ours[1] - ours[0]) == pytest.approx(2.7, abs=0.1)


def test_a_fork_without_mismatch_is_a_cable():
    """Rall (1959), Exp Neurol 1:491: two equal daughters that together load as their mother does are one cable."""
    fork = forked(0.2, 0.1)
    cable30 = free([(0, 0, -40), (0, 0, -10)], ((0, 1),), (0.2,))
    assert fork.at((9, 0, -13)) == pytest.approx(fork.at((-9, 0, -13)), abs=1e-9)
    expected = [cable30.at((0, 0, z)) for z in (-30, -17.5, -10)]
    assert [fork.at(p) for p in MIDWAYS] == pytest.approx(expected, abs=1e-3)


def test_a_fork_with_mismatch_delays():
    """Two daughters as thick as their mother draw twice her current: the front waits."""
    matched, heavy = forked(0.2, 0.1), forked(0.1, 0.1)
    waits = [heavy.at(p) - matched.at(p) for p in MIDWAYS]
    assert abs(waits[0]) < 0.01 < 0.1 < waits[1] < 0.6 and waits[2] == pytest.approx(waits[1], abs=0.05)


@pytest.mark.parametrize(("resistance", "low", "high"), [(3.0, 0.3, 0.7), (5.0, 0.5, 1.0), (10.0, 1.1, 1.8)])
def test_antegrade_delay(resistance, low, high):
    seen = antegrade(resistance)
    delay = seen.at(ORIGIN, muscle=True) - seen.at(ORIGIN)
    assert low < delay < high


HEAVIER = {  # muscle, where the cable ends in it, along what
    "1 mm": (((8.0, 8.0, 3.0), 1.0), ORIGIN, UP),
    "end on": (((6.0, 2.0, 2.0), 0.5), np.array([-0.2, 1.0, 1.0]), np.array([1.0, 0.0, 0.0])),
    "inside": (((8.0, 8.0, 6.0), 0.5), np.array([4.0, 4.0, 3.0]), UP),
}


@pytest.mark.parametrize(("place", "margin"), [("1 mm", 6.0), ("end on", 3.5), ("inside", 1.8)])
def test_the_default_conducts_with_a_margin(place, margin):
    """Several times its resistance does, on a coarse mesh, along fibres, and in the midst of tissue."""
    (size, h), end, way = HEAVIER[place]
    assert AREA == DEFAULT.cross_section and DEFAULT.junction_radius == 0.6
    mesh = straight(margin * DEFAULT.junction_resistance, slab(size, h), end, way)
    seen = run(mesh, end - LENGTH * way, 2.0, 18.0)
    assert np.isfinite(seen.at(end)) and np.isfinite(seen.times[seen.muscle]).mean() > 0.003


def test_too_large_a_resistance_blocks_forwards_only():
    """The muscle draws more than the terminal gives, but the terminal is a small load to the muscle."""
    forwards, backwards = antegrade(30.0), retrograde(30.0)
    assert np.isfinite(forwards.times[~forwards.muscle]).all() and np.isnan(forwards.times[forwards.muscle]).all()
    delay = backwards.at(ORIGIN) - backwards.at(ORIGIN, muscle=True)
    assert 0.5 < delay < 4 and backwards.at(ORIGIN - LENGTH * UP) > backwards.at(ORIGIN) + 4


def test_backwards_is_quicker_than_forwards():
    forwards, backwards = antegrade(10.0), retrograde(10.0)
    there = forwards.at(ORIGIN, muscle=True) - forwards.at(ORIGIN)
    back = backwards.at(ORIGIN) - backwards.at(ORIGIN, muscle=True)
    assert 0 < back < there
