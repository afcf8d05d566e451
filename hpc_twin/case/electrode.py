"""[[electrode]]: currents and potentials outside the cells, for the bidomain."""

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from hpc_twin.case.places import Place
from hpc_twin.case.quantities import Current, CurrentDensity, PositiveTime, Time, Voltage

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case

ROUNDING = 1e-9  # ms
PULSES = ("start", "duration", "period", "count")
ALLOWED = {
    "current": {"current", "strength", *PULSES},
    "voltage": {"voltage", "between", *PULSES},
    "ground": set(),
}


class ElectrodeCase(Place):
    """[[electrode]] a current into the extracellular space or the bath, a potential there, or the ground."""

    name: str = Field("electrode", description="for messages")
    kind: Literal["current", "voltage", "ground"]
    current: Current | None = Field(None, description="total, into the medium: an anode's is positive")
    strength: CurrentDensity | None = Field(None, description="instead of current: per volume of the place")
    voltage: Voltage | None = Field(None, description="phi_e during pulses")
    between: Literal["open", "held"] = Field("open", description="voltage between pulses: no current, or held at 0")
    start: Time = 0.0
    duration: PositiveTime = 2.0
    period: PositiveTime | None = Field(None, description="repeat every; default once")
    count: int | None = Field(None, ge=1, description="number of pulses; default until the end")

    @model_validator(mode="after")
    def _keys(self):
        own = {"name", "kind", *Place.model_fields}
        wrong = self.model_fields_set - own - ALLOWED[self.kind]
        if wrong:
            raise ValueError(f'{min(wrong)} has no meaning with kind = "{self.kind}"')
        if self.kind == "current" and (self.current is None) == (self.strength is None):
            raise ValueError('kind = "current" needs either current or strength')
        if self.kind == "voltage" and self.voltage is None:
            raise ValueError('kind = "voltage" needs voltage')
        if self.count is not None and self.period is None:
            raise ValueError("count needs a period")
        if self.period is not None and self.period < self.duration:
            raise ValueError("period is shorter than duration")
        return self

    def pulses(self, until: float) -> list[tuple[float, float]]:
        """Begin and end [ms] of its pulses that begin before ``until``."""
        most = 1 if self.period is None else 1 + int(max(0.0, until - self.start) / self.period)
        begins = [self.start + k * (self.period or 0.0) for k in range(min(most, self.count or most))]
        return [(begin, begin + self.duration) for begin in begins if begin < until]

    @property
    def holds(self) -> bool:
        """Whether it holds phi_e at all times."""
        return self.kind == "ground" or (self.kind == "voltage" and self.between == "held")


def electrodes_fit(case: "Case") -> None:
    """Only the bidomain has electrodes, and what they drive must flow somewhere."""
    electrodes = case.electrode
    if electrodes and case.tissue.model != "bidomain":
        raise ValueError(f'electrode: tissue.model = "{case.tissue.model}" has no electrodes, only "bidomain" has')
    _driving(case)
    for number, electrode in enumerate(electrodes):
        if electrode.kind == "voltage" and electrode.between == "open" and electrode.duration < case.tissue.dt:
            raise ValueError(
                f"electrode.{number}.duration: found {electrode.duration:g} ms, less than tissue.dt = "
                f"{case.tissue.dt:g} ms: it might never be on"
            )
    if not any(electrode.holds for electrode in electrodes):
        _balanced(case)
    elif case.bidomain.reference is not None:
        raise ValueError("bidomain.reference: an electrode holds the potential at all times, which leaves no choice")


def _driving(case: "Case") -> None:
    """A voltage drives a current only while another electrode holds another potential."""
    until = case.tissue.until
    for number, electrode in enumerate(case.electrode):
        if electrode.kind != "voltage" or any(other.holds for other in case.electrode if other is not electrode):
            continue
        others = [other for other in case.electrode if other.kind == "voltage" and other is not electrode]
        if electrode.pulses(until) and not any(
            o.voltage != electrode.voltage and _overlap(o.pulses(until), electrode.pulses(until)) for o in others
        ):
            raise ValueError(
                f'electrode.{number} ("{electrode.name}"): a single voltage drives no current, and no other electrode '
                "holds another potential while it is on: add a ground, or let pulses of different voltages overlap"
            )


def _overlap(some: list[tuple[float, float]], others: list[tuple[float, float]]) -> bool:
    """Whether a pulse of one train meets one of the other; those of one train do not meet each other."""
    return any(end > begin + ROUNDING for (_, end), (begin, _) in pairwise(sorted([*some, *others])))


def _balanced(case: "Case") -> None:
    """Total currents of those that pulse together; those given per volume are added up when the mesh is known."""
    groups: dict[tuple, list[ElectrodeCase]] = {}
    for electrode in case.electrode:
        if electrode.kind == "current":
            groups.setdefault(tuple(getattr(electrode, key) for key in PULSES), []).append(electrode)
    for group in groups.values():
        currents = [electrode.current for electrode in group if electrode.current is not None]
        if len(currents) == len(group) and abs(sum(currents)) > 1e-9 * max(map(abs, currents)):
            names = ", ".join(electrode.name for electrode in group)
            raise ValueError(
                f"electrode: the currents of {names} sum to {sum(currents):g} uA and cannot leave: give those that "
                'pulse together currents of sum 0, or add an electrode of kind "ground"'
            )
