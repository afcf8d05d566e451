"""[[stimulus]]: a current into the cells of a place."""

from itertools import pairwise

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
    coupling: tuple[PositiveTime, ...] = Field(
        (), description='S2, S3, ...: each so long after the pulse before: ["320 ms", "280 ms"]'
    )
    times: tuple[Time, ...] | None = Field(None, description="instead of start, period, count and coupling")

    @model_validator(mode="after")
    def _pulses(self):
        if self.count is not None and self.period is None:
            raise ValueError("count needs a period")
        if self.period is not None and self.period < self.duration:
            raise ValueError("period is shorter than duration")
        if self.coupling and self.period is not None and self.count is None:
            raise ValueError("coupling needs a count: how many pulses, period apart, come before it")
        if min(self.coupling, default=self.duration) < self.duration:
            raise ValueError(f"coupling: found {min(self.coupling):g} ms, shorter than duration")
        return self

    @model_validator(mode="after")
    def _times(self):
        if self.times is None:
            return self
        others = {"start", "period", "count", "coupling"} & self.model_fields_set
        if others:
            raise ValueError(f"give times or {', '.join(sorted(others))}, not both")
        if not self.times:
            raise ValueError("times: found none, give at least one")
        if any(later - time < self.duration for time, later in pairwise(self.times)):
            raise ValueError("times: they must follow each other, at least duration apart")
        return self
