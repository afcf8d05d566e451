"""Conduction velocity of ten Tusscher-Panfilov 2006 (epi) on a cable, by spacing and share of lumped mass."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from hpc_twin.cellmodels import load
from hpc_twin.fem import Subdomain
from hpc_twin.mesh.generate import cable
from hpc_twin.mesh.partition import distribute
from hpc_twin.stepping import STRANG, make_step, march
from hpc_twin.tissue.cells import populate
from hpc_twin.tissue.measures import Activation
from hpc_twin.tissue.monodomain import Discretisation, Monodomain
from hpc_twin.tissue.stimulus import Pulses, Stimuli, Stimulus

TABLE = Path(__file__).parents[3] / "shared" / "reference" / "results" / "cv_schemes_1d.md"
CAPACITY = 140 * 0.01  # chi Cm, uF/mm^3
SIGMA = {"long": 0.1334, "trans": 0.0176}  # mS/mm: Niederer et al. 2011 along and across the fibres
LENGTH = {"long": 20.0, "trans": 10.0}  # mm
LUMPING = (1.0, 0.5, 0.25, 0.0)  # the columns of the table


@cache
def velocity(direction: str, h: float, dt: float, lumping: float) -> float:
    """Velocity [mm/ms] between 40 and 80 % of the cable; Strang splitting, Crank-Nicolson."""
    length = LENGTH[direction]
    part = distribute(cable(length, h), MPI.COMM_SELF)
    x = part.points[: part.n_owned, 0]
    stimulus = Stimulus(np.flatnonzero(x < 1.5 + 1e-6), 50.0 / CAPACITY, Pulses(0.0, 2.0))
    sigma = np.tile(np.diag([SIGMA[direction], 0, 0]), (len(part.elements), 1, 1))
    cells = populate([load("tentusscher_2006_epi")], np.zeros(len(x), int))
    how = Discretisation(lumping=lumping, rtol=1e-8, atol=1e-8)
    problem = Monodomain(Subdomain.all_of(part), cells, sigma, Stimuli(len(x), [stimulus]), CAPACITY, how)
    seen = Activation(problem.V.owned, 0.0)
    first, last = (int(np.abs(x - share * length).argmin()) for share in (0.4, 0.8))
    for _, t in march(make_step(problem.operators, STRANG), None, dt, 200.0):
        seen.update(problem.V.owned, t, dt)
        if np.isfinite(seen.times[last]):
            return float((x[last] - x[first]) / (seen.times[last] - seen.times[first]))
    return 0.0


def published(direction: str, h: float) -> list[float]:
    """Errors [%] of the table's ICI columns, in the order of LUMPING."""
    if not TABLE.exists():
        pytest.skip("the reference folder with the table of velocities is not there")
    row = next(line for line in TABLE.read_text().splitlines() if line.startswith(f"| {direction} {h} "))
    return [float(cell.strip("* %")) for cell in row.split("|")[2:6]]


@pytest.mark.parametrize("direction", ["long", "trans"])
@pytest.mark.parametrize("h", [0.1, 0.2])
def test_velocity_by_mass(direction, h):
    """Against the table. Its reference is h = 0.025 mm with lumped mass, itself 1.4 % slow across the fibres."""
    reference = velocity(direction, 0.025, 0.005, 1.0)
    errors = [100 * (velocity(direction, h, 0.01, share) / reference - 1) for share in LUMPING]
    assert errors == pytest.approx(published(direction, h), abs=1.0)


def test_velocity_converges():
    """Along the fibres, about 0.612 mm/ms; the lumped mass is slow, the consistent one fast, a quarter lumped near."""
    converged = velocity("long", 0.025, 0.005, 0.25)
    assert converged == pytest.approx(0.612, rel=0.005)
    slow, near, fast = (velocity("long", 0.2, 0.01, share) / converged - 1 for share in (1.0, 0.25, 0.0))
    assert slow < -0.05 < -0.01 < near < 0.01 < 0.03 < fast


def test_errors_of_velocity_fall_with_h():
    """Halving h from 0.2 to 0.1 mm takes the lumped and the consistent error down by 2^1.1 to 2^2.2."""
    converged = velocity("long", 0.025, 0.005, 0.25)
    for share in (1.0, 0.0):
        coarse, fine = (velocity("long", h, 0.01, share) / converged - 1 for h in (0.2, 0.1))
        assert 1.1 < np.log2(coarse / fine) < 2.2
