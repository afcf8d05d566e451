"""Floor 0: the communicator, reductions, and errors that end every rank with one message."""

from hpc_twin.parallel.comm import alone, first_on_node, hooked_abort, max_over, min_over, sum_over, world
from hpc_twin.parallel.errors import InputError, RunError, TwinError, nearest, on_root, together
from hpc_twin.parallel.log import say, warn

__all__ = [
    "InputError",
    "RunError",
    "TwinError",
    "alone",
    "first_on_node",
    "hooked_abort",
    "max_over",
    "min_over",
    "nearest",
    "on_root",
    "say",
    "sum_over",
    "together",
    "warn",
    "world",
]
