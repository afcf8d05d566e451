"""[checkpoint]: what a run that was stopped or killed goes on from."""

from typing import TYPE_CHECKING

from pydantic import Field

from hpc_twin.case.initial import whole_steps
from hpc_twin.case.quantities import PositiveTime
from hpc_twin.case.section import Section

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case

MINUTES = 60_000.0  # ms


class CheckpointCase(Section):
    """[checkpoint] what a run that was stopped or killed goes on from, with hpc-twin resume: docs/restart.md."""

    enabled: bool = Field(True, description="whether any is written, also when the run is asked to stop")
    every: PositiveTime = Field(15 * MINUTES, description='time on the wall between two, such as "15 min"')
    every_simulated: PositiveTime | None = Field(None, description="simulated time between two, beside every")
    keep: int = Field(2, ge=1, description="so many of the last are kept")
    at_end: bool = Field(False, description="write one at the end and keep it, to go on to a later tissue.until")


def checkpoints(case: "Case") -> None:
    """Keys of what is written are for runs that write it, at whole steps."""
    wanted = case.checkpoint
    others = wanted.model_fields_set - {"enabled"}
    if others and not wanted.enabled:
        raise ValueError(f"checkpoint.{min(others)}: checkpoint.enabled = false writes none")
    if others and case.tissue.model == "eikonal":
        raise ValueError(f'checkpoint.{min(others)}: tissue.model = "eikonal" is one solve, with nothing to go on from')
    if wanted.every_simulated is not None:
        whole_steps("checkpoint.every_simulated", wanted.every_simulated, case.tissue.dt, "tissue.dt")
