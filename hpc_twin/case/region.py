"""[[region]]: names for parts of the mesh that it does not name itself."""

from typing import Literal

from pydantic import Field, model_validator

from hpc_twin.case.places import Box, Sphere
from hpc_twin.case.quantities import Point, PositiveLength
from hpc_twin.case.section import Section, Share

CoordinateName = Literal["apicobasal", "transmural", "rotational", "transventricular", "x", "y", "z"]
SHAPES = ("box", "sphere", "ellipsoid", "cylinder")


class Ellipsoid(Section):
    """An ellipsoid with its axes along x, y and z."""

    centre: Point
    axes: tuple[PositiveLength, PositiveLength, PositiveLength] = Field(description="semi-axes")


class Cylinder(Section):
    """A straight cylinder."""

    start: Point
    end: Point
    radius: PositiveLength

    @model_validator(mode="after")
    def _length(self):
        if self.start == self.end:
            raise ValueError("start and end are the same point")
        return self


class RegionCase(Section):
    """[[region]] elements, by their centres, for which all that is said holds; later regions take from earlier ones.

    The name then stands wherever a case names a region. Several entries of one name add up.
    """

    name: str = Field(min_length=1, max_length=32, description="a new name, or one that the mesh has")
    box: Box | None = None
    sphere: Sphere | None = None
    ellipsoid: Ellipsoid | None = None
    cylinder: Cylinder | None = None
    coordinates: dict[CoordinateName, tuple[float, float]] = Field(
        {}, description="from, to: { transmural = [0.5, 1], apicobasal = [0, 0.3] }; docs/regions.md"
    )
    around: str | None = Field(None, description="a region: what lies within width of it, without it; a border zone")
    width: PositiveLength | None = Field(None, description="for around")
    within: str | None = Field(None, description="only elements that are in this region so far")
    fraction: Share | None = Field(None, gt=0, description="so many of these elements by chance: diffuse fibrosis")
    seed: int | None = Field(None, ge=0, lt=2**32, description="for fraction, default 1; the same on any ranks")
    length: PositiveLength | None = Field(None, description="for fraction: size of patches; default element by element")

    @model_validator(mode="after")
    def _says_something(self):
        shapes = [key for key in SHAPES if getattr(self, key) is not None]
        if len(shapes) > 1:
            raise ValueError(f"found {' and '.join(shapes)}, give one shape, or several entries of one name")
        if not (shapes or self.coordinates or self.around or self.within or self.fraction):
            raise ValueError(f"found no place, give one of {', '.join(SHAPES)}, coordinates, around, within, fraction")
        if self.name.strip() != self.name or self.name.lstrip("-").isdigit():
            raise ValueError(f"name: found '{self.name}', a number would be taken for a tag of the mesh")
        return self

    @model_validator(mode="after")
    def _belong_together(self):
        if (self.around is None) != (self.width is None):
            raise ValueError("around and width go together")
        for key in ("seed", "length"):
            if getattr(self, key) is not None and self.fraction is None:
                raise ValueError(f"{key} belongs to fraction")
        for key in ("around", "within"):
            if getattr(self, key) == self.name:
                raise ValueError(f"{key}: '{self.name}' is the region itself")
        for key, (low, high) in self.coordinates.items():
            if low > high and key != "rotational":
                raise ValueError(f"coordinates.{key}: found {low:g} to {high:g}, the first must not be the larger")
        return self
