"""[cells.gradients]: parameters of a cell model that differ from cell to cell."""

from math import isfinite
from typing import Annotated, get_args

from pydantic import Field, model_validator

from hpc_twin.case.region import CoordinateName
from hpc_twin.case.section import Section

Values = Annotated[tuple[float | str, ...], Field(min_length=2)]
COORDINATES = get_args(CoordinateName)


class GradientCase(Section):
    """[cells.gradients.PARAMETER] values along coordinates, at equal distances and linear between them.

    Numbers are values, "2x" is a multiple of the model's own value; multiples along several coordinates multiply.
    """

    apicobasal: Values | None = Field(None, description='from apex to base, as ["2x", "1x"]')
    transmural: Values | None = Field(None, description="from endocardium to epicardium")
    rotational: Values | None = Field(None, description="from -pi to pi: docs/regions.md")
    transventricular: Values | None = Field(None, description="LV, RV")
    x: Values | None = Field(None, description="through the mesh along x")
    y: Values | None = Field(None, description="through the mesh along y")
    z: Values | None = Field(None, description="through the mesh along z")
    spread: float = Field(0.0, ge=0, le=2, description="log-normal scatter of the cells: deviation of the logarithm")
    seed: int = Field(1, ge=0, lt=2**32, description="for spread; the same on any number of ranks")

    @property
    def along(self) -> dict[str, tuple[float | str, ...]]:
        """The values by coordinate."""
        return {key: getattr(self, key) for key in COORDINATES if getattr(self, key) is not None}

    @model_validator(mode="after")
    def _says_something(self):
        if not self.along and not self.spread:
            raise ValueError(f"found nothing that varies, give spread or one of {', '.join(COORDINATES)}")
        if "seed" in self.model_fields_set and not self.spread:
            raise ValueError("seed belongs to spread")
        for key in self.along:
            if not self.numbers(key)[0] and len(self.along) > 1:
                raise ValueError(f'{key}: values along several coordinates must be multiples such as "2x"')
        return self

    def numbers(self, key: str) -> tuple[bool, tuple[float, ...]]:
        """Whether the values along coordinate ``key`` are multiples, and the numbers. Raises ValueError."""
        values = self.along[key]
        relative = {isinstance(value, str) for value in values}
        try:
            if len(relative) > 1 or any(isinstance(v, str) and not v.endswith("x") for v in values):
                raise ValueError
            numbers = tuple(float(str(value).removesuffix("x")) for value in values)
            if not all(map(isfinite, numbers)):
                raise ValueError
        except ValueError:
            raise ValueError(
                f'{key}: found {list(values)}, give all numbers or all multiples such as "2x", finite ones'
            ) from None
        if relative == {True} and min(numbers) < 0:
            raise ValueError(f"{key}: found {list(values)}, a multiple must not be negative, as a conductance is not")
        return relative == {True}, numbers
