"""[output]: what is written and when."""

import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from hpc_twin.case.measures import FrequencyCase, Measure, PhaseCase
from hpc_twin.case.quantities import PositiveTime, TimeOrNever, Voltage
from hpc_twin.case.section import Section, Share

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case


class OutputCase(Section):
    """[output] what is written and when."""

    every: TimeOrNever = Field(5.0, description='time between frames of result.exo; "never": maps alone, at the end')
    fields: tuple[str, ...] = Field(("V",), description="V and states of the cell model, by name")
    bits: int = Field(23, ge=4, le=23, description="of frames' values behind the leading one, of 23: docs/output.md")
    trace_every: PositiveTime = Field(0.5, description="time between rows of traces.nc")
    measures: tuple[Measure, ...] = Field(
        ("activation", "repolarisation", "apd"), description="computed while running: docs/measures.md"
    )
    activation_threshold: Voltage = Field(0.0, description="activation: upstroke through it")
    repolarisation: Share = Field(0.9, gt=0, description="share of the way back to rest: 0.9 gives APD90")
    fibres: bool = Field(True, description="store fibre directions")
    state: Literal["end"] | tuple[PositiveTime, ...] | None = Field(
        None, description='state.nc for [initial]: "end", or times: state_200ms.nc, ...'
    )
    coordinates: bool = Field(False, description="store the ventricular coordinates of the nodes: docs/regions.md")
    phase: PhaseCase = PhaseCase()
    frequency: FrequencyCase = FrequencyCase()

    @field_validator("state", mode="before")
    @classmethod
    def _end_or_times(cls, found):
        if found is not None and found != "end" and not isinstance(found, list | tuple):
            raise ValueError(f'found {found!r}, allowed are "end", or times as in ["100 ms", "200 ms"]')
        return found

    @property
    def shown(self) -> tuple[str, ...]:
        """Fields of every frame."""
        if math.isinf(self.every):
            return ()
        return (*self.fields, "phase") if "phase" in self.measures else self.fields


def without_frames(case: "Case") -> None:
    """What only frames could show is not asked for where there are none. Raises ValueError."""
    output = case.output
    if math.isfinite(output.every):
        return
    probed = case.probes and "phi_e" in output.fields  # fields decide what probes record, too
    if "fields" in output.model_fields_set and not probed:
        raise ValueError('output.fields: output.every = "never" writes no frames that could show them')
    if "bits" in output.model_fields_set:
        raise ValueError('output.bits: output.every = "never" writes no frames of so many bits')
    if "phase" in output.measures:
        raise ValueError('output.measures: "phase" is shown in frames, output.every = "never" writes none')
