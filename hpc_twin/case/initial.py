"""[initial]: what the tissue begins with, where that is not the rest of its cells."""

from math import hypot, inf
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from hpc_twin.case.quantities import Point, PositiveLength, PositiveTime
from hpc_twin.case.section import Section

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case


class RotorCase(Section):
    """A wave that turns around an axis: cells in the phases of their cycle, Jacquemet 2010, see docs/protocols.md."""

    centre: Point
    axis: tuple[float, float, float] = Field((0.0, 0.0, 1.0), description="the wave turns around it")
    chirality: Literal["counterclockwise", "clockwise"] = Field(
        "counterclockwise", description="seen by who looks at the tip of the axis"
    )
    cycle_length: PositiveTime = Field(description="of the cells when they are paced, and about that of the rotor")
    beats: int = Field(20, ge=1, le=100_000, description="that each cell model is paced before")
    wavelength: PositiveLength | None = Field(
        None, description="between the arms of a spiral; default: the front is a straight line"
    )

    @model_validator(mode="after")
    def _axis(self):
        if not 0 < hypot(*self.axis) < inf:
            raise ValueError(f"axis: found length {hypot(*self.axis):g}, it must be a direction")
        return self


class InitialCase(Section):
    """[initial] a saved state of the tissue, or a rotor; default: every cell in its initial state."""

    state: str | None = Field(None, description="file of an earlier run with [output] state, relative to the case")
    clock: Literal["zero", "continue"] = Field(
        "zero", description="of a saved state: time begins at 0, or at the time when it was saved"
    )
    other_parameters: bool = Field(False, description="take a state of cells that had other parameters")
    rotor: RotorCase | None = None

    @model_validator(mode="after")
    def _one(self):
        if (self.state is None) == (self.rotor is None):
            raise ValueError("give either initial.state or initial.rotor")
        of_state = {"clock", "other_parameters"} & self.model_fields_set
        if self.rotor is not None and of_state:
            raise ValueError(f"{', '.join(sorted(of_state))} belongs to initial.state, not to initial.rotor")
        return self


def beginnings(case: "Case") -> None:
    """Cells begin with one thing only, and beats and saved states are whole steps."""
    if case.initial is not None:
        _alone(case, "initial.state" if case.initial.rotor is None else "initial.rotor")
    if case.output.state is not None and case.tissue.model == "eikonal":
        raise ValueError('output.state: tissue.model = "eikonal" has no state of cells to save')
    step = case.tissue.dt / case.cells.substeps
    for key, model in case.cells.models.items():
        if model.prepace is not None:
            whole_steps(f"{key}.prepace.cycle_length", model.prepace.cycle_length, step, "the step of the cells")
    if case.initial is not None and case.initial.rotor is not None:
        whole_steps("initial.rotor.cycle_length", case.initial.rotor.cycle_length, step, "the step of the cells")
    for time in case.output.state if isinstance(case.output.state, tuple) else ():
        whole_steps("output.state", time, case.tissue.dt, "tissue.dt")
        if time > case.tissue.until * (1 + 1e-9):
            raise ValueError(f"output.state: found {time:g} ms, which is after tissue.until = {case.tissue.until:g} ms")


def _alone(case: "Case", key: str) -> None:
    """``initial`` decides on all states, so nothing else may."""
    if case.tissue.model in ("eikonal", "reaction_eikonal"):
        raise ValueError(f'{key}: tissue.model = "{case.tissue.model}" begins with its stimuli')
    for name, model in case.cells.models.items():
        for what in ("initial", "prepace"):
            if getattr(model, what) is not None:
                raise ValueError(f"give {key} or {name}.{what}, not both: each sets all states of the cells")


def whole_steps(key: str, time: float, dt: float, name: str) -> None:
    """Raise ValueError where ``time`` is no multiple of ``dt``, both in ms."""
    steps = time / dt
    if abs(steps - round(steps)) > 1e-6 * max(1.0, steps) or round(steps) < 1:
        raise ValueError(f"{key}: found {time:g} ms, it must be a multiple of {name}, {dt:g} ms")
