"""Where something is: a box, a sphere, a region or a node set."""

from pydantic import Field, model_validator

from hpc_twin.case.quantities import Point, PositiveLength
from hpc_twin.case.section import Section


class Box(Section):
    """An axis-parallel box."""

    min: Point
    max: Point


class Sphere(Section):
    """A ball."""

    centre: Point
    radius: PositiveLength


class Place(Section):
    """One place, given in one of these ways."""

    box: Box | None = None
    sphere: Sphere | None = None
    region: str | None = Field(None, description="region name or tag")
    node_set: str | None = Field(None, description="node set of the mesh")

    @model_validator(mode="after")
    def _one_place(self):
        places = [name for name in Place.model_fields if getattr(self, name) is not None]
        if len(places) != 1:
            known = ", ".join(Place.model_fields)
            raise ValueError(f"found {' and '.join(places) or 'no place'}, give one of {known}")
        return self
