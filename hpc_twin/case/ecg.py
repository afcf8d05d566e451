"""[ecg]: electrodes, and what conducts between them and the heart."""

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator, model_validator

from hpc_twin.case.quantities import Conductivity, Point, PositiveTime
from hpc_twin.case.section import Section

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case

NAME = re.compile(r"\w([\w .+-]*[\w+-])?")  # what a NetCDF attribute may hold in its name, and more is not needed


class TorsoCase(Section):
    """[ecg.torso] a mesh of its own around the heart, on which the lead fields are solved."""

    file: str = Field(description="mesh file of tetrahedra, relative to the case; it fills the heart's place too")
    unit: Literal["mm", "cm", "um", "m"] | None = Field(None, description="length unit of the file")
    conductivity: Conductivity | None = Field(None, description="of all regions but those below")
    regions: dict[str, Conductivity] = Field({}, description="region name or tag -> conductivity: lungs, blood, heart")

    @model_validator(mode="after")
    def _some(self):
        if self.conductivity is None and not self.regions:
            raise ValueError("give conductivity, or regions, or both")
        return self


class EcgCase(Section):
    """[ecg] potentials at electrodes, and the leads of an electrocardiogram, in ecg.nc: docs/ecg.md."""

    method: Literal["infinite_medium", "lead_field"] = Field(
        "infinite_medium", description="lead_field: in the body that bath.regions or ecg.torso describe"
    )
    conductivity: Conductivity | None = Field(None, description="of the infinite medium; default 0.2 S/m")
    every: PositiveTime = Field(1.0, description="time between rows of ecg.nc")
    electrodes: dict[str, Point] = Field(
        min_length=1, description="name -> point; RA, LA, LL and V1 to V6 give the 12 leads, others potentials"
    )
    torso: TorsoCase | None = None

    @field_validator("electrodes")
    @classmethod
    def _names(cls, electrodes: dict):
        for name in electrodes:
            if not NAME.fullmatch(name):
                raise ValueError(f"name '{name}': give a name of letters, digits, _, +, -, and . or blanks within")
        return electrodes

    @model_validator(mode="after")
    def _one_medium(self):
        if self.method == "lead_field" and self.conductivity is not None:
            raise ValueError(
                'conductivity is that of "infinite_medium"; that of lead_field is in bath.regions or ecg.torso'
            )
        if self.method == "infinite_medium" and self.torso is not None:
            raise ValueError('torso belongs to method = "lead_field"; an infinite medium has none')
        if self.conductivity == 0 or (self.torso and self.torso.conductivity == 0):
            raise ValueError("conductivity: found 0, it must be greater than 0")
        return self


def electrocardiogram(case: "Case") -> None:
    """What [ecg] needs of the other sections: V, and one torso at most."""
    if case.ecg is None:
        return
    if case.tissue.model == "eikonal":
        raise ValueError('ecg: tissue.model = "eikonal" has no membrane potential; take "reaction_eikonal"')
    if case.ecg.torso is not None and case.bath.regions:
        raise ValueError("ecg.torso and bath.regions are two bodies around one heart: give one of them")
