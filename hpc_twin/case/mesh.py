"""[mesh], [fibres] and [partition]: the geometry and how it is split."""

from typing import Literal

from pydantic import Field, model_validator

from hpc_twin.case.quantities import Angle, PositiveArea, PositiveLength
from hpc_twin.case.section import Section


class MeshCase(Section):
    """[mesh] a file, or a generator and its shape parameters."""

    file: str | None = Field(None, description="mesh file, relative to the case")
    unit: Literal["mm", "cm", "um", "m"] | None = Field(None, description="length unit of the file")
    generate: str | None = Field(None, description="slab, sheet, cable, left_ventricle or biventricle")
    shape: dict[str, str | float | int | list[str]] = Field({}, description='generator parameters: h = "0.5 mm", ...')
    refine: int = Field(0, ge=0, le=5, description="halve every edge so many times")
    thickness: PositiveLength = Field(1.0, description="of triangles, in a mesh that mixes kinds of elements")
    cross_section: PositiveArea = Field(1.0, description="of lines, in a mesh that mixes kinds of elements")

    @model_validator(mode="after")
    def _one_source(self):
        if (self.file is None) == (self.generate is None):
            raise ValueError("give either mesh.file or mesh.generate")
        if self.shape and self.file:
            raise ValueError("mesh.shape belongs to mesh.generate, not to mesh.file")
        if self.unit and self.generate:
            raise ValueError("mesh.unit belongs to mesh.file, not to mesh.generate")
        return self


class FibreCase(Section):
    """[fibres] from the file, one direction everywhere, or by the rule of Bayer et al. 2012."""

    rule: Literal["file", "constant", "bayer2012", "none"] | None = Field(
        None, description="default: file when the mesh has fibres, else none (isotropic conductivity only)"
    )
    direction: tuple[float, float, float] | None = Field(None, description="for rule = constant")
    alpha_endo: Angle = Field(60.0, description="helix angle at the endocardium")
    alpha_epi: Angle = Field(-60.0, description="helix angle at the epicardium")
    beta_endo: Angle = Field(-65.0, description="transverse angle at the endocardium")
    beta_epi: Angle = Field(25.0, description="transverse angle at the epicardium")

    @model_validator(mode="after")
    def _direction(self):
        if (self.rule == "constant") != (self.direction is not None):
            raise ValueError('fibres.direction and fibres.rule = "constant" go together')
        if self.direction is not None and not any(self.direction):
            raise ValueError("fibres.direction: found length zero")
        return self


class PartitionCase(Section):
    """[partition] who gets which element."""

    method: Literal["metis", "hilbert", "ptscotch"] = "metis"
