"""[output]: what is written and when."""

from typing import Literal

from pydantic import Field

from hpc_twin.case.measures import FrequencyCase, Measure, PhaseCase
from hpc_twin.case.quantities import PositiveTime, Voltage
from hpc_twin.case.section import Section, Share


class OutputCase(Section):
    """[output] what is written and when."""

    every: PositiveTime = Field(5.0, description="time between frames of result.exo")
    fields: tuple[str, ...] = Field(("V",), description="V and states of the cell model, by name")
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

    @property
    def shown(self) -> tuple[str, ...]:
        """Fields of every frame."""
        return (*self.fields, "phase") if "phase" in self.measures else self.fields
