"""The MPI communicator and the three reductions that the science needs."""

import sys
import traceback

from mpi4py import MPI


def world() -> MPI.Intracomm:
    """Return the communicator of all ranks of this run."""
    return MPI.COMM_WORLD


def alone() -> MPI.Intracomm:
    """Return the communicator of this rank by itself: what is done with it is no concern of the others."""
    return MPI.COMM_SELF


def first_on_node(comm) -> bool:
    """Whether this rank is the first of those that share its memory, so one on each node; collective."""
    shared = comm.Split_type(MPI.COMM_TYPE_SHARED)
    first = shared.rank == 0
    shared.Free()
    return first


def sum_over(comm, value):
    """Sum ``value`` (a number or an array) over all ranks."""
    return comm.allreduce(value, op=MPI.SUM)


def max_over(comm, value):
    """Largest ``value`` over all ranks."""
    return comm.allreduce(value, op=MPI.MAX)


def min_over(comm, value):
    """Smallest ``value`` over all ranks."""
    return comm.allreduce(value, op=MPI.MIN)


def hooked_abort(comm) -> None:
    """End all ranks when one dies of an unforeseen exception: the others would wait for it for ever."""

    def abort(kind, error, trace):
        traceback.print_exception(kind, error, trace)
        sys.stderr.flush()
        if comm.size > 1:
            comm.Abort(3)

    sys.excepthook = abort
