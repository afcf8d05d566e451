"""[[stimulus]]: a current into the cells of a place."""

from pydantic import Field, model_validator

from hpc_twin.case.places import Place
from hpc_twin.case.quantities import CurrentDensity, PositiveTime, Time


class StimulusCase(Place):
    """[[stimulus]] a current into the cells of a place, in pulses."""

    name: str = Field("stimulus", description="for messages")
    start: Time = 0.0
    duration: PositiveTime = 2.0
    strength: CurrentDensity = Field(50.0, description="current per tissue volume; positive depolarises")
    period: PositiveTime | None = Field(None, description="repeat every; default once")
    count: int | None = Field(None, ge=1, description="number of pulses; default until the end")

    @model_validator(mode="after")
    def _pulses(self):
        if self.count is not None and self.period is None:
            raise ValueError("count needs a period")
        if self.period is not None and self.period < self.duration:
            raise ValueError("period is shorter than duration")
        return self
