"""Read a case: TOML text, then ``--set`` overrides, then validation with messages that name file, key and remedy."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from hpc_twin.case.purkinje import with_conduction
from hpc_twin.case.schema import Case
from hpc_twin.case.section import section_of
from hpc_twin.parallel import InputError, nearest
from hpc_twin.texts import NotTomlError, parse_toml, plain, read_text, shown

NAMES = re.compile("'([^']*)'")
LONGEST = 100  # characters of a key that is looked for among those that are known
OF_PYDANTIC = ("function-", "literal", "constrained", "tuple[", "list[")  # parts of a place that are no keys
SCALARS, OF_SCALARS = ("str", "int", "float", "bool"), ("string_", "int_", "float_", "bool_", "finite_")  # at its end
SHOULD = "Input should be "
TOLD = 10  # findings at most: one wrong line may make thousands


@dataclass(frozen=True)
class LoadedCase:
    """A checked case, the folder that its paths are relative to, and its text (with overrides) for the record."""

    case: Case
    folder: Path
    text: str
    source: str
    overrides: tuple[str, ...] = ()


def load_case(path: str | Path, overrides: Iterable[str] = ()) -> LoadedCase:
    """Read ``path`` and apply ``overrides`` such as ``tissue.dt=0.01 ms``.

    Raises InputError naming the file, the key, what was found and what is allowed.
    """
    path = Path(path)
    path = path / "case.toml" if os.path.isdir(path) else path
    text = _text(path)
    try:
        data = parse_toml(text)
    except InputError as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None
    overrides = list(overrides)
    for override in overrides:
        _override(data, override)
    try:
        case = Case.model_validate(plain(data))
    except ValidationError as error:
        found = _findings(error)
        more = [f"and {len(found) - TOLD} more"] if len(found) > TOLD else []
        raise InputError(f"{path}: " + "\n  ".join([*map(_sentence, found[:TOLD]), *more])) from None
    text += "".join(f"\n# --set {override}" for override in overrides)
    return LoadedCase(with_conduction(case), path.parent, text, str(path), tuple(overrides))


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except FileNotFoundError:
        there = sorted(p.name for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        raise InputError(f"{path}: no such case file{nearest(path.name, there)}") from None


def _override(data: dict, override: str) -> None:
    """Put ``a.b.c=value`` into ``data``; the value is TOML, or plain text where it is not TOML."""
    key, sign, value = override.partition("=")
    *tables, last = _key_parts(key) or [""]
    if not sign or not last:
        raise InputError(f'--set {override}: write KEY=VALUE, for example --set tissue.dt="0.01 ms"')
    try:
        parsed: Any = parse_toml(f"value = {value}")["value"]
    except NotTomlError:
        parsed = value.strip()
    for table in tables:
        data = data.setdefault(table, {})
        if not isinstance(data, dict):
            raise InputError(f"--set {override}: {table} is not a table")
    data[last] = parsed


def _key_parts(key: str) -> list[str]:
    """``cells.parameters."ikr.gKr"`` -> its three names, by TOML's own rule; empty when it is no key."""
    try:
        node: Any = parse_toml(f"{key.strip()} = 0")
    except NotTomlError:
        return []
    parts = []
    while isinstance(node, dict) and len(node) == 1:
        (name, node) = next(iter(node.items()))
        parts.append(name)
    return parts if node == 0 else []


def _findings(error: ValidationError) -> list[dict[str, Any]]:
    """What pydantic found, once for each key; of a key that may be this or that, what came furthest in it."""
    found: dict[tuple, dict[str, Any]] = {}
    for each in error.errors():
        words = [part for part in each["loc"] if not str(part).startswith(OF_PYDANTIC)]
        place = tuple(
            words[:-1] if words[-1:] and words[-1] in SCALARS and each["type"].startswith(OF_SCALARS) else words
        )
        known = found.setdefault(place, {**each, "loc": place})
        other = each["msg"].removeprefix(SHOULD)
        if other not in known["msg"] and other != each["msg"] and known["msg"].startswith(SHOULD):
            known["msg"] += f" or {other}"
    inner = {place[:n] for place in found for n in range(1, len(place))}
    return [each for place, each in found.items() if place not in inner]


def _sentence(error: dict[str, Any]) -> str:
    """One line on one of pydantic's findings."""
    location = error["loc"]
    key = ".".join(map(str, location))
    if error["type"] == "extra_forbidden":
        known = _known(Case, list(location[:-1]))
        return f"unknown key {shown(key)}{nearest(str(location[-1])[:LONGEST], known)} (known here: {', '.join(known)})"
    if error["type"] == "missing":
        return f"{key} is missing"
    words = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{key}: {words}" if key else words
    near = nearest(str(error["input"])[:LONGEST], NAMES.findall(words)) if error["type"] == "literal_error" else ""
    return f"{key}: found {shown(repr(error['input']))}; {words[0].lower()}{words[1:]}{near}"


def _known(model: type[BaseModel], location: list) -> list[str]:
    """Names of the fields of the section at ``location``."""
    for part in location:
        if isinstance(part, int) or part not in model.model_fields:
            continue  # an index of a list, or a name the user chose
        model = section_of(model.model_fields[part].annotation) or model
    return list(model.model_fields)
