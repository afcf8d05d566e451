"""Waiting for another rank is told from work, and counted on the rank that waits."""

import json
import sys

import pytest
from tools import run_on

LATE = """
import json, time
from hpc_twin.fem import Field, Waiting
from hpc_twin.fem.waiting import EVERY
from hpc_twin.mesh.generate import slab
from hpc_twin.mesh.partition import distribute
from hpc_twin.parallel import world
from hpc_twin.run.report.report import Spread

comm = world()
part = distribute(slab((4, 3, 2), 0.5) if comm.rank == 0 else None, comm)
field = Field(part, "V", "mV", 1.0)
other = field.vector.duplicate()
field.update_ghosts()  # sets up what brings them
halo, sums, none = Waiting(comm, "halo"), Waiting(comm, "sums"), Waiting(comm, "none")

def late():
    comm.barrier()
    time.sleep(0.1 * (comm.rank == 1))

for k in range(2 * EVERY):
    watched = k % EVERY == 0
    if watched:
        late()
    with halo:
        field.update_ghosts()
    if watched:
        late()
    with sums:
        other.axpy(0.5, field.vector)
        field.vector.dot(other)
    late()
    field.vector.norm()
with none:
    other.axpy(0.5, field.vector)
found = [[w.halo(), w.reductions()] for w in (halo, sums, none)]
spread = Spread.over(comm, float(comm.rank == 1))
every = comm.gather(found)
if comm.rank == 0:
    print(json.dumps({"waits": every, "spread": [spread.largest, spread.mean, spread.rank]}))
"""


@pytest.fixture(scope="module")
def told():
    done = run_on(2, [sys.executable, "-c", LATE])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_who_waits(told):
    (halo, sums, none), (halo_1, sums_1, _) = told["waits"]
    assert 0.9 < halo[0] < 1 and halo[1] == 0
    assert 0.9 < sums[1] < 1 and sums[0] == 0
    assert none == [0, 0]
    assert halo_1[0] < halo[0] and sums_1[1] < sums[1]  # the late one's


def test_spread_names_the_rank(told):
    assert told["spread"] == [1, 0.5, 1]
