"""Verbs of one process, on machines where MPI does not start, as on the login nodes of some clusters."""


def keep_mpi_away() -> None:
    """Let modules that name MPI be imported without starting it. Raises ImportError where mpi4py is missing."""
    import mpi4py

    mpi4py.rc.initialize = False
