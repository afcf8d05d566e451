import sys

import pytest
from tools import run_on

from hpc_twin.parallel import InputError, RunError, nearest, on_root, together, world

COLLECTIVE = """
from hpc_twin.parallel import InputError, on_root, say, sum_over, max_over, min_over, together, warn, world
comm = world()
try:
    with together(comm):
        if comm.rank == 1:
            raise InputError("only rank 1 sees it")
except InputError as error:
    print(f"rank {comm.rank}: {error}", flush=True)
print(f"on_root={on_root(comm, lambda: 7)}", flush=True)
say(comm, "said")
warn(comm, "warned")
assert (sum_over(comm, comm.rank), max_over(comm, comm.rank), min_over(comm, comm.rank)) == (3, 2, 0)
"""


def test_error_of_one_rank_is_raised_on_all():
    done = run_on(3, [sys.executable, "-c", COLLECTIVE])
    assert done.returncode == 0, done.stderr
    assert [done.stdout.count(f"rank {rank}: only rank 1 sees it") for rank in range(3)] == [1, 1, 1]
    assert done.stdout.count("on_root=7") == 1 and done.stdout.count("on_root=None") == 2
    assert done.stdout.count("said") == 1 and done.stderr.count("warning: warned") == 1


def test_root_error_keeps_its_kind():
    def fail():
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        on_root(world(), fail)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "out of memory"),
        (OSError(28, "No space left on device", "a.nc"), r"No space left on device \(a\.nc\)"),
        (KeyError("x"), "unexpected KeyError: 'x'"),
    ],
    ids=["memory", "disk", "other"],
)
def test_foreign_errors_become_words(error, words):
    with pytest.raises(RunError, match=words) as caught, together(world()):
        raise error
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "tail"), [("slba", "; did you mean 'slab'?"), ("qqq", ""), (7, "")], ids=["near", "far", "number"]
)
def test_nearest(name, tail):
    assert nearest(name, ["slab", "sheet"]) == tail
