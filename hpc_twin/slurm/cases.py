"""Several cases in one array: every case with every combination of the values of its keys."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from hpc_twin.case import load_case
from hpc_twin.parallel import InputError
from hpc_twin.texts import NotTomlError, parse_toml, read_json, require_file

KEY = re.compile(r'(?:[^\s"=]|"[^"]*")+')
LIST = "array.json"
MOST = 10_000  # tasks


@dataclass(frozen=True)
class Task:
    """One case of an array: its file, the overrides of its keys, and what tells it from the others."""

    case: str
    overrides: tuple[str, ...]
    values: dict[str, str]


def tasks(cases: Sequence[Path], arrays: Sequence[str], overrides: Sequence[str]) -> list[Task]:
    """Each of ``cases`` with each combination of ``arrays``; every one is read, and refused where it is wrong.

    An array is "KEY=V1,V2,..." or, where several keys take the same value, "KEY1 KEY2=V1,V2,...".
    Raises InputError.
    """
    axes = [_axis(text) for text in arrays]
    paths = [(case / "case.toml" if case.is_dir() else case).absolute() for case in cases]
    _require_once("CASE", map(str, paths))
    _require_once("--array, --set", [*(key for keys, _ in axes for key in keys), *(_key(text) for text in overrides)])
    found = []
    for path in paths:
        for choice in product(*(values for _, values in axes)):
            pairs = list(zip((keys for keys, _ in axes), choice, strict=True))
            own = tuple(f"{key}={value}" for keys, value in pairs for key in keys)
            values = {"case": _name(path)} if len(cases) > 1 else {}
            found.append(Task(str(path), (*overrides, *own), values | {keys[0]: value for keys, value in pairs}))
            if len(found) > MOST:
                raise InputError(f"--array: more than {MOST:,} tasks")
            _check(found[-1])
    return found


def write_list(folder: Path, found: Sequence[Task]) -> None:
    """Keep the tasks in ``folder``. Raises InputError where it holds those of another array."""
    if (folder / LIST).exists() and read_list(folder) != list(found):
        raise InputError(f"{folder} holds another array of cases: use another --out")
    (folder / LIST).write_text(json.dumps([asdict(task) for task in found], indent=1) + "\n", encoding="utf-8")


def read_list(folder: Path) -> list[Task]:
    """The tasks of the array in ``folder``, in order; empty where it holds none. Raises InputError."""
    if not (folder / LIST).exists():
        return []
    try:
        return [Task(row["case"], tuple(row["overrides"]), row["values"]) for row in read_json(folder / LIST)]
    except (OSError, KeyError, TypeError) as error:
        raise InputError(f"{folder / LIST}: cannot be read ({error})") from None


def _axis(text: str) -> tuple[list[str], list[str]]:
    """Keys and values of one --array."""
    match = re.fullmatch(rf"\s*((?:{KEY.pattern}\s*)+)=(.*)", text)
    values = _values(match[2]) if match else []
    if match is None or not all(values) or not values:
        raise InputError(f"--array {text}: write KEY=VALUE,VALUE,..., for example --array 'tissue.dt=0.01 ms,0.02 ms'")
    if len(set(values)) < len(values):
        raise InputError(f"--array {text}: a value is given twice")
    return KEY.findall(match[1]), values


def _values(text: str) -> list[str]:
    """Values in TOML, as ``["1 mm", "2 mm"], ["2 mm", "4 mm"]``, or plain ones between commas."""
    try:
        return [json.dumps(value) for value in parse_toml(f"values = [{text}]")["values"]]
    except (NotTomlError, TypeError):
        return [value.strip() for value in text.split(",")]


def _name(case: Path) -> str:
    """What tells a case from others: its folder, where all files have the same name."""
    return case.parent.name if case.name == "case.toml" else case.stem


def _key(override: str) -> str:
    return override.partition("=")[0].strip()


def _require_once(what: str, words: Iterable[str]) -> None:
    """Refuse what would be computed twice, or given and then overridden."""
    seen = set()
    for word in words:
        bare = word.replace('"', "")
        if bare in seen:
            raise InputError(f"{what}: {word} is given twice")
        seen.add(bare)


def _check(task: Task) -> None:
    for text in (task.case, *task.overrides):
        require_printable(text)
    load_case(task.case, task.overrides)
    require_file(Path(task.case))  # the job reads it, not this process


def require_printable(text: str) -> None:
    """Refuse line breaks and the like, which have no place in a script."""
    if not text.isprintable():
        raise InputError(f"found {text!r}: line breaks and other signs that cannot be seen have no place there")
