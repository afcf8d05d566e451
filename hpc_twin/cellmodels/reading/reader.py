"""From a model file or library name to Equations. The text is a stranger's: it is parsed, nothing of it is executed."""

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import myokit

from hpc_twin.cellmodels.equations import Equations
from hpc_twin.cellmodels.reading.convert import Converter, Unsupported
from hpc_twin.cellmodels.registry import FOLDER, INITIAL_STATES, LIBRARY, Entry
from hpc_twin.parallel import InputError, nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST_FILE = 10_000_000  # bytes; the largest published cell models have 0.2 MB


def read(
    name_or_path: str | Path, parameters: Mapping[str, float | str] | None = None, varying: Sequence[str] = ()
) -> Equations:
    """Equations of a library model or of a Myokit ``.mmt`` file.

    ``parameters`` replaces constants by qualified name: a number in the model's own unit, or a factor as ``"0.5x"``;
    the constants named in ``varying`` stay variables of the expressions.
    The membrane potential is the variable with the label ``membrane_potential``; a variable with the label
    ``stimulus_current`` is replaced by what adds exactly ``stimulus`` mV/ms to dV/dt, so that its sign, unit and the
    ions that it carries are the model's. Raises InputError.
    """
    entry, path = _locate(name_or_path)
    try:
        model = _parse(path)
        changed = {**entry.parameters, **_values(model, parameters or {}, path)}
        _values(model, dict.fromkeys(varying, 0.0), path)  # they exist
        return Converter(model, str(name_or_path), changed, _initial_states(str(name_or_path)), varying).equations()
    except Unsupported as error:
        raise InputError(f"{path}: {error}") from None
    except (myokit.MyokitError, ArithmeticError, ValueError) as error:
        raise InputError(f"{path}: {error}") from None
    except RecursionError:
        raise InputError(f"{path}: an expression is nested too deeply to be read") from None


def _locate(name_or_path: str | Path) -> tuple[Entry, Path]:
    text = str(name_or_path)
    if text in LIBRARY:
        return LIBRARY[text], FOLDER / LIBRARY[text].file
    path = Path(text)
    if path.suffix == ".mmt":
        return Entry(path.name), path
    known = ", ".join(LIBRARY)
    raise InputError(
        f"unknown cell model '{text}'{nearest(text, LIBRARY)} (known: {known}, or the path of an .mmt file)"
    )


def _initial_states(name: str) -> dict[str, float]:
    """Those of a variant of the library."""
    with open(INITIAL_STATES, "rb") as file:
        return tomllib.load(file).get(name, {})


def _parse(path: Path) -> myokit.Model:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(f"{path}: larger than {LARGEST_FILE} bytes, this is no cell model")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read the cell model ({getattr(error, 'strerror', None) or error})") from None
    try:
        model = myokit.parse(text)[0]
        if model is None:
            raise InputError(f"{path}: holds no [[model]] section")
        model.validate()
    except myokit.ParseError as error:
        raise InputError(f"{path}, line {error.line}: {error.desc or error.name}") from None
    except (myokit.MyokitError, ArithmeticError, ValueError) as error:
        raise InputError(f"{path}: {error}") from None
    _check_doors(model, path)
    return model


def _check_doors(model: myokit.Model, path: Path) -> None:
    """V must be a state in mV and time in ms, where the file gives units."""
    v = model.label("membrane_potential")
    if v is None or not v.is_state():
        found = "no variable" if v is None else f"{v.qname()}, which is no state,"
        raise InputError(
            f"{path}: {found} has the label membrane_potential: write 'label membrane_potential' behind dot(V)"
        )
    for what, variable, unit in zip(("V", "time"), (v, model.time()), ("mV", "ms"), strict=True):
        if variable is not None and variable.unit() not in (None, myokit.parse_unit(unit)):
            raise InputError(f"{path}: {what} ({variable.qname()}) is in {variable.unit()}, it must be in [{unit}]")


def _values(model: myokit.Model, parameters: Mapping[str, float | str], path: Path) -> dict[str, float]:
    constants = {v.qname(): v for v in model.variables(const=True, deep=True)}
    values = {}
    for key, given in parameters.items():
        if key not in constants:
            listed = ", ".join(constants)
            raise InputError(f"{path}: no parameter '{key}'{nearest(key, constants)} (known: {listed})")
        values[key] = _value(key, given, constants[key])
    return values


def _value(key: str, given: float | str, constant: myokit.Variable) -> float:
    try:
        if isinstance(given, str) and given.strip().endswith("x"):
            value = float(given.strip()[:-1]) * constant.eval()
        else:
            value = float(given)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"parameter {key}: found {given!r}, give a finite number in {constant.unit()} or a factor as '0.5x'"
        )
    return value
