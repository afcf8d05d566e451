"""Conductivities, of tissue and of what conducts without cells."""

from pydantic import Field, model_validator

from hpc_twin.case.quantities import Conductivity
from hpc_twin.case.section import Section

AXES = ("fibre", "sheet", "sheet normal")


class ConductivityCase(Section):
    """Along fibre, sheet and sheet normal; one value is isotropic, two are fibre and across."""

    intracellular: tuple[Conductivity, ...] | None = Field(None, description="sigma_i")
    extracellular: tuple[Conductivity, ...] | None = Field(None, description="sigma_e")
    effective: tuple[Conductivity, ...] | None = Field(None, description="sigma_i sigma_e / (sigma_i + sigma_e)")

    @property
    def insulating(self) -> list[str]:
        """The axes along which neither inside nor outside the cells anything flows, where both are given."""
        if self.intracellular is None or self.extracellular is None:
            return []
        inside, outside = (
            (*values, *values[-1:] * (3 - len(values))) for values in (self.intracellular, self.extracellular)
        )
        return [axis for axis, i, e in zip(AXES, inside, outside, strict=True) if not i and not e]

    @property
    def given(self) -> bool:
        """Whether this section itself, apart from regions, says anything."""
        return not (self.effective is self.intracellular is self.extracellular is None)

    @model_validator(mode="after")
    def _which(self):
        pair = (self.intracellular is not None, self.extracellular is not None)
        if self._optional() and not self.given:
            return self
        if (self.effective is not None) == any(pair) or (any(pair) and not all(pair)):
            raise ValueError("give effective, or both intracellular and extracellular")
        for values in (self.effective, self.intracellular, self.extracellular):
            if values is not None and not 1 <= len(values) <= 3:
                raise ValueError(f"found {len(values)} conductivities, allowed are 1, 2 or 3")
        return self

    def _optional(self) -> bool:
        return False


class TissueConductivity(ConductivityCase):
    """[tissue.conductivity] everywhere, and [tissue.conductivity.regions.NAME] where it differs."""

    regions: dict[str, ConductivityCase] = Field({}, description="region name or tag -> conductivity")

    @property
    def sections(self) -> dict[str, ConductivityCase]:
        """Key -> section: this one, then those of regions."""
        found = {f"tissue.conductivity.regions.{name}": section for name, section in self.regions.items()}
        return {"tissue.conductivity": self, **found}

    def _optional(self) -> bool:
        return bool(self.regions)  # every region must then be named, which the mesh will show
