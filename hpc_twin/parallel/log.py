"""Words for the user, from one rank."""

import sys


def say(comm, text: str) -> None:
    """Print ``text`` on rank 0."""
    if comm.rank == 0:
        print(text, flush=True)


def warn(comm, text: str) -> None:
    """Print a warning on rank 0's standard error."""
    if comm.rank == 0:
        print(f"warning: {text}", file=sys.stderr, flush=True)
