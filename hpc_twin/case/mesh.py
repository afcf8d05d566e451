"""[mesh] and [partition]: the geometry and how it is split."""

from typing import Literal

from pydantic import Field, model_validator

from hpc_twin.case.quantities import PositiveArea, PositiveLength
from hpc_twin.case.section import Section


class MeshCase(Section):
    """[mesh] a file, or a generator and its shape parameters; or, alone or beside either, what was split of it."""

    file: str | None = Field(None, description="mesh file, relative to the case")
    unit: Literal["mm", "cm", "um", "m"] | None = Field(None, description="length unit of the file")
    generate: str | None = Field(None, description="slab, sheet, cable, left_ventricle or biventricle")
    shape: dict[str, str | float | int | list[str]] = Field({}, description='generator parameters: h = "0.5 mm", ...')
    split: str | None = Field(
        None, description="folder that 'hpc-twin partition' made of this mesh: each rank reads its own share"
    )
    refine: int = Field(0, ge=0, le=5, description="halve every edge so many times")
    thickness: PositiveLength = Field(1.0, description="of triangles, in a mesh that mixes kinds of elements")
    cross_section: PositiveArea = Field(1.0, description="of lines, in a mesh that mixes kinds of elements")

    @model_validator(mode="after")
    def _one_source(self):
        sources = (self.file is not None) + (self.generate is not None)
        if sources == 2 or (sources == 0 and self.split is None):
            raise ValueError("give either mesh.file or mesh.generate")
        if self.shape and not self.generate:
            raise ValueError("mesh.shape belongs to mesh.generate, not to mesh.file")
        if self.unit and not self.file:
            raise ValueError("mesh.unit belongs to mesh.file, not to mesh.generate")
        return self


class PartitionCase(Section):
    """[partition] who gets which element."""

    method: Literal["auto", "metis", "hilbert", "ptscotch"] = Field(
        "auto", description="auto: metis; hilbert, where no rank holds the whole mesh, above 5 million elements"
    )
