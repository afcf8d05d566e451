"""The reference of all case keys, made from the schema: ``python -m hpc_twin.case.describe > docs/case.md``."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from hpc_twin.case.schema import Case
from hpc_twin.case.section import section_of

HEAD = """# Case keys

A case is a TOML file. Quantities are text with a unit, for example "0.17 S/m"; any unit of the right dimension
will do. Defaults are in house units (mm, ms, mV, uA, uF, mS). Unknown keys are refused.
Made by `python -m hpc_twin.case.describe`.
"""


def describe() -> str:
    """docs/case.md as text."""
    return HEAD + "\n".join(_sections("", Case))


def _sections(path: str, model: type[BaseModel]) -> Iterator[str]:
    """A heading and a table for ``model``, then its inner sections."""
    rows, inner = [], []
    for name, field in model.model_fields.items():
        section = section_of(field.annotation)
        if section is None:
            rows.append(f"| {name} | {_default(field.default)} | {field.description or ''} |")
        else:
            inner.append((f"{path}.{name}".strip(".") + _many(field.annotation), section))
    if path:
        yield f"\n## [{path}]\n{(model.__doc__ or '').strip()}\n"
    if rows:
        yield "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])
    for key, section in inner:
        yield from _sections(key, section)


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    return "" if value in (None, {}, ()) else f"{value}"


def _many(annotation: Any) -> str:
    """How the path goes on: by a name of the user's for a dict."""
    return ".NAME" if getattr(annotation, "__origin__", None) is dict else ""


if __name__ == "__main__":
    print(describe())
