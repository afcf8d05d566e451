"""What lets a run go on: its folder, its checkpoints, what signals ask of it, and which checkpoint it takes."""

from hpc_twin.run.restart.checkpoint import Checkpoints
from hpc_twin.run.restart.folder import alone_in, begun, check_folder, finished, prepare_folder, read_run, tidy
from hpc_twin.run.restart.requests import (
    FROM_SCHEDULERS,
    FROM_USERS,
    STOPS,
    HandedOverError,
    Requests,
    StoppedError,
    Wish,
)
from hpc_twin.run.restart.resuming import facts_of, found_in, require_mesh, require_models, require_torso

__all__ = [
    "FROM_SCHEDULERS",
    "FROM_USERS",
    "STOPS",
    "Checkpoints",
    "HandedOverError",
    "Requests",
    "StoppedError",
    "Wish",
    "alone_in",
    "begun",
    "check_folder",
    "facts_of",
    "finished",
    "found_in",
    "prepare_folder",
    "read_run",
    "require_mesh",
    "require_models",
    "require_torso",
    "tidy",
]
