"""What the eikonal models need beside the tissue: velocities of plane waves, and the current that follows the front."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator, model_validator

from hpc_twin.case.purkinje import REGION
from hpc_twin.case.quantities import CurrentDensity, PositiveTime, Velocity
from hpc_twin.case.section import Section

if TYPE_CHECKING:
    from hpc_twin.case.schema import Case

Velocities = tuple[Velocity, ...]


def _at_most_three(values: Velocities | None) -> Velocities | None:
    if values is not None and not 1 <= len(values) <= 3:
        raise ValueError(f"found {len(values)} velocities, allowed are 1, 2 or 3")
    return values


class RegionVelocity(Section):
    """[tissue.velocity.regions.NAME]"""

    values: Velocities = Field(
        description="along fibre, sheet and sheet normal; one is isotropic, two fibre and across"
    )

    _count = field_validator("values")(_at_most_three)


class VelocityCase(Section):
    """[tissue.velocity] of plane waves. Where it says nothing: by the cells' own, ~ sqrt(conductivity)."""

    values: Velocities | None = Field(
        None, description="along fibre, sheet and sheet normal; one is isotropic, two fibre and across"
    )
    regions: dict[str, RegionVelocity] = Field({}, description="region name or tag -> velocities")

    _count = field_validator("values")(_at_most_three)

    @model_validator(mode="after")
    def _something(self):
        if self.values is None and not self.regions:
            raise ValueError("give values, regions, or both")
        return self


class FootCase(Section):
    """[tissue.foot] for model = "reaction_eikonal": the current that begins in each cell when the wave arrives."""

    diffusion: bool = Field(True, description="true: cells stay coupled (RE+ of Neic et al. 2017); false: not (RE-)")
    shape: Literal["pulse", "wave"] | None = Field(
        None, description="rectangular, or what a cell gets from its neighbours in a plane wave; default by diffusion"
    )
    strength: CurrentDensity = Field(50.0, description="of the pulse; current per tissue volume")
    duration: PositiveTime = Field(2.0, description="of the pulse")

    @property
    def form(self) -> str:
        """The shape, by default that which does not count the neighbours twice."""
        return self.shape or ("pulse" if self.diffusion else "wave")

    @model_validator(mode="after")
    def _fits(self):
        if self.diffusion and self.form == "wave":
            raise ValueError('shape = "wave" is the current of diffusion itself: it needs diffusion = false')
        unused = {"strength", "duration"} & self.model_fields_set
        if self.form == "wave" and unused:
            raise ValueError(f'{" and ".join(sorted(unused))}: belongs to shape = "pulse"')
        if not self.strength > 0:
            raise ValueError(f"strength: found {self.strength:g} uA/mm^3, it must be greater than 0 to depolarise")
        return self


def eikonal_fits(case: "Case") -> None:
    """Velocities and the foot current belong to the eikonal models, which have linear elements and need a start."""
    tissue, model = case.tissue, case.tissue.model
    eikonal = model in ("eikonal", "reaction_eikonal")
    if tissue.velocity is not None and not eikonal:
        raise ValueError(f'tissue.velocity belongs to tissue.model = "eikonal" or "reaction_eikonal", found "{model}"')
    if tissue.foot is not None and model != "reaction_eikonal":
        raise ValueError(f'tissue.foot belongs to tissue.model = "reaction_eikonal", found "{model}"')
    if case.purkinje is not None and tissue.velocity is not None and tissue.velocity.values is not None:
        if REGION not in tissue.velocity.regions:
            raise ValueError(f"tissue.velocity.regions.{REGION} is missing: cables are faster than the muscle's values")
    if eikonal and tissue.order != 1:
        raise ValueError(f'tissue.order: found {tissue.order}, tissue.model = "{model}" has linear elements only')
    if eikonal and not case.stimulus:
        raise ValueError(f'tissue.model = "{model}" needs a stimulus: its wave has to begin somewhere')
