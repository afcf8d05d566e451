"""[bath]: what conducts but has no cells: torso, lungs, blood, a dish."""

from pydantic import Field, field_validator

from hpc_twin.case.quantities import Conductivity
from hpc_twin.case.section import Section


class BathRegionCase(Section):
    """A passive conductor; phi_e alone lives there."""

    conductivity: tuple[Conductivity, ...] = Field(
        min_length=1, max_length=3, description="sigma_b; one value is isotropic, two are along the fibre and across"
    )

    @field_validator("conductivity")
    @classmethod
    def _conducts(cls, conductivity: tuple[float, ...]):
        if not all(conductivity):
            raise ValueError("found 0: a bath conducts along all axes; what does not stands in tissue.without")
        return conductivity


class BathCase(Section):
    """[bath] the regions of the mesh without cells."""

    regions: dict[str, BathRegionCase] = Field({}, description="region name or tag -> conductivity")
