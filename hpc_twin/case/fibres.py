"""[fibres]: where fibres come from."""

from typing import Literal

from pydantic import Field, model_validator

from hpc_twin.case.places import Place
from hpc_twin.case.quantities import Angle
from hpc_twin.case.section import Section

ANGLES = ("alpha_endo", "alpha_epi", "beta_endo", "beta_epi")
USED = {"constant": ("direction",), "bayer2012": ANGLES, "doste2019": (*ANGLES, "rv", "tract"), "between": ("regions",)}


class AngleCase(Section):
    """Angles of the rule of Doste et al. 2019 where they are not the left ventricle's."""

    alpha_endo: Angle = Field(description="helix angle at the endocardium")
    alpha_epi: Angle = Field(description="helix angle at the epicardium")
    beta_endo: Angle = Field(0.0, description="transverse angle at the endocardium")
    beta_epi: Angle = Field(0.0, description="transverse angle at the epicardium")


# Doste (2019), section 2.3; angles at the door would want units
RV = AngleCase.model_construct(alpha_endo=90.0, alpha_epi=-25.0, beta_endo=-20.0, beta_epi=20.0)
TRACT = AngleCase.model_construct(alpha_endo=90.0, alpha_epi=0.0, beta_endo=0.0, beta_epi=0.0)


class BetweenCase(Section):
    """Fibres of a region along the harmonic field from one place to another, or around it."""

    begin: Place = Field(description="where the field is 0")
    end: Place = Field(description="where the field is 1")
    around: bool = Field(False, description="across the field instead, within a surface of triangles")


class FibreCase(Section):
    """[fibres] from the file, one direction everywhere, or by a rule: docs/fibres.md."""

    rule: Literal["file", "constant", "bayer2012", "doste2019", "between", "none"] | None = Field(
        None, description="default: file when the mesh has fibres, else none (isotropic conductivity only)"
    )
    direction: tuple[float, float, float] | None = Field(None, description="for rule = constant")
    alpha_endo: Angle = Field(60.0, description="helix angle at the (left) endocardium")
    alpha_epi: Angle = Field(-60.0, description="helix angle at the (left) epicardium")
    beta_endo: Angle = Field(-65.0, description="transverse angle at the (left) endocardium")
    beta_epi: Angle = Field(25.0, description="transverse angle at the (left) epicardium")
    rv: AngleCase = Field(RV, description="of the right ventricle, for rule = doste2019; default 90, -25, -20, 20")
    tract: AngleCase = Field(TRACT, description="of outflow tracts, for rule = doste2019; default 90, 0, 0, 0")
    regions: dict[str, BetweenCase] = Field({}, description="for rule = between")

    @model_validator(mode="after")
    def _rule(self):
        unused = self.model_fields_set - {"rule", *USED.get(self.rule or "", ())}
        if unused:
            raise ValueError(f"fibres.{sorted(unused)[0]} says nothing to fibres.rule = {self.rule}")
        if (self.rule == "constant") != (self.direction is not None):
            raise ValueError('fibres.direction and fibres.rule = "constant" go together')
        if self.direction is not None and not any(self.direction):
            raise ValueError("fibres.direction: found length zero")
        if self.rule == "between" and not self.regions:
            raise ValueError('fibres.rule = "between" needs [fibres.regions.NAME] with begin and end')
        return self
