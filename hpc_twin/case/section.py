"""What all tables of a case have in common."""

from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A TOML table: unknown keys are refused, and so are numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The Section inside ``tuple[X, ...]``, ``dict[str, X]`` or ``X | None``, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((s for s in map(section_of, get_args(annotation)) if s), None)
